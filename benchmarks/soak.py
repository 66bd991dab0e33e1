"""An installation at work for a long time: fifty people browse, both sides are edited, calls fail, workers die.

At the end both sides hold the same, nothing is there twice, memory stayed flat and pages quick.
"""

import os
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import requests
from django.db import connections
from django.utils import timezone

from benchmarks import workspace
from benchmarks.soaking import Soak
from benchmarks.tables import LABEL
from benchmarks.world import World
from common.models import Workspace
from common.visibility import let_see_pulled
from contacts.models import Contact
from integrations.models import Connection, Cursor, ErrorEntry, ObjectSettings, Outbox
from tests.deploying.fleet import Member, web, worker
from tests.integrations.sync.sides import values_here, values_there
from tests.programs import free_port
from users.models import User

PEOPLE = 50
SEED = 20_261_122
WARM = 120  # seconds until it answers, at most
CALM = 600  # seconds that both sides may need to be equal
SLOWEST = 0.3  # seconds of p95
GROWN = 1.1  # times as much memory at the end as in the second quarter
DIFFERENT_SHOWN = 5


def run(world: World) -> Iterator[str]:
    workspace.pull_once()
    connection = _prepared()
    users = [
        User.objects.create_user(f"person{number}@example.com", name=f"Person {number}") for number in range(PEOPLE)
    ]
    port = free_port()
    members = _members(world, port)
    soak = Soak(world, f"http://localhost:{port}", list(workspace.linked().values_list("pk", "crm_id")), SEED)
    with _running(members, soak.url):
        with soak.going_on(users, members[:2], members[2:]):
            time.sleep(world.minutes * 60)
        began = time.monotonic()
        troubles = _until_equal(world, connection)
        calm = time.monotonic() - began
    troubles += [*soak.failures, *_twins(world, soak.made)]
    yield from _told(soak, world.minutes, calm)
    troubles += [*_slow(soak), *_grown(soak)]
    yield "\n".join(["", *troubles]) if troubles else "Both sides are equal, nothing is there twice, nothing waits."
    assert not troubles


def _prepared() -> Connection:
    """Everybody sees everything, new contacts are pushed, and pulls come every minute."""
    connection = Connection.objects.get()
    ObjectSettings.objects.update(pull_every=1)
    Cursor.objects.update(due_at=timezone.now())  # not when the longer interval would have ended
    ObjectSettings.objects.filter(record_kind="contact").update(
        push_new=True, create_as="Contact", match_accounts=False
    )
    let_see_pulled(Workspace.SeenBy.EVERYONE)
    return connection


def _members(world: World, port: int) -> list[Member]:
    """The web and one worker stay, so that their memory can be watched; the others are killed."""
    environment = {
        **os.environ,
        "SYNC_TIMEOUT": "5",
        "PUSH_WORKERS": "3",
        "LOG_LEVEL": "ERROR",
    }
    return [
        web("web", port, environment, world.folder, workers=2),
        worker("worker", environment, world.folder),
        worker("another worker", environment, world.folder),
        worker("people's worker", environment, world.folder, cluster="people"),
        worker("another people's worker", environment, world.folder, cluster="people"),
    ]


@contextmanager
def _running(members: Sequence[Member], url: str) -> Iterator[None]:
    connections.close_all()
    try:
        for member in members:
            member.start()
        deadline = time.monotonic() + WARM
        while not _is_up(url):
            assert time.monotonic() < deadline, "the web does not answer"
            time.sleep(0.2)
        yield
    finally:
        for member in members:
            member.kill()


def _is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=10).ok
    except requests.RequestException:
        return False


def _until_equal(world: World, connection: Connection) -> list[str]:
    """Nobody does anything any more but the workers, by the clock; what is not equal then."""
    deadline = time.monotonic() + CALM
    while (troubles := _unequal(world, connection)) and time.monotonic() < deadline:
        time.sleep(5)
    return troubles


def _unequal(world: World, connection: Connection) -> list[str]:
    waiting, refused = Outbox.objects.count(), ErrorEntry.objects.open().count()
    if waiting or refused:
        return [f"{waiting} changes wait, {refused} records are refused."]
    here, there = values_here(connection), values_there(connection, world.org)
    different = [key for key in here.keys() | there.keys() if here.get(key) != there.get(key)]
    return [f"{key}: {here.get(key)} here, {there.get(key)} there" for key in different[:DIFFERENT_SHOWN]]


def _twins(world: World, made: Sequence[str]) -> Iterator[str]:
    """What was made and is not there exactly once, on either side."""
    here = Counter(Contact.objects.filter(first_name="Soaked").values_list("last_name", flat=True))
    there = Counter(
        row["LastName"] for row in world.org.query("SELECT LastName FROM Contact WHERE FirstName = 'Soaked'")
    )
    for name in set(made) | set(here) | set(there):
        if (here[name], there[name]) != (1, 1):
            yield f"{name}: {here[name]} times here, {there[name]} times there"


def _slow(soak: Soak) -> Iterator[str]:
    high = _high([seconds for times in soak.times.values() for seconds in times])
    if high > SLOWEST:
        yield f"Of a hundred pages five took more than {high * 1000:.0f} ms."


def _high(times: Sequence[float]) -> float:
    """p95; of a single one, too."""
    return statistics.quantiles([*times, *times], n=20, method="inclusive")[-1]


def _grown(soak: Soak) -> Iterator[str]:
    for name, sizes in soak.memory.items():
        early, late = _quarters(sizes)
        if late > early * GROWN:
            yield f"{name} grew from {early:.0f} to {late:.0f} MiB."


def _quarters(sizes: Sequence[float]) -> tuple[float, float]:
    """The middle size of the second and of the last quarter: the first one warms up."""
    size = max(1, len(sizes) // 4)
    return statistics.median(sizes[size : 2 * size] or sizes), statistics.median(sizes[-size:])


def _told(soak: Soak, minutes: float, calm: float) -> Iterator[str]:
    did = soak.counts
    yield f"\n{minutes:g} minutes of {PEOPLE} people, {did['here']:,} edits here and {did['there']:,} there; "
    yield f"{did['faults']} faults, {did['kills']} workers killed; both sides equal {calm:.0f} s after the last edit"
    yield f"{'page':<{LABEL}}{'asked':>9}{'p50 ms':>10}{'p95 ms':>10}{'worst':>8}"
    everything = [seconds for times in soak.times.values() for seconds in times]
    for label, times in [*sorted(soak.times.items()), (f"all (aim: p95 of {SLOWEST * 1000:.0f})", everything)]:
        middle, high = statistics.median(times), _high(times)
        yield f"{label:<{LABEL}}{len(times):>9,}{middle * 1000:>10.0f}{high * 1000:>10.0f}{max(times) * 1000:>8.0f}"
    for name, sizes in soak.memory.items():
        early, late = _quarters(sizes)
        yield f"{f'memory of the {name}, MiB':<{LABEL}}{early:>19.0f}{late:>10.0f}{max(sizes):>8.0f}  (aim: flat)"
