"""One record beside its entry in the directory, field by field; what is chosen is written."""

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from common.access import refuse_readers
from common.http import Request
from common.lines import as_text
from common.models import Record
from common.pages import UNPROCESSABLE
from common.records import record_model
from common.visibility import seen_of
from common.words import listed
from directory.enriching import Enrichable, Offer, enrichable_of, offers
from directory.taking import enrich_one

STAMP = "stamp-"  # and a field's name: what whoever chose it was shown


@login_required
def enrich(request: Request, kind: str, pk: int) -> HttpResponse:
    refuse_readers(request)
    enrichable = enrichable_of(kind)
    if enrichable is None:
        raise Http404(f"The directory knows nothing of a “{kind}”.")
    record = get_object_or_404(seen_of(record_model(kind), request.user), pk=pk)
    if request.method != "POST":
        return _page(request, enrichable, record, silent=enrichable.ask(record))
    taken = set(request.POST.getlist("take")) & set(enrichable.names)
    chosen = {name: request.POST.get(f"{STAMP}{name}", "") for name in enrichable.names if name in taken}
    if not chosen:
        return _page(request, enrichable, record, refusal="Nothing is chosen: tick what the record is to take.")
    try:
        moved = enrich_one(enrichable, record, chosen)
    except ValidationError as error:
        return _page(request, enrichable, record, taken, " ".join(error.messages))
    if moved:
        return _page(request, enrichable, record, taken, _told(record, moved))
    messages.success(request, f"Taken from the directory: {listed([_label(record, name) for name in chosen])}.")
    return redirect(record)


def _page(
    request: Request,
    enrichable: Enrichable,
    record: Record,
    taken: Collection[str] | None = None,
    refusal: str = "",
    silent: Collection[str] = (),
) -> HttpResponse:
    """``taken``: the fields that are ticked; at first, those that are empty. ``silent``: who was asked in vain."""
    record.refresh_from_db()
    entry = enrichable.entries_of([record.pk]).get(record.pk)
    offered = offers(enrichable, record, entry) if entry else []
    rows = [_row(record, offer, offer.fills if taken is None else offer.name in taken) for offer in offered]
    context = {
        "record": record,
        "kind": enrichable.kind,
        "entry": entry,
        "moved": None if entry else enrichable.moved(record),
        "rows": rows,
        "refusal": refusal,
        "silent": silent,
    }
    return render(request, "directory/enrich.html", context, status=UNPROCESSABLE if refusal else 200)


def _row(record: Record, offer: Offer, is_ticked: bool) -> dict[str, Any]:
    return {
        "name": offer.name,
        "label": _label(record, offer.name),
        "ours": as_text(offer.ours),
        "theirs": as_text(offer.theirs),
        "stamp": offer.stamp,
        "is_ticked": is_ticked,
    }


def _told(record: Record, moved: Collection[Offer]) -> str:
    names = listed([_label(record, offer.name) for offer in moved])
    return f"Changed since the page was opened: {names}. Nothing was written: look at the values again."


def _label(record: Record, name: str) -> str:
    label = str(record._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return label[:1].upper() + label[1:]
