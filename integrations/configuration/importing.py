"""A text of settings taken over: what it would change and what is wrong with it, then all of it or nothing."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import pghistory
from django.db import transaction

from integrations.configuration import checking
from integrations.configuration.comparing import Section, compared, overlaid
from integrations.configuration.export import Data, present
from integrations.configuration.schema import check
from integrations.configuration.text import Document, Path, Unreadable, read
from integrations.configuration.tidying import tidied
from integrations.models import Connection


@dataclass(frozen=True)
class Fault:
    """``place``: the names that lead there, as the text has them. ``line`` 0: nowhere in it."""

    message: str
    place: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"Line {self.line}, " if self.line else ""
        return f"{where}{self.place}: {self.message}" if self.place else f"{where}{self.message}"


@dataclass(frozen=True)
class Plan:
    """What taking over ``text`` would change. With ``faults`` it can't be; ``warnings`` keep from nothing.

    ``seen`` stands for the settings that it was compared with.
    """

    text: str
    seen: str = ""
    sections: list[Section] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(len(section.differences) for section in self.sections)


class NotTaken(Exception):
    """Nothing was changed, because of what ``plan`` says now."""

    def __init__(self, plan: Plan, reason: str) -> None:
        super().__init__(reason)
        self.plan = plan


class _Undone(Exception):
    """Ends a transaction in which something was only tried."""


def plan(connection: Connection, text: str) -> Plan:
    """Compare a text with what is set, and check it. Nothing is changed."""
    found: list[Plan] = []
    try:
        with transaction.atomic():
            found.append(_prepared(connection, text)[0])
            raise _Undone  # fields and stages that the text brings were made, so that the rest can name them
    except _Undone:
        return found[0]


@transaction.atomic
def carry_out(connection: Connection, text: str, seen: str = "") -> list[str]:
    """Take a text over, all of it; answers in words what that did. Raises NotTaken.

    ``seen``: the settings that the admin was shown; where they differ by now, nothing is taken over.
    """
    connection = Connection.objects.select_for_update().get(pk=connection.pk)  # two admins come one after the other
    with pghistory.context(action="Import"), transaction.atomic():
        planned, wanted, steps = _prepared(connection, text)
        if planned.faults:
            raise NotTaken(planned, "Nothing was changed: the text has faults.")
        if seen and seen != planned.seen:
            raise NotTaken(
                planned, "Nothing was changed: the settings are not those any more that this was compared with."
            )
        said = [line for step in steps for line in step()]
        left = compared(present(Connection.objects.get(pk=connection.pk)), wanted)
        if left:
            names = ", ".join(section.title for section in left)
            raise NotTaken(planned, f"Nothing was changed: this could not be set as the text says: {names}.")
    return list(dict.fromkeys(said))


def _prepared(connection: Connection, text: str) -> tuple[Plan, Data, list[Callable[[], list[str]]]]:
    now = present(connection)
    seen = sha256(json.dumps(now).encode()).hexdigest()
    try:
        document = read(text)
    except Unreadable as reason:
        return Plan(text, seen, faults=[Fault(str(reason))]), now, []
    if not isinstance(document.data, Mapping):
        return Plan(text, seen, faults=[Fault("The text is empty, or no list of settings.")]), now, []
    given, wrong = check(document.data, now)
    if wrong:
        return Plan(text, seen, faults=_placed(document, wrong)), now, []
    wanted = tidied(connection, now, overlaid(now, given), given)
    checked = checking.check(connection, now, wanted, given)
    planned = Plan(
        text, seen, compared(now, wanted), _placed(document, checked.faults), _placed(document, checked.warnings)
    )
    return planned, wanted, checked.steps


def _placed(document: Document, found: list[tuple[Path, str]]) -> list[Fault]:
    faults = [Fault(message, " › ".join(map(str, path)), document.line_of(path)) for path, message in found]
    return sorted(faults, key=lambda fault: fault.line)
