"""The fields of one object as a text names them: checked and saved as the mapping table is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations import pairing, staging
from integrations.configuration.export import COLUMNS, FIELD_PARTS, Data
from integrations.mappings import Choice, faults, words_faults
from integrations.models import Connection, FieldMapping
from integrations.sync.provider import Description
from integrations.sync.records import KINDS, Field, Type
from integrations.sync.value_map import Way


@dataclass(frozen=True)
class Found:
    """``faults``, ``warnings``: each with the field that it is about, "" for all together."""

    entries: Data
    faults: list[tuple[str, str]]
    warnings: list[tuple[str, str]]


def check(description: Description, fields: Mapping[str, Field], before: Data, entries: Data) -> Found:
    """What is wrong with ``entries``; of those that are as they were ``before``, nobody is warned again."""
    unknown = [(name, _no_field(name)) for name in entries if name not in fields]
    known = {name: entry for name, entry in entries.items() if name in fields}
    choices = [_choice(name, entry) for name, entry in known.items()]
    found = faults(choices, fields, description)
    wrong = [
        (name, "“Yes” can win only where the answer is yes or no: choose another winner.")
        for name, entry in known.items()
        if entry.get("winner") == FieldMapping.Winner.TRUE and fields[name].type != Type.BOOLEAN
    ]
    with_words = [choice for choice in choices if choice.value_map]
    wrong += [(choice.field, message) for choice in with_words for message in words_faults(choice.value_map)]
    wrong += [
        (choice.field, "Every value would be an error: give “values” a row.")
        for choice in choices
        if choice.unlisted == FieldMapping.Unlisted.REFUSE and not choice.value_map
    ]
    wrong += [(fault.field, fault.message) for fault in found if not fault.is_warning]
    changed = {name for name in entries if entries[name] != before.get(name)}
    warnings = [(one.field, one.message) for one in found if one.is_warning and one.field in changed | {""}]
    return Found(entries, [*unknown, *wrong], warnings)


def _no_field(name: str) -> str:
    kept = name.removeprefix("custom.")
    where = f" Describe “{kept}” under custom_fields." if kept != name else ""
    return f"There is no field “{name}” here.{where}"


def _choice(name: str, entry: Mapping[str, Any]) -> Choice:
    said = {column: entry.get(part, FIELD_PARTS[part]) for part, column in COLUMNS.items()}
    words = tuple((one["ours"], one["theirs"], str(one.get("way", Way.BOTH))) for one in entry.get("values", []))
    return Choice(name, entry["salesforce"], value_map=words, **said)


def save(connection: Connection, description: Description, entries: Data, stage_field: str) -> list[str]:
    """Save all fields of an object; ``stage_field``: what the stage is mapped to, which its statuses follow."""
    if KINDS[description.name] != "deal":
        staging.choose_field(connection, description, stage_field)
    pairing.replace_pairs(connection, description, [_choice(name, entry) for name, entry in entries.items()])
    return ["Fields are mapped. What differs on linked records stays until the mapping is applied to them."]
