"""One lane's work, shared by one to four worker processes."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks import workspace
from benchmarks.push import CHANGED, DELAYS, pushed_by
from benchmarks.tables import Result, in_turns, table
from benchmarks.world import World

WORKERS = (1, 2, 3, 4)


def run(world: World) -> Iterator[str]:
    workspace.pull_once()
    rows = list(workspace.linked().values_list("pk", "crm_id")[:CHANGED])
    measures: list[Callable[[], Result]] = [partial(pushed_by, rows, number) for number in WORKERS]
    for delay in DELAYS:
        with world.delay(delay):
            results = in_turns(measures, world.rounds)
        title = f"push of {len(rows):,} changed contacts, {delay} ms a call"
        yield from table(title, results, results[:1])
