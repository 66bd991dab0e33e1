"""What is refused, grouped by cause; and whether anything was mended since, so that a retry has a chance."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.db.models.fields.json import KT

from integrations.explanations import Explanation, explain
from integrations.models import Connection, ErrorEntry, ErrorEntryQuerySet
from integrations.progress import LABELS
from integrations.sync.records import KINDS, SYNCED

SHOWN = 30  # causes in the list; the filters reach the others


@dataclass(frozen=True)
class Cause:
    """Entries of one code, object and field.

    ``by``: who refused them; "" where some were held back and some refused. ``unchanged``: how many of them were not
    changed since the last attempt.
    """

    code: str
    remote_object: str
    field: str
    label: str
    by: str
    count: int
    unchanged: int

    @property
    def explanation(self) -> Explanation:
        return explain(self.code)

    @property
    def title(self) -> str:
        return self.explanation.title or self.code

    @property
    def object_label(self) -> str:
        return LABELS.get(self.remote_object, self.remote_object)

    @property
    def kind(self) -> str:
        """Of the records, as far as it has a page of settings."""
        return KINDS.get(self.remote_object, "")

    @property
    def is_hopeless(self) -> bool:
        return self.unchanged == self.count

    @property
    def query(self) -> str:
        return urlencode({"object": self.remote_object, "code": self.code, "field": self.field})


def causes(connection: Connection, entries: ErrorEntryQuerySet) -> list[Cause]:
    """The causes of these entries, those that meet the most records first."""
    grouped = (
        entries.annotate(on_field=KT("fields__0"))
        .order_by()
        .values("code", "remote_object", "on_field")
        .annotate(
            count=Count("pk"),
            unchanged=Count("pk", filter=~changed(connection)),
            label=Max(KT("details__label")),
            first_by=Min("by"),
            last_by=Max("by"),
        )
        .order_by("-count", "code", "remote_object")
    )
    return [
        Cause(
            row["code"],
            row["remote_object"],
            row["on_field"] or "",
            row["label"] or row["on_field"] or "",
            row["first_by"] if row["first_by"] == row["last_by"] else "",
            row["count"],
            row["unchanged"],
        )
        for row in grouped[:SHOWN]
    ]


def is_anything_changed(entry: ErrorEntry) -> bool:
    """Whether a retry of this entry has a chance that the last attempt had not."""
    return ErrorEntry.objects.filter(changed(entry.connection), pk=entry.pk).exists()


def changed(connection: Connection) -> Q:
    """Entries whose record, mapping, settings or description changed since the last attempt.

    A record of theirs that could not be stored may have been changed there.
    """
    found = Q(operation=ErrorEntry.PULL)
    for remote_object, moment in _moments(connection).items():
        found |= Q(remote_object=remote_object, last_at__lt=moment)
    mapped: dict[str, list[str]] = {}
    for remote_object, name in connection.field_mappings.values_list("remote_object", "remote_field"):
        mapped.setdefault(remote_object, []).append(name)
    for remote_object, names in mapped.items():  # what was mapped then, and is no more
        found |= Q(remote_object=remote_object, details__has_key="local_field") & ~Q(fields__0__in=names)
    for kind, type_ in SYNCED.items():
        edited = type_.model._default_manager.filter(pk=OuterRef("record_id"), updated_at__gt=OuterRef("last_at"))
        found |= Q(record_kind=kind) & Q(Exists(edited))
    return found


def _moments(connection: Connection) -> dict[str, datetime]:
    """When the mapping, the settings or the description of each object changed last."""
    moments: dict[str, datetime] = {}
    for remote_object, moment in _changes(connection):
        moments[remote_object] = max(moment, moments.get(remote_object, moment))
    return moments


def _changes(connection: Connection) -> Iterator[tuple[str, datetime]]:
    rows = connection.field_mappings.order_by().values_list("remote_object")
    yield from rows.annotate(Max("updated_at"))
    yield from connection.descriptions.values_list("remote_object", "fetched_at")
    settings = dict(connection.object_settings.values_list("record_kind", "updated_at"))
    yield from ((name, settings[kind]) for name, kind in KINDS.items() if kind in settings)
