"""Fragments that need to know no app."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from common import timeline
from common.models import Record
from common.records import record_model

OPTIONS = 8


def model_or_404(kind: str) -> type[Record]:
    try:
        return record_model(kind)
    except ValueError as error:
        raise Http404(f"There are no records of the kind “{kind}”.") from error


@login_required
def record_timeline(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Entries from ``?from=`` on, or the newest."""
    record = get_object_or_404(model_or_404(kind), pk=pk)
    entries, place = timeline.entries(record, timeline.Place.read(request.GET.get("from", "")))
    template = "common/_entries.html" if request.GET.get("from") else "common/_timeline.html"
    return render(request, template, {"record": record, "kind": kind, "entries": entries, "place": place})


@login_required
def record_options(request: HttpRequest, kind: str) -> HttpResponse:
    """What a record picker called ``?name=`` offers for ``?q=``, keeping what is chosen in it."""
    records = model_or_404(kind).objects.visible()  # type: ignore[attr-defined]
    name = request.GET.get("name", "")
    value = request.GET.get(name, "")
    chosen = records.filter(pk=value).first() if value.isdecimal() else None
    found = records.matching(request.GET.get("q", "")).order_by("sort_name")
    context = {"name": name, "chosen": chosen, "records": found.exclude(pk=chosen and chosen.pk)[:OPTIONS]}
    return render(request, "common/_options.html", context)
