"""Fragments that need to know no app."""

from dataclasses import dataclass
from itertools import islice

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from common import changes, comparing, timeline
from common.bulk import any_of
from common.http import Request, number, wants_fragment
from common.models import Record
from common.paging import neighbours
from common.records import record_model
from common.search import best_found, matching
from common.tables import table_of
from common.visibility import seen_of

OPTIONS = 8
HISTORY, HISTORY_CHUNK = 50, 200


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
    """Entries from ``?from=`` on, or the newest; of one group for ``?show=``."""
    record = record_or_404(request, kind, pk)
    show = request.GET.get("show", "")
    place = timeline.Place.read(request.GET.get("from", ""))
    template = "common/_entries.html" if request.GET.get("from") else "common/_timeline.html"
    return render(request, template, {"record": record, "kind": kind} | timeline.page(record, show, place))


@login_required
def record_neighbours(request: Request, kind: str, pk: int) -> HttpResponse:
    """The records before and after one in the list that the address asks for; nothing when it is not in that list."""
    record, table = record_or_404(request, kind, pk), table_of(kind)
    before = after = None
    filters = table.asked(request.GET, request.user) if table else None
    if table and filters and filters.shown.filter(pk=pk).exists():
        order = table.orders.get(request.GET.get("sort", "")) or next(iter(table.orders.values()))
        before, after = neighbours(filters.shown, order, record, filters.count(request.user))
    return render(request, "common/_neighbours.html", {"before": before, "after": after})


@login_required
def record_history(request: Request, kind: str, pk: int) -> HttpResponse:
    """Every change of a record, or of its line ``?field=``, from the event ``?before=`` on."""
    record = record_or_404(request, kind, pk)
    lines = comparing.lines_of(record)
    line = next((one for one in lines if one.key == request.GET.get("field")), None)
    before = number(request.GET.get("before", "")) or None
    found = list(islice(changes.edits_of(record, before=before, line=line, chunk=HISTORY_CHUNK), HISTORY + 1))
    edits = found[:HISTORY]
    context = {
        "record": record,
        "kind": kind,
        "lines": lines,
        "line": line,
        "edits": edits,
        "next": edits[-1].pk if len(found) > HISTORY else None,
    }
    template = "common/_history.html" if wants_fragment(request) else "common/history.html"
    return render(request, template, context)


@login_required
def record_options(request: Request, kind: str) -> HttpResponse:
    """What a record picker called ``?name=`` offers for ``?q=``, keeping what is chosen in it."""
    records = seen_of(model_or_404(kind), request.user)
    name = request.GET.get("name", "")
    value = request.GET.get(name, "")
    chosen = (records.filter(pk=value).first() or Unseen(value)) if value.isdecimal() else None
    words = request.GET.get("q", "")
    found = records.listed()
    if matching(words):
        found = records.filter(pk__in=any_of(best_found(found, words), "bigint"))
    found = found.order_by("sort_name", "pk")
    context = {"name": name, "chosen": chosen, "records": found.exclude(pk=chosen and chosen.pk)[:OPTIONS]}
    return render(request, "common/_options.html", context)
