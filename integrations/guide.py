"""The way from an empty settings page to a running sync: what is done, what lacks, and who can mend it.

Nothing but the steps that an admin let pass is stored: whoever comes back finds the way as it stands.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Count

from integrations.connecting import missing_requirements
from integrations.models import ActivitySettings, Connection, Credential, Run
from integrations.permissions import LoginRights, rights_of
from integrations.progress import LABELS, ordered

YOU, THEIR_ADMIN = "You", "An admin of Salesforce"
SHOWN = 5  # of what lacks; the rest stands on the page of the login
PASSABLE = ("rights", "mapping", "preview")

TITLES = {
    "connect": "Connect",
    "rights": "Check permissions",
    "mapping": "Look at fields and rules",
    "preview": "Preview",
    "start": "Start",
}
AHEAD = {
    "connect": "Sign in to your org with the login that the team syncs with, best that of an integration user.",
    "rights": "Which objects and fields that login may read and write, and what it lacks.",
    "mapping": "What is pulled and pushed, and which fields and stages belong together.",
    "preview": "See record by record what the first sync would do, and try ten records. Nothing is changed by it.",
    "start": "The first pull begins, and from then on both sides stay in step.",
}


@dataclass(frozen=True)
class Lack:
    what: str
    who: str


@dataclass(frozen=True)
class Step:
    """``is_passed``: an admin let it pass as it is. ``more``: how many things lack beyond those listed."""

    name: str
    title: str
    says: str
    is_done: bool = False
    is_passed: bool = False
    is_current: bool = False
    lacks: tuple[Lack, ...] = ()
    more: int = 0


def steps(connection: Connection) -> list[Step]:
    """The steps in their order, the first that is not done marked as current; a fixed number of queries."""
    found = list(_steps(connection))
    current = next((step.name for step in found if not step.is_done), "")
    return [replace(step, is_current=step.name == current) for step in found]


@transaction.atomic
def let_pass(connection: Connection, name: str) -> None:
    """An admin has looked at a step and goes on."""
    locked = Connection.objects.select_for_update().get(pk=connection.pk)
    if name in PASSABLE and name not in locked.passed_steps:
        locked.passed_steps = [*locked.passed_steps, name]
        locked.save(update_fields=["passed_steps", "updated_at"])


def _steps(connection: Connection) -> Iterator[Step]:
    login = connection.team_credential
    if not connection.is_connected or login is None:
        yield from (_step(name, says) for name, says in AHEAD.items())
        return
    yield _connecting(connection, login)
    yield _permissions(connection, login)
    yield _mapping(connection)
    yield _preview(connection)
    yield _step("start", AHEAD["start"])


def _step(name: str, says: str, **state: Any) -> Step:
    return Step(name, TITLES[name], says, **state)


def _connecting(connection: Connection, login: Credential) -> Step:
    broken = (Lack(f"The login must be connected again: {login.broken_reason}", YOU),) if login.broken_reason else ()
    says = f"{connection.org_name}, with the login of {login} ({login.get_power_display()})."
    return _step("connect", says, is_done=not broken, lacks=broken)


def _permissions(connection: Connection, login: Credential) -> Step:
    rights = rights_of(login)
    told = list(_lacking(rights))
    is_passed = "rights" in connection.passed_steps
    if not told:
        says = "The team's login may do all that the settings ask of it."
    elif is_passed:
        says = f"You go on without what the login lacks ({_counted(len(told), 'thing')})."
    else:
        says = "What the login lacks is left out of the sync, all else works."
    return _step(
        "rights",
        says,
        is_done=is_passed or not told,
        is_passed=is_passed,
        lacks=tuple(Lack(line, THEIR_ADMIN) for line in told[:SHOWN]),
        more=max(0, len(told) - SHOWN),
    )


def _lacking(rights: LoginRights) -> Iterator[str]:
    yield from rights.lacks
    for one in rights.objects:
        yield from one.lacks
        yield from (field.lacks for field in one.lacking_fields)


def _mapping(connection: Connection) -> Step:
    lacks = tuple(Lack(line, YOU) for line in missing_requirements(connection))
    counts = dict(connection.field_mappings.values_list("remote_object").annotate(Count("pk")))
    told = ", ".join(
        f"{_counted(counts[name], 'field')} of {LABELS.get(name, name).lower()}" for name in ordered(counts)
    )
    is_passed = "mapping" in connection.passed_steps
    return _step(
        "mapping",
        f"{f'Mapped are {told}.' if told else 'No field is mapped yet.'} {_activities(connection)}",
        is_done=is_passed and not lacks,
        is_passed=is_passed,
        lacks=lacks,
    )


def _activities(connection: Connection) -> str:
    return f"Activities are {'' if ActivitySettings.of(connection).pushes else 'not '}pushed."


def _preview(connection: Connection) -> Step:
    asked = connection.runs.filter(kind=Run.Kind.PREVIEW, request__what="first_sync").order_by("-pk").first()
    is_passed = "preview" in connection.passed_steps
    if asked and asked.state == Run.State.DONE:
        says = "What the first sync would do has been worked out: look at it before you start."
    elif asked and asked.state == Run.State.RUNNING:
        says = "It is being worked out."
    else:
        says = AHEAD["preview"]
    is_done = bool(asked and asked.state == Run.State.DONE)
    return _step("preview", says, is_done=is_passed or is_done, is_passed=is_passed)


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
