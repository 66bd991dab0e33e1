"""What is wrong with a mapping, said when it is saved: pure functions over the org's description."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from integrations.models.mapping import FieldMapping
from integrations.salesforce.defaults import fits
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import Field

Direction = FieldMapping.Direction


@dataclass(frozen=True)
class Choice:
    """One row of the mapping table as somebody filled it in; an empty ``remote_field`` leaves the field unmapped."""

    field: str
    remote_field: str = ""
    direction: str = Direction.BOTH
    winner: str = FieldMapping.Winner.OBJECT


@dataclass(frozen=True)
class Fault:
    """``field``: the row it belongs to, empty for the whole table. A warning does not keep from saving."""

    field: str
    message: str
    is_warning: bool = False


def faults(choices: Iterable[Choice], fields: Mapping[str, Field], description: Description) -> list[Fault]:
    mapped = [choice for choice in choices if choice.remote_field]
    found = [fault for choice in mapped for fault in _faults_of(choice, fields[choice.field], description)]
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


def _faults_of(choice: Choice, field: Field, description: Description) -> Iterator[Fault]:
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
    yield from _too_short(choice, field, remote)


def _too_short(choice: Choice, field: Field, remote: RemoteField) -> Iterator[Fault]:
    if choice.direction != Direction.IN and 0 < remote.length < field.max_length and remote.type != "picklist":
        yield Fault(
            field.name,
            f"“{remote.label}” holds {remote.length} characters, “{field.label}” up to {field.max_length}: "
            "longer values will be refused.",
            is_warning=True,
        )


def _twice(mapped: Iterable[Choice], fields: Mapping[str, Field], description: Description) -> Iterator[Fault]:
    mapped = list(mapped)
    counts = Counter(choice.remote_field for choice in mapped)
    for choice in mapped:
        if counts[choice.remote_field] > 1:
            others = [fields[one.field].label for one in mapped if one.remote_field == choice.remote_field]
            remote = description.fields.get(choice.remote_field)
            label = remote.label if remote else choice.remote_field
            yield Fault(choice.field, f"“{label}” is chosen for {' and '.join(others)}. One field holds one value.")
