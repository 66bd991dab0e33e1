"""Fragments that need to know no app."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from common import timeline
from common.http import Request
from common.models import Record
from common.records import record_model
from common.visibility import seen_of

OPTIONS = 8


@dataclass(frozen=True)
class Unseen:
    """A record that is chosen already and that the user does not see: it can be kept, and is not named."""

    pk: str

    def __str__(self) -> str:
        return "As it is"


def model_or_404(kind: str) -> type[Record]:
    try:
        return record_model(kind)
    except ValueError as error:
        raise Http404(f"There are no records of the kind “{kind}”.") from error


def record_or_404(request: Request, kind: str, pk: int) -> Record:
    """A record that the user may see."""
    return get_object_or_404(seen_of(model_or_404(kind), request.user), pk=pk)


@login_required
def record_timeline(request: Request, kind: str, pk: int) -> HttpResponse:
    """Entries from ``?from=`` on, or the newest."""
    record = record_or_404(request, kind, pk)
    entries, place = timeline.entries(record, timeline.Place.read(request.GET.get("from", "")))
    template = "common/_entries.html" if request.GET.get("from") else "common/_timeline.html"
    return render(request, template, {"record": record, "kind": kind, "entries": entries, "place": place})


@login_required
def record_options(request: Request, kind: str) -> HttpResponse:
    """What a record picker called ``?name=`` offers for ``?q=``, keeping what is chosen in it."""
    records = seen_of(model_or_404(kind), request.user)
    name = request.GET.get("name", "")
    value = request.GET.get(name, "")
    chosen = (records.filter(pk=value).first() or Unseen(value)) if value.isdecimal() else None
    found = records.listed().matching(request.GET.get("q", "")).order_by("sort_name")
    context = {"name": name, "chosen": chosen, "records": found.exclude(pk=chosen and chosen.pk)[:OPTIONS]}
    return render(request, "common/_options.html", context)
