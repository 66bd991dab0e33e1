"""What records look like others: told beside their names, and in their JSON."""

from collections.abc import Sequence
from typing import Any

from django.template.loader import render_to_string
from rest_framework import serializers

from common import slots
from common.api import extras
from common.duplicates import counts_of, shown_duplicates
from common.http import Request
from common.merging import merged_into
from common.models import Record
from common.records import kind_of

SHOWN = 10  # of those that were merged into a record


@slots.fill("record.badges")
def duplicate_badges(request: Request, records: Sequence[Any]) -> list[str]:
    counts = counts_of([record for record in records if isinstance(record, Record)])
    return [
        render_to_string("common/_duplicate_badge.html", {"count": counts[record.pk]}, request)
        if record.pk in counts
        else ""
        for record in records
    ]


@slots.fill("record.panels")
def duplicates_cards(request: Request, records: Sequence[Any]) -> list[str]:
    return [_duplicates_card(request, record) if isinstance(record, Record) else "" for record in records]


def _duplicates_card(request: Request, record: Record) -> str:
    """Nothing for a record that looks like no other and that none was merged into."""
    found, merged = shown_duplicates(record), list(merged_into(record)[:SHOWN])
    if not found and not merged:
        return ""
    context = {"record": record, "kind": kind_of(record), "duplicates": found, "merged": merged}
    return render_to_string("common/_duplicates.html", context, request)


@extras.fill("potential_duplicates", serializers.IntegerField)
def potential_duplicates(records: Sequence[Record]) -> list[int]:
    counts = counts_of(records)
    return [counts.get(record.pk, 0) for record in records]
