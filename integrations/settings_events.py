"""The events that triggers keep of every setting, and what those of one moment changed in the end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Model, QuerySet

from common.history import ADDED, REMOVED
from common.models import CustomField, Retention, Workspace
from integrations.models import (
    ActivitySettings,
    Connection,
    Credential,
    DeletionSettings,
    ExclusionRule,
    FieldMapping,
    ObjectSettings,
    PullCondition,
    StageInference,
    StageMapping,
    UserMapping,
)

SECTIONS = {
    "rules": "Pull, push and deletions",
    "mapping": "Fields",
    "stages": "Stages",
    "logins": "Connection and logins",
    "people": "People",
}
Row = Any  # an event, as a plain row: a moment may have thousands


@dataclass(frozen=True)
class Tracked:
    """How the events of a model are told. ``key``: the columns by which rows are the same thing."""

    model: type[Model]
    section: str
    key: tuple[str, ...]
    title: str

    @property
    def events(self) -> QuerySet[Any]:
        model: Any = self.model
        events: QuerySet[Any] = model.pgh_event_model._default_manager.all()
        return events

    @cached_property
    def kept(self) -> list[str]:
        """The columns that an event has."""
        return [column.attname for column in self.events.model._meta.concrete_fields]

    @cached_property
    def told(self) -> list[Any]:
        """What is told of a row beside what it is."""
        left_out = {"id", "record_kind", *self.key} | ({"name", "username"} if self.key else set())
        columns = (column for column in self.model._meta.concrete_fields if column.attname in self.kept)
        return [column for column in columns if column.name not in left_out]


@dataclass(frozen=True)
class Change:
    """``column`` None: the whole row came, or went."""

    of: Tracked
    before: Row | None
    after: Row | None
    column: Any = None

    @property
    def row(self) -> Row:
        return self.after or self.before


TRACKED = (
    Tracked(ObjectSettings, "rules", ("record_kind",), "pull and push"),
    Tracked(DeletionSettings, "rules", ("remote_object",), "deletions and merges"),
    Tracked(PullCondition, "rules", ("remote_object", "field", "operator", "values"), "pull conditions"),
    Tracked(ActivitySettings, "rules", (), "Activities"),
    Tracked(ExclusionRule, "rules", ("name",), "Exclusion rules of e-mails"),
    Tracked(Workspace, "rules", (), "Team"),
    Tracked(Retention, "rules", (), "Data retention"),
    Tracked(FieldMapping, "mapping", ("remote_object", "field"), "fields"),
    Tracked(CustomField, "mapping", ("record_kind", "key"), "custom fields"),
    Tracked(StageMapping, "stages", ("remote_object", "stage_id"), "stages"),
    Tracked(StageInference, "stages", (), "Account stages that follow opportunities"),
    Tracked(Connection, "logins", (), "Connection"),
    Tracked(Credential, "logins", ("remote_user_id",), "Logins"),
    Tracked(UserMapping, "people", ("remote_id",), "Who is who"),
)


def changes(one: Tracked, rows: Iterable[Row]) -> Iterator[Change]:
    """What the events of a moment did in the end, by the rows that are the same thing."""
    by_key: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        by_key.setdefault(tuple(str(getattr(row, name)) for name in one.key), []).append(row)
    for group in by_key.values():
        before = None if group[0].pgh_label == ADDED else group[0]
        after = None if group[-1].pgh_label == REMOVED else group[-1]
        if before and after:
            differ = (each for each in one.told if getattr(before, each.attname) != getattr(after, each.attname))
            yield from (Change(one, before, after, column) for column in differ)
        elif before or after:
            yield Change(one, before, after)
