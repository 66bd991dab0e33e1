"""Which fields of Salesforce one of ours may be mapped to, as a search finds them: pure functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from integrations.mappings import Choice
from integrations.models.mapping import FieldMapping
from integrations.salesforce.defaults import fits
from integrations.suggesting import suggestions
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import Field

SHOWN = 30  # at a time
MISFITS = 3  # that are named


@dataclass(frozen=True)
class Option:
    """``taken_by``: the field of ours that is mapped to it. ``reason``: why it is suggested."""

    remote: RemoteField
    is_chosen: bool = False
    taken_by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Offer:
    """``more``: how many others there are. ``misfits``: found, but of a type that ours can't be kept in."""

    options: list[Option] = field(default_factory=list)
    more: int = 0
    misfits: list[RemoteField] = field(default_factory=list)
    gone: str = ""


def offered(
    description: Description,
    fields: Mapping[str, Field],
    local: Field,
    present: Mapping[str, FieldMapping],
    choice: Choice,
    text: str,
) -> Offer:
    """What is chosen comes first, then what is suggested, what is free, and what another field of ours has."""
    remotes = description.fields
    taken = {row.remote_field: row.field for row in present.values() if row.field != local.name}
    others = {row.field: row.remote_field for row in present.values() if row.field != local.name}
    suggested = suggestions({local.name: local}, description, others).get(local.name)
    words = text.casefold().split()
    found = [one for one in remotes.values() if _is_meant(one, words)]
    fitting = [one for one in found if fits(local, one)]
    chosen = remotes.get(choice.remote_field)
    if chosen and chosen not in fitting:
        fitting.append(chosen)

    def rank(one: RemoteField) -> tuple[bool, bool, bool, str]:
        is_suggested = bool(suggested and suggested.remote.name == one.name)
        return one.name != choice.remote_field, not is_suggested, one.name in taken, one.label.casefold()

    options = [
        Option(
            one,
            is_chosen=one.name == choice.remote_field,
            taken_by=_label(fields, taken.get(one.name, "")),
            reason=suggested.reason if suggested and suggested.remote.name == one.name else "",
        )
        for one in sorted(fitting, key=rank)
    ]
    misfits = [one for one in found if not fits(local, one)][:MISFITS] if words and not options[bool(chosen) :] else []
    gone = choice.remote_field if choice.remote_field and chosen is None else ""
    return Offer(options[:SHOWN], max(len(options) - SHOWN, 0), misfits, gone)


def _is_meant(remote: RemoteField, words: Iterable[str]) -> bool:
    text = f"{remote.label} {remote.name}".casefold()
    return all(word in text for word in words)


def _label(fields: Mapping[str, Field], name: str) -> str:
    return fields[name].label if name in fields else name
