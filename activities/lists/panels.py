"""The card that lists add to a record's page."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.template.loader import render_to_string

from activities.models import RecordList
from common import slots
from common.http import Request
from common.models import Record
from common.records import kind_of

OFFERED = 100  # names; others can be typed


@slots.fill("record.related")
def list_cards(request: Request, records: Sequence[Model]) -> list[str]:
    return [render_to_string("lists/_card.html", list_context(request, record), request) for record in records]


def list_context(request: Request, record: Model) -> dict[str, Any]:
    assert isinstance(record, Record)
    kind = kind_of(record)
    lists = RecordList.objects.visible_to(request.user).of_kind(kind).order_by("sort_name")
    own = list(lists.holding(record))
    offered = lists.exclude(pk__in=[one.pk for one in own]).values_list("name", flat=True)[:OFFERED]
    return {"record": record, "record_kind": kind, "lists": own, "offered": offered}
