"""What is wrong with a mapping, said when it is saved: pure functions over the org's description."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from integrations.mapping_lines import MappingLine
from integrations.models.mapping import FieldMapping
from integrations.salesforce.defaults import fits
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import Field, Type
from integrations.sync.value_map import Way

Direction = FieldMapping.Direction
Unlisted = FieldMapping.Unlisted
# Types of ours, and of theirs, whose values can be called otherwise on the other side.
NAMED = {Type.TEXT, Type.LONG_TEXT, Type.PICKLIST, Type.MULTI_PICKLIST}
LISTED = {"picklist", "multipicklist", "combobox"}
# How long our texts get where their column does not say; 0: there is no limit.
LENGTHS = {Type.TEXT: 255, Type.LONG_TEXT: 0, Type.URL: 200, Type.EMAIL: 254, Type.PHONE: 40}
SHOWN = 5  # values that a message names


@dataclass(frozen=True)
class Choice:
    """How one of our fields is to be mapped; an empty ``remote_field`` leaves it unmapped."""

    field: str
    remote_field: str = ""
    direction: str = Direction.BOTH
    winner: str = FieldMapping.Winner.OBJECT
    enrichment: str = FieldMapping.Enrichment.NONE
    value_map: tuple[tuple[str, str, str], ...] = ()  # ours, theirs, and the way that it holds
    unlisted: str = Unlisted.PASS

    @classmethod
    def of(cls, row: FieldMapping | MappingLine) -> "Choice":
        words = tuple((one["ours"], one["theirs"], one["way"]) for one in row.value_map)
        return cls(row.field, row.remote_field, row.direction, row.winner, row.enrichment, words, row.unlisted)

    @property
    def columns(self) -> dict[str, object]:
        """What a row of the table keeps of it."""
        return {
            "remote_field": self.remote_field,
            "direction": self.direction,
            "winner": self.winner,
            "enrichment": self.enrichment,
            "value_map": [dict(zip(("ours", "theirs", "way"), words, strict=True)) for words in self.value_map],
            "unlisted": self.unlisted,
        }


@dataclass(frozen=True)
class Fault:
    """``field``: the row it belongs to, empty for the whole table. A warning does not keep from saving.

    ``is_minor``: of values that may never come; told to whoever chooses the field, not in the table.
    """

    field: str
    message: str
    is_warning: bool = False
    is_minor: bool = False


def faults(choices: Iterable[Choice], fields: Mapping[str, Field], description: Description) -> list[Fault]:
    """Of all mapped fields of an object, each by itself and together."""
    mapped = [choice for choice in choices if choice.remote_field]
    found = [fault for choice in mapped for fault in faults_of(choice, fields[choice.field], description)]
    found += _twice(mapped, fields, description)
    given = {choice.remote_field for choice in mapped if choice.direction != Direction.IN}
    found += [
        Fault(
            "", f"Salesforce requires “{remote.label}” of a new {description.label}, and nothing is mapped to it.", True
        )
        for remote in unmapped_required(description, given)
    ]
    return found


def unmapped_required(description: Description, given: Collection[str]) -> list[RemoteField]:
    """Fields that a new record needs and that nothing fills."""
    return [remote for remote in description.fields.values() if remote.is_required and remote.name not in given]


def faults_of(choice: Choice, field: Field, description: Description) -> Iterator[Fault]:
    """Of one mapped field by itself."""
    remote = description.fields.get(choice.remote_field)
    if not remote:
        yield Fault(field.name, f"{description.label} has no field “{choice.remote_field}” that this login may see.")
        return
    if not fits(field, remote):
        yield Fault(
            field.name, f"“{field.label}” can't be kept in “{remote.label}”: that is a field of type {remote.type}."
        )
        return
    if choice.direction != Direction.IN and not remote.is_writable:
        yield Fault(
            field.name, f"Salesforce lets this login only read “{remote.label}”. Choose the direction From Salesforce."
        )
    if choice.direction != Direction.IN:
        yield from _too_short(field, remote)
        yield from _unknown_words(choice, field, remote)


def may_have_words(field: Field, remote: RemoteField) -> bool:
    """Whether the two may call the same value otherwise."""
    return field.type in NAMED and (remote.type in LISTED or field.type in {Type.PICKLIST, Type.MULTI_PICKLIST})


def _too_short(field: Field, remote: RemoteField) -> Iterator[Fault]:
    """What of ours would not go in, or not whole."""
    if field.type == Type.NUMBER:
        places = 0 if remote.type in {"int", "long"} else remote.scale
        if field.decimals > places:
            message = f"“{remote.label}” keeps {places or 'no'} decimal places: numbers are rounded there."
            yield Fault(field.name, message, is_warning=True, is_minor=True)
    elif field.type in LENGTHS and remote.type not in LISTED and remote.length:
        most = field.max_length or LENGTHS[field.type]
        if not most or remote.length < most:
            ours = f"up to {most:,}" if most else "any number"
            message = f"“{remote.label}” holds {remote.length:,} characters, “{field.label}” {ours}: "
            yield Fault(field.name, f"{message}longer values will be refused.", is_warning=True, is_minor=True)


def _unknown_words(choice: Choice, field: Field, remote: RemoteField) -> Iterator[Fault]:
    """Words that a restricted picklist does not have."""
    if not remote.is_restricted:
        return
    words = {ours: theirs for ours, theirs, way in choice.value_map if way != Way.IN}
    if unknown := _quoted(theirs for theirs in words.values() if theirs not in remote.values):
        yield Fault(field.name, f"“{remote.label}” does not allow {unknown}: choose among its values.")
    as_they_are = (value for value in field.choices if value not in words and value not in remote.values)
    if unknown := _quoted(as_they_are):
        message = f"“{remote.label}” does not allow {unknown}: add them to the value map, or they will be refused."
        yield Fault(field.name, message, is_warning=True)


def _quoted(values: Iterable[str]) -> str:
    """The first few of them, each once."""
    found = list(dict.fromkeys(values))
    told = ", ".join(f"“{value}”" for value in found[:SHOWN])
    return told if len(found) <= SHOWN else f"{told} and {len(found) - SHOWN} more"


def words_faults(words: Iterable[tuple[str, str, str]]) -> list[str]:
    """Where a value map says two things of one value."""
    rows = list(words)
    out = Counter(ours for ours, _, way in rows if way != Way.IN)
    back = Counter(theirs for _, theirs, way in rows if way != Way.OUT)
    return [
        f"“{ours}” has {count} values in Salesforce. Leave one, and let the others hold from Salesforce only."
        for ours, count in out.items()
        if count > 1
    ] + [
        f"“{theirs}” of Salesforce has {count} values here. Leave one, and let the others hold to Salesforce only."
        for theirs, count in back.items()
        if count > 1
    ]


def _twice(mapped: Iterable[Choice], fields: Mapping[str, Field], description: Description) -> Iterator[Fault]:
    mapped = list(mapped)
    counts = Counter(choice.remote_field for choice in mapped)
    for choice in mapped:
        if counts[choice.remote_field] > 1:
            others = [fields[one.field].label for one in mapped if one.remote_field == choice.remote_field]
            remote = description.fields.get(choice.remote_field)
            label = remote.label if remote else choice.remote_field
            yield Fault(choice.field, f"“{label}” is chosen for {' and '.join(others)}. One field holds one value.")
