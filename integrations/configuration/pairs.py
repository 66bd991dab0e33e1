"""What a text pairs by name: stages with statuses, people here with those there, conditions with what they ask."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations import people
from integrations.configuration.export import remote_names
from integrations.models import Connection
from integrations.sync.conditions import Unfit, condition
from integrations.sync.provider import Description
from integrations.sync.records import Field, Type
from integrations.tuning import Asked
from users.models import User


def status_faults(
    description: Description, remote_field: str, wanted: Mapping[str, str], every: Iterable[str] | None
) -> Iterator[tuple[str, str]]:
    """Faults by stage. ``every``: stages that all need a status and may share one; None: one status means one stage."""
    remote = description.fields.get(remote_field)
    if remote is None:
        return  # the mapping says so
    taken: dict[str, str] = {}
    for stage, value in wanted.items():
        if remote.values and value not in remote.values:
            yield stage, f"“{remote.label}” has no value “{value}”. It has: {', '.join(remote.values)}."
        elif every is None and value in taken:
            yield stage, f"“{value}” is given to {taken[value]} already. One status means one stage."
        taken.setdefault(value, stage)
    if missing := [stage for stage in every or () if stage not in wanted]:
        yield "", f"Every account stage needs a status. Name one for {', '.join(missing)}."


@dataclass
class Conditions:
    """``faults``: by the number of the condition."""

    asked: list[Asked] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


def conditions(entries: Sequence[Any], mapped: Mapping[str, Field], stages: Mapping[str, int]) -> Conditions:
    """Owners are told by their addresses and stages by their names; here they become ids again."""
    found = Conditions()
    emails = {value.lower() for entry in entries for value in entry.get("values", [])}
    users = {user.email.lower(): user.pk for user in User.objects.filter(email__in=emails)} if emails else {}
    for number, entry in enumerate(entries):
        asks, values = mapped.get(entry["field"]), list(entry.get("values", []))
        if asks is None:
            found.faults.append((number, f"“{entry['field']}” is not mapped to a field of this object."))
            continue
        names = stages if asks.type == Type.STAGE else users if asks.type == Type.OWNER else None
        if names is not None:
            unknown = [value for value in values if _key(value, asks) not in names]
            found.faults += [(number, f"{asks.label}: there is no “{value}” here.") for value in unknown]
            values = [str(names[_key(value, asks)]) for value in values if value not in unknown]
        try:
            condition(asks, entry["operator"], values)
        except Unfit as fault:
            found.faults.append((number, str(fault)))
        found.asked.append(Asked(entry["field"], entry["operator"], values))
    return found


def _key(value: str, asks: Field) -> str:
    return value.lower() if asks.type == Type.OWNER else value


@dataclass
class People:
    connection: Connection
    chosen: dict[int, User | None] = field(default_factory=dict)
    again: list[int] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)

    def save(self) -> None:
        for pk in self.again:
            people.match_again(self.connection, pk)
        people.pair_by_hand(self.connection, self.chosen)


def canonical(connection: Connection, wanted: Mapping[str, str | None]) -> dict[str, str | None]:
    """Users of the org as an export calls them; a text may also name them by their ids, or in capitals."""
    names = {spelling.lower(): name for _, name, *others in _named(connection) for spelling in (name, *others)}
    return {names.get(name.lower(), name): email and email.lower() for name, email in wanted.items()}


def _named(connection: Connection) -> list[tuple[int, str, str]]:
    """Rows with their names and the ids over there."""
    rows = list(connection.user_mappings.exclude(people.QUEUE).values_list("pk", "remote_id", "email"))
    names = remote_names((remote_id, email) for _, remote_id, email in rows)
    return [(pk, names[remote_id], remote_id) for pk, remote_id, _ in rows]


def check(connection: Connection, now: Mapping[str, Any], wanted: Mapping[str, Any]) -> People:
    """Who is who by hand. Pairs that the text leaves out follow addresses again."""
    found = People(connection)
    by_name = {name.lower(): pk for pk, name, _ in _named(connection)}
    emails = [email.lower() for email in wanted.values() if email]
    users = {user.email.lower(): user for user in User.objects.filter(email__in=emails, is_active=True)}
    for name, email in wanted.items():
        pk = by_name.get(name.lower())
        if pk is None:
            found.faults.append((name, "No user of the org has this address, or several have it. Give the id."))
        elif email and email.lower() not in users:
            found.faults.append(
                (name, f"No active person here has the address {email}. Invite them first, or say “null”.")
            )
        else:
            found.chosen[pk] = users[email.lower()] if email else None
    kept = set(found.chosen)
    gone = (by_name.get(name.lower()) for name in now if name not in wanted)
    found.again = [pk for pk in gone if pk and pk not in kept]
    return found
