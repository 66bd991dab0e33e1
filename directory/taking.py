"""Enriching records because a person asks for it: what they choose is written, whatever the rules for pulls are."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import pghistory
from django.db import transaction

from common.bulk import any_of, write_rows
from common.models import Record
from common.records import locked, record_model, save_changes
from common.visibility import seen_of
from directory.enriching import BY_HAND, Enrichable, Offer, offers, take

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def enrich_one(enrichable: Enrichable, record: Record, chosen: Mapping[str, str]) -> list[Offer]:
    """Write the chosen fields, each given with the stamp of the offer that was looked at.

    Nothing is written when one of them is not offered like that any more: those are answered. Raises DoesNotExist and
    ValidationError.
    """
    record = locked(type(record), record.pk)
    entry = enrichable.entries_of([record.pk]).get(record.pk)
    offered = {offer.name: offer for offer in offers(enrichable, record, entry)} if entry else {}
    moved = [name for name, stamp in chosen.items() if name not in offered or offered[name].stamp != stamp]
    if moved or not entry:
        return [offered.get(name) or Offer(name, getattr(record, name), None) for name in moved]
    with pghistory.context(rule=BY_HAND):
        save_changes(record, take(enrichable, record, entry, chosen))
    return []


def enrich_many(enrichable: Enrichable, ids: Collection[int], user: "User", *, replaces: bool) -> Counter[str]:
    """Fill what is empty and, if it ``replaces``, what differs; inside the caller's transaction.

    Answers what became of those that the user sees, with a fixed number of queries.
    """
    seen = seen_of(record_model(enrichable.kind), user).filter(pk__in=any_of(ids, "bigint"))
    records = list(seen.select_for_update(of=("self",)).order_by("pk"))
    entries = enrichable.entries_of([record.pk for record in records])
    counts, written = Counter[str](), []
    for record in records:
        entry = entries.get(record.pk)
        if entry is None:
            counts["not in the directory"] += 1
        elif names := [offer.name for offer in offers(enrichable, record, entry) if offer.fills or replaces]:
            take(enrichable, record, entry, names)
            written.append(record)
        else:
            counts["as they were"] += 1
    counts["enriched"] = len(written)
    with pghistory.context(rule=BY_HAND):
        write_rows(written, enrichable.columns)
    return counts
