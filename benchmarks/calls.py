"""What keeping in step costs in API calls, as the org counts them."""

import time
from collections.abc import Callable, Iterator

from benchmarks import workspace
from benchmarks.tables import LABEL
from benchmarks.world import World
from integrations import tasks
from integrations.models import Cursor

CHANGED = 10_000
A_QUARTER = 15 * 60  # seconds: longer than a pull looks back


def run(world: World) -> Iterator[str]:
    workspace.pull_once()
    rows = list(workspace.linked().values_list("pk", "crm_id")[:CHANGED])
    objects = Cursor.objects.count()
    yield f"\n{'API calls':<{LABEL}}{'records':>9}{'calls':>10}{'a share':>10}"

    world.advance(A_QUARTER)
    world.change([crm_id for _, crm_id in rows], "Changed there")
    calls = _counted(world, _cycle)
    yield _line("changed there, pulled", len(rows), calls, 2_000, "each 2,000 (aim: 1)")

    world.advance(A_QUARTER)
    _cycle()  # what changed a quarter of an hour ago is looked at once more
    calls = _counted(world, _cycle)
    yield _line(f"a cycle of {objects} objects, nothing changed", 0, calls, 0, "(aim: 1 for five objects)")

    workspace.edit([pk for pk, _ in rows], "Changed here")
    calls = _counted(world, workspace.push)
    yield _line("changed here, pushed", len(rows), calls, 1_000, "each 1,000 (aim: 6, the read before included)")

    workspace.log_emails([pk for pk, _ in rows])
    began = time.perf_counter()
    calls = _counted(world, workspace.push)
    seconds = time.perf_counter() - began
    yield _line("e-mails logged", len(rows), calls, 10_000, f"each 10,000 (aim: 60); {seconds:.0f} s, one worker")


def _line(label: str, records: int, calls: int, share: int, note: str) -> str:
    each = f"{calls * share / records:.2f}" if records else ""
    return f"{label:<{LABEL}}{records:>9,}{calls:>10,}{each:>10}  {note}"


def _cycle() -> None:
    """A pull of all objects, as it comes by the clock."""
    while any(run.state == run.State.RUNNING for run in tasks.pull_due(is_forced=True)):
        pass


def _counted(world: World, work: Callable[[], object]) -> int:
    world.org.forget_calls()
    work()
    return sum(world.org.calls().values())
