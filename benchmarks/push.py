"""Changed contacts into the org, beside what scripts do."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from benchmarks import workspace
from benchmarks.peers import Peers
from benchmarks.tables import Result, in_turns, table
from benchmarks.world import World
from integrations.models import ErrorEntry, Outbox

DELAYS = (0, 100)  # milliseconds that each call takes longer
CHANGED = 10_000
SAMPLE = 500  # written one by one when that would take a quarter of an hour
TITLES = (f"Head of round {number}" for number in count(1))

Row = tuple[int, str]  # a contact's id here and there
Results = list[Result]


def run(world: World) -> Iterator[str]:
    workspace.pull_once()
    rows: list[Row] = list(workspace.linked().values_list("pk", "crm_id"))
    size = min(CHANGED, len(rows) // 2)
    for delay in DELAYS:
        with world.delay(delay):
            theirs, ours = _measure(world, rows[-size:], rows[:size], SAMPLE if delay else size)
        title = f"push of {size:,} changed contacts, {delay} ms a call (aim: 1 × peer)"
        yield from table(title, [*theirs, *ours], theirs)


def _measure(world: World, theirs: Sequence[Row], ours: Sequence[Row], sample: int) -> tuple[Results, Results]:
    peers = Peers(world)
    loop = _one_by_one(peers, theirs, sample)
    jsforce, alone, both = in_turns(
        [lambda: peers.jsforce(_changes(theirs)), lambda: pushed_by(ours, 1), lambda: pushed_by(ours, 2)], world.rounds
    )
    return [loop, jsforce], [alone, both]


def _one_by_one(peers: Peers, rows: Sequence[Row], sample: int) -> Result:
    found = peers.one_by_one(_changes(rows[:sample]))
    if sample == len(rows):
        return found
    times = len(rows) / sample
    whole = replace(found, records=len(rows), seconds=found.seconds * times, cpu=found.cpu * times)
    return replace(whole, note=f"reckoned from {sample}")


def _changes(rows: Sequence[Row]) -> list[tuple[str, str]]:
    title = next(TITLES)
    return [(crm_id, title) for _, crm_id in rows]


def pushed_by(rows: Sequence[Row], number: int) -> Result:
    """Workers of the background lane; an installation has two unless it is told otherwise."""
    workspace.edit([pk for pk, _ in rows], next(TITLES))
    workers = [workspace.Worker("push", environment={"PUSH_WORKERS": str(number)}) for _ in range(number)]
    began = time.perf_counter()
    measures = [end() for end in [worker.begin() for worker in workers]]
    seconds = time.perf_counter() - began
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.open().exists()
    cpu, peak = sum(one["cpu"] for one in measures), max(one["peak"] for one in measures)
    return Result(f"Tandem, {number} worker{'s' * (number > 1)}", len(rows), seconds, cpu, peak)
