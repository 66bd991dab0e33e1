"""Who changed which setting, when, and from what to what: read from the events that triggers keep.

Events of one transaction by one person are one moment, which is told by what it changed in the end: a table that was
replaced row by row says only which rows differ. Secrets are in no event.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pgtrigger
from django.db.models import Model, Q, QuerySet
from pghistory.models import Context

from common.history import ADDED, REMOVED
from common.models import CustomField, Retention, Workspace
from common.retention import delete_events
from integrations.models import (
    Connection,
    Credential,
    DeletionSettings,
    FieldMapping,
    ObjectSettings,
    PullCondition,
    StageInference,
    StageMapping,
    UserMapping,
)
from integrations.sync.records import KINDS, RECORD_TYPES
from users.models import User

PAGE = 30  # moments
SECTIONS = {
    "rules": "Pull, push and deletions",
    "mapping": "Fields",
    "stages": "Stages",
    "logins": "Connection and logins",
    "people": "People",
}
NOTHING = "–"
BARE = {"remote_field", "remote_value", "type"}  # which columns go without saying in a list of them
TITLES = {"contact": "Contacts & leads", "account": "Accounts", "deal": "Deals"}
LABELS = {
    "broken_reason": "state",
    "currency": "new deals are in",
    "client_secret_set_at": "client secret, changed",
    "is_by_hand": "set by hand",
    "is_held": "held back",
    "is_on": "stages follow opportunities",
    "is_team_login_chosen": "the team's login is chosen by an admin",
    "power": "highest permission",
    "pulled_seen_by": "pulled records are seen by",
    "remote_field": "field in Salesforce",
    "remote_value": "status",
    "started_at": "syncing since",
    "team_credential": "the team's login",
    "user": "here",
    "value_map": "values",
}
Row = Any  # an event


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


@dataclass(frozen=True)
class Difference:
    name: str
    before: str
    after: str


@dataclass
class Part:
    title: str
    differences: list[Difference] = field(default_factory=list)


@dataclass
class Moment:
    """``by``: who, ``how``: by which way where it was not a page."""

    name: str
    at: datetime
    by: str
    how: str
    parts: list[Part] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(len(part.differences) for part in self.parts)


TRACKED = (
    Tracked(ObjectSettings, "rules", ("record_kind",), "pull and push"),
    Tracked(DeletionSettings, "rules", ("remote_object",), "deletions and merges"),
    Tracked(PullCondition, "rules", ("remote_object", "field", "operator", "values"), "pull conditions"),
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


@dataclass(frozen=True)
class Asked:
    """What the log is narrowed to. ``user``: a person's id, 0 for everybody."""

    section: str = ""
    user: int = 0
    since: datetime | None = None

    def tracked(self) -> list[Tracked]:
        return [one for one in TRACKED if self.section in ("", one.section)]

    def events(self, one: Tracked) -> QuerySet[Any]:
        rows = one.events
        if self.user:
            rows = rows.filter(pgh_context__metadata__user=self.user)
        return rows.filter(pgh_created_at__gte=self.since) if self.since else rows


def moments(asked: Asked, page: int = 1, size: int = PAGE) -> tuple[list[Moment], bool]:
    """The moments of a page, newest first, and whether there are more; a fixed number of queries."""
    tracked = asked.tracked()
    first, *others = [asked.events(one).values_list("pgh_created_at", "pgh_context_id") for one in tracked]
    found = first.distinct().union(*others) if others else first.distinct()
    start = (page - 1) * size
    rows = list(found.order_by("-pgh_created_at", "pgh_context_id")[start : start + size + 1])
    chosen = rows[:size]
    if not chosen:
        return [], False
    return _told(asked, chosen), len(rows) > size


def moment(name: str) -> Moment | None:
    """One moment by its name; None where there is none."""
    at, _, context = name.partition("~")
    try:
        chosen = (datetime.fromisoformat(at), UUID(context) if context else None)
    except ValueError:
        return None
    return next(iter(_told(Asked(), [chosen])), None)


def prune(earlier: datetime, most: int) -> int:
    """Forget what is older, at most so many of each kind; the events refuse to be deleted in any other way."""
    count = 0
    for one in TRACKED:
        with pgtrigger.ignore(f"{one.events.model._meta.label}:append_only"):
            count += delete_events(one.events.model, earlier, most)
    return count


def _told(asked: Asked, chosen: list[tuple[datetime, Any]]) -> list[Moment]:
    return _Teller({one: _events(asked.events(one), chosen) for one in asked.tracked()}).moments(chosen)


def people(asked: Asked | None = None) -> list[User]:
    """Who has changed settings."""
    named = [one.events.values_list("pgh_context__metadata__user") for one in TRACKED]
    ids = {pk for (pk,) in named[0].union(*named[1:]) if isinstance(pk, int)}
    return list(User.objects.filter(pk__in=ids))


def _events(rows: QuerySet[Any], chosen: Collection[tuple[datetime, Any]]) -> dict[tuple[datetime, Any], list[Row]]:
    times, contexts = {at for at, _ in chosen}, {context for _, context in chosen}
    rows = rows.filter(Q(pgh_context_id__in=contexts - {None}) | Q(pgh_context_id=None))
    found: dict[tuple[datetime, Any], list[Row]] = {}
    for row in rows.filter(pgh_created_at__in=times).order_by("pgh_id"):
        found.setdefault((row.pgh_created_at, row.pgh_context_id), []).append(row)
    return found


Events = Mapping[Tracked, Mapping[tuple[datetime, Any], list[Row]]]


class _Teller:
    """Knows the names behind ids, read once for all events."""

    def __init__(self, events: Events) -> None:
        self.events = events
        rows = [row for of_model in events.values() for group in of_model.values() for row in group]
        found = Context.objects.filter(pk__in={row.pgh_context_id for row in rows} - {None})
        self.contexts: dict[Any, Mapping[str, Any]] = dict(found.values_list("pk", "metadata"))
        contexts = self.contexts.values()
        users = {row.user_id for row in rows if getattr(row, "user_id", None)}
        users |= {one.get("user") for one in contexts if isinstance(one.get("user"), int)}
        self.users = {user.pk: str(user) for user in User.objects.filter(pk__in=users)}
        logins = {row.team_credential_id for row in rows if getattr(row, "team_credential_id", None)}
        self.logins = {one.pk: str(one) for one in Credential.objects.filter(pk__in=logins)}
        kinds = {KINDS[row.remote_object] for row in rows if hasattr(row, "field")}
        self.fields = {kind: _field_labels(kind) for kind in kinds}
        self.stages = {kind: _stage_names(kind) for kind in {_kind_of(row) for row in rows if _names_stages(row)}}

    def moments(self, chosen: Iterable[tuple[datetime, Any]]) -> list[Moment]:
        found = []
        for key in chosen:
            groups = {one: of_model[key] for one, of_model in self.events.items() if key in of_model}
            parts: dict[str, Part] = {}
            for one, rows in groups.items():
                for title, difference in self._differences(one, rows):
                    parts.setdefault(title, Part(title)).differences.append(difference)
            metadata = self.contexts.get(key[1], {})
            if parts:
                name = f"{key[0].isoformat()}~{key[1] or ''}"
                found.append(Moment(name, key[0], self._who(metadata), _how(metadata), list(parts.values())))
        return found

    def _who(self, metadata: Mapping[str, Any]) -> str:
        """A job acts for nobody: then it was Tandem by itself, following Salesforce."""
        pk = metadata.get("user")
        if pk:
            return self.users.get(pk, "Somebody who left")
        return str(metadata.get("source") or "Tandem")

    def _differences(self, one: Tracked, rows: list[Row]) -> Iterator[tuple[str, Difference]]:
        by_key: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            by_key.setdefault(tuple(str(getattr(row, name)) for name in one.key), []).append(row)
        for group in by_key.values():
            before = None if group[0].pgh_label == ADDED else group[0]
            after = None if group[-1].pgh_label == REMOVED else group[-1]
            row = after or before
            if row is not None:
                yield from ((_title(one, row), found) for found in self._of_row(one, before, after))

    def _of_row(self, one: Tracked, before: Row | None, after: Row | None) -> Iterator[Difference]:
        row = after or before
        name, columns = self._name(one, row), _columns(one, row)
        if before is None or after is None:
            told = self._summary(one, columns, row)
            yield Difference(name, NOTHING if before is None else told, NOTHING if after is None else told)
            return
        for column in columns:
            if getattr(before, column.attname) != getattr(after, column.attname):
                label = " · ".join(filter(None, (name, _label(column))))
                yield Difference(label, self._text(column, before), self._text(column, after))

    def _name(self, one: Tracked, row: Row) -> str:
        """Which of the rows of a part it is."""
        match one.model.__name__:
            case "FieldMapping" | "PullCondition":
                return self.fields[KINDS[row.remote_object]].get(row.field, row.field)
            case "CustomField":
                return str(row.label)
            case "StageMapping":
                return self._stage(row, row.stage_id)
            case "Credential":
                return f"{row.name or row.username or row.remote_user_id}"
            case "UserMapping":
                return str(row.name or row.remote_id)
        return ""

    def _summary(self, one: Tracked, columns: list[Any], row: Row) -> str:
        match one.model.__name__:
            case "Credential":
                return "connected" if not row.broken_reason else row.broken_reason
            case "UserMapping":
                return self._text(row._meta.get_field("user"), row)
            case "PullCondition":
                return " ".join([row.get_operator_display(), " or ".join(row.values)]).strip()
        told = [(column, self._text(column, row)) for column in columns if not _is_at_first(column, row)]
        said = [text if column.name in BARE else f"{_label(column)}: {text}" for column, text in told]
        return ", ".join(said) or "as usual"

    def _text(self, column: Any, row: Row) -> str:
        value = getattr(row, column.attname)
        match column.name, value:
            case "broken_reason", "":
                return "works"
            case "user", int():
                return self.users.get(value, "somebody who left")
            case "user", None:
                return "nobody"
            case "team_credential", int():
                return self.logins.get(value, "a login that is gone")
            case (("when_open" | "when_won" | "when_lost"), int()):
                return self._stage(row, value)
            case "push_stages", list():
                return ", ".join("No stage" if pk is None else self._stage(row, pk) for pk in value) or "none"
            case "value_map", list():
                return "; ".join(f"{one['ours']} = {one['theirs']}" for one in value) or "none"
            case _, bool():
                return "yes" if value else "no"
            case _, datetime():
                return f"{value:%Y-%m-%d %H:%M} UTC"
            case _, list():
                return ", ".join(map(str, value)) or "none"
        if column.choices and value != "":
            return str(dict(column.flatchoices).get(value, value))
        return "none" if value in (None, "") else str(value)

    def _stage(self, row: Row, pk: int) -> str:
        return self.stages.get(_kind_of(row), {}).get(pk, "a stage that is gone")


def _title(one: Tracked, row: Row) -> str:
    place = TITLES.get(getattr(row, "record_kind", ""), "") if one.model is not StageMapping else ""
    place = getattr(row, "remote_object", "") or place
    return f"{place}: {one.title}" if place else one.title


def _columns(one: Tracked, row: Row) -> list[Any]:
    """What is told of a row beside what it is."""
    left_out = {"id", "record_kind", *one.key} | ({"name", "username"} if one.key else set())
    model = {column.name for column in one.model._meta.fields}
    named = [column for column in row._meta.fields if not column.name.startswith("pgh_") and column.name in model]
    return [one.model._meta.get_field(column.name) for column in named if column.name not in left_out]


def _is_at_first(column: Any, row: Row) -> bool:
    return bool(getattr(row, column.attname) == column.get_default())


def _label(column: Any) -> str:
    return LABELS.get(column.name) or str(column.verbose_name)


def _names_stages(row: Row) -> bool:
    return hasattr(row, "push_stages") or hasattr(row, "stage_id") or hasattr(row, "when_open_id")


def _kind_of(row: Row) -> str:
    return str(getattr(row, "record_kind", "account"))


def _field_labels(kind: str) -> dict[str, str]:
    return {name: field.label for name, field in RECORD_TYPES[kind].fields.items()}


def _stage_names(kind: str) -> dict[int, str]:
    return dict(RECORD_TYPES[kind].stage_model._default_manager.values_list("pk", "name"))


def _how(metadata: Mapping[str, Any]) -> str:
    if action := metadata.get("action"):
        return str(action)
    return "REST" if str(metadata.get("url", "")).startswith("/api/") else ""
