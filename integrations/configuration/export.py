"""What is set, as plain data without ids of the database: names, API names and e-mail addresses."""

from collections.abc import Iterable, Mapping
from typing import Any

from common.models import CustomField, RecordKind, Workspace
from integrations import staging
from integrations.models import (
    ActivitySettings,
    Connection,
    DeletionSettings,
    ExclusionRule,
    FieldMapping,
    ObjectSettings,
    PullCondition,
)
from integrations.models.activities import CONDITIONS, SWITCHES, TITLES
from integrations.people import QUEUE
from integrations.sync.records import KINDS, RECORD_TYPES, Field, Type
from integrations.sync.value_map import Way
from users.models import User

VERSION = 1
# How the text calls each kind of record, in its order, and the objects that it is there.
PLACES: dict[str, str] = {RecordKind.CONTACT: "contacts", RecordKind.ACCOUNT: "accounts", RecordKind.DEAL: "deals"}
REMOTE: dict[str, list[str]] = {kind: [name for name in KINDS if KINDS[name] == kind] for kind in PLACES}
_PUSH = ("push_new", "push_by_stage", "push_stages")
_BOTH_WAYS = ("source_field", "source_value", "external_id_field", "winner", "several_matches", "duplicate_rule")
SETTINGS: dict[str, tuple[str, ...]] = {
    RecordKind.CONTACT: (
        "is_visible",
        "match_accounts",
        "enrich_existing",
        "pull_every",
        *_PUSH,
        "create_as",
        "without_account",
        "company_placeholder",
        "push_unverified_emails",
        *_BOTH_WAYS,
    ),
    RecordKind.ACCOUNT: ("is_visible", "enrich_existing", "pull_every", *_PUSH, "push_automatic_owner", *_BOTH_WAYS),
    RecordKind.DEAL: ("sync", "is_visible", "pull_every", *_PUSH, *_BOTH_WAYS),
}
DELETIONS = ("sync_deletes", "sync_merges", "most", "most_percent")
ACTIVITIES = (*SWITCHES, "pull_every", *TITLES)
# What a line of the mapping says beside the fields themselves, and what it is at first.
COLUMNS = {"direction": "direction", "winner": "winner", "directory": "enrichment", "other_values": "unlisted"}
LINE = ("remote_object", "field", "remote_field", "value_map", *COLUMNS.values())
FIELD_PARTS = {part: str(getattr(FieldMapping(), column)) for part, column in COLUMNS.items()}
Data = dict[str, Any]


def present(connection: Connection) -> Data:
    """All that is set now; a fixed number of queries for each kind of record."""
    data: Data = {
        "version": VERSION,
        "team": {
            "pulled_seen_by": str(Workspace.load().pulled_seen_by),
            "api_ceiling_percent": connection.api_ceiling_percent,
        },
    }
    if custom := _custom_fields():
        data["custom_fields"] = custom
    known = _Known.load(connection)
    for kind, place in PLACES.items():
        if part := _of_kind(connection, kind, known):
            data[place] = part
    return data | {"activities": _activities(connection), "people": _people(connection)}


def stage_names(kind: str) -> dict[int, str]:
    """Names of stages by their ids, in their order; those of deals with their pipeline where there are several."""
    rows: Any = RECORD_TYPES[kind].stage_model._default_manager.all()
    if kind == RecordKind.DEAL:
        rows = rows.select_related("pipeline")
    return {stage.pk: getattr(stage, "name_in_choices", stage.name) for stage in rows}


def _custom_fields() -> Data:
    found: dict[str, Data] = {}
    rows = CustomField.objects.order_by("record_kind", "position", "pk")
    for kind, key, label, type_, decimals, choices in rows.values_list(
        "record_kind", "key", "label", "type", "decimals", "choices"
    ):
        said: Data = {"label": label, "type": type_}
        if type_ == CustomField.Type.NUMBER:
            said["decimals"] = decimals
        if type_ in (CustomField.Type.PICKLIST, CustomField.Type.MULTI_PICKLIST):
            said["choices"] = list(choices)
        found.setdefault(kind, {})[key] = said
    return {PLACES[kind]: found[kind] for kind in PLACES if kind in found}


class _Known:
    """Everything that belongs to remote objects, by object."""

    def __init__(self, mappings: Any, conditions: Any, deletions: Any, described: set[str]) -> None:
        self.mappings, self.conditions, self.deletions, self.described = mappings, conditions, deletions, described

    @classmethod
    def load(cls, connection: Connection) -> "_Known":
        return cls(
            _grouped(connection.field_mappings.order_by("field").values_list(*LINE, named=True)),
            _grouped(connection.pull_conditions.order_by("pk")),
            {row.remote_object: row for row in connection.deletion_settings.all()},
            set(connection.descriptions.values_list("remote_object", flat=True)),
        )

    def has(self, name: str) -> bool:
        return name in self.described or name in self.mappings


def _grouped(rows: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.remote_object, []).append(row)
    return found


def _of_kind(connection: Connection, kind: str, known: _Known) -> Data:
    row = connection.object_settings.filter(record_kind=kind).first()
    if row is None:
        return {}
    fields, stages = RECORD_TYPES[kind].fields, stage_names(kind)
    data: Data = {"settings": _settings(row, stages)}
    if kind == RecordKind.ACCOUNT:
        rule = staging.rule_for(connection)
        events = {event: stages.get(getattr(rule, f"{event}_id")) for event in staging.EVENTS}
        data["stage_follows_opportunities"] = {"is_on": rule.is_on, **events}
    for name in REMOTE[kind]:
        if known.has(name):
            data[name] = _object(connection, name, fields, stages, known)
    return data


def _settings(row: ObjectSettings, stages: Mapping[int, str]) -> Data:
    data: Data = {name: getattr(row, name) for name in SETTINGS[row.record_kind]}
    chosen = set(row.push_stages)
    names = [name for pk, name in stages.items() if pk in chosen]
    data["push_stages"] = [*([None] if None in chosen else []), *names]
    return {name: str(value) if isinstance(value, str) else value for name, value in data.items()}


def _object(
    connection: Connection, name: str, fields: Mapping[str, Field], stages: Mapping[int, str], known: _Known
) -> Data:
    mappings = {row.field: row for row in known.mappings.get(name, [])}
    # In the order of the mapping table; what is mapped and is no field any more comes last.
    ordered = [field for field in fields if field in mappings] + [field for field in mappings if field not in fields]
    data: Data = {"fields": {field: _mapped(mappings[field]) for field in ordered}}
    if KINDS[name] != RecordKind.DEAL:
        pairs = staging.paired(connection, name)
        data["statuses"] = {stage: pairs[pk] for pk, stage in stages.items() if pk in pairs}
    rows: list[PullCondition] = known.conditions.get(name, [])
    data["conditions"] = [_condition(row, fields, stages) for row in rows]
    deletions = known.deletions.get(name) or DeletionSettings(connection=connection, remote_object=name)
    return data | {"deletions": {column: getattr(deletions, column) for column in DELETIONS}}


def _mapped(row: Any) -> Data:
    """One line of the mapping; what is as at first goes without saying."""
    data: Data = {"salesforce": row.remote_field}
    said = {part: str(getattr(row, column)) for part, column in COLUMNS.items()}
    data |= {part: value for part, value in said.items() if value != FIELD_PARTS[part]}
    if row.value_map:
        data["values"] = [_value(one) for one in row.value_map]
    return data


def _value(row: Mapping[str, str]) -> Data:
    way = row.get("way", Way.BOTH)
    return {"ours": row["ours"], "theirs": row["theirs"]} | ({"way": str(way)} if way != Way.BOTH else {})


def _condition(row: PullCondition, fields: Mapping[str, Field], stages: Mapping[int, str]) -> Data:
    """Owners and stages are kept by their ids: they are told by address and name."""
    field = fields.get(row.field)
    names: Mapping[Any, str] = {}
    if field and field.type == Type.STAGE:
        names = {str(pk): name for pk, name in stages.items()}
    elif field and field.type == Type.OWNER:
        ids = [value for value in row.values if value.isdecimal()]
        names = {str(user.pk): user.email for user in User.objects.filter(pk__in=ids)}
    data: Data = {"field": row.field, "operator": str(row.operator)}
    return data | ({"values": [names.get(value, value) for value in row.values]} if row.values else {})


def _activities(connection: Connection) -> Data:
    row = ActivitySettings.of(connection)
    return {
        "settings": {name: getattr(row, name) for name in ACTIVITIES},
        "exclusion_rules": {rule.name: exclusion(rule) for rule in connection.exclusion_rules.order_by("name")},
    }


def exclusion(rule: ExclusionRule) -> Data:
    """What a rule says; what it says nothing of goes without saying."""
    return {name: list(said) for name in CONDITIONS if (said := getattr(rule, name))} | {"join": str(rule.join)}


def _people(connection: Connection) -> Data:
    """Pairs that a person set; the others follow from addresses."""
    rows = connection.user_mappings.exclude(QUEUE).select_related("user")
    names = remote_names(rows.values_list("remote_id", "email"))
    by_hand = [row for row in rows if row.is_by_hand]
    return dict(sorted((names[row.remote_id], row.user.email if row.user else None) for row in by_hand))


def remote_names(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What to call Salesforce users by their ids: the address, or the id where several have the same or none."""
    rows = list(rows)
    counts: dict[str, int] = {}
    for _, email in rows:
        counts[email.lower()] = counts.get(email.lower(), 0) + 1
    return {pk: email if email and counts[email.lower()] == 1 else pk for pk, email in rows}
