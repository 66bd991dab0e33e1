"""Changes of settings in words, for people: who, when, and from what to what. Secrets are in no event."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pghistory.models import Context

from integrations.models import Credential, StageMapping
from integrations.settings_events import Change, Row, Tracked, changes
from integrations.sync.records import KINDS, RECORD_TYPES
from users.models import User

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


@dataclass(frozen=True)
class Difference:
    name: str
    before: str
    after: str


@dataclass
class Part:
    """``count``: of all its differences, of which perhaps only the first ones are told."""

    title: str
    differences: list[Difference] = field(default_factory=list)
    count: int = 0


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
        return sum(part.count for part in self.parts)


Events = Mapping[Tracked, Mapping[tuple[datetime, Any], list[Row]]]


class Teller:
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

    def moments(self, chosen: Iterable[tuple[datetime, Any]], most: int) -> list[Moment]:
        found = []
        for key in chosen:
            groups = {one: of_model[key] for one, of_model in self.events.items() if key in of_model}
            parts: dict[str, Part] = {}
            for one, rows in groups.items():
                for change in changes(one, rows):
                    title = _title(one, change.row)
                    part = parts.setdefault(title, Part(title))
                    part.count += 1
                    if part.count <= most:
                        part.differences.append(self._difference(change))
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

    def _difference(self, change: Change) -> Difference:
        name, column = self._name(change.of, change.row), change.column
        if column is None:
            told = self._summary(change.of, change.row)
            return Difference(name, told if change.before else NOTHING, told if change.after else NOTHING)
        label = " · ".join(filter(None, (name, _label(column))))
        return Difference(label, self._text(column, change.before), self._text(column, change.after))

    def _name(self, one: Tracked, row: Row) -> str:
        """Which of the rows of a part it is."""
        match one.model.__name__:
            case "FieldMapping" | "PullCondition":
                return self.fields[KINDS[row.remote_object]].get(row.field, row.field)
            case "CustomField":
                return str(row.label)
            case "StageMapping":
                return self._stage(row, row.stage_id)
            case "ExclusionRule":
                return str(row.name)
            case "Credential":
                return f"{row.name or row.username or row.remote_user_id}"
            case "UserMapping":
                return str(row.name or row.remote_id)
        return ""

    def _summary(self, one: Tracked, row: Row) -> str:
        match one.model.__name__:
            case "Credential":
                return "connected" if not row.broken_reason else row.broken_reason
            case "UserMapping":
                return self._text(one.model._meta.get_field("user"), row)
            case "PullCondition":
                operator = self._text(one.model._meta.get_field("operator"), row)
                return " ".join([operator, " or ".join(row.values)]).strip()
        told = [(column, self._text(column, row)) for column in one.told if not _is_at_first(column, row)]
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
