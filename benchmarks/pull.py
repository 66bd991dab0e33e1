"""Contacts into PostgreSQL, with mapping, base and history, beside programs that only print what they read."""

from collections.abc import Iterator
from dataclasses import replace

from django.db import connections

from benchmarks import workspace
from benchmarks.peers import Peers
from benchmarks.tables import Result, in_turns, table
from benchmarks.world import FIELDS, World


def run(world: World) -> Iterator[str]:
    workspace.pull("Account")  # what contacts point at
    peers, ours = Peers(world), _Ours(world)
    measures = [peers.tap_rest, peers.tap_bulk, peers.airbyte, ours.pull, ours.pull_again]
    *theirs, first, again = in_turns(measures, world.rounds)
    again = replace(again, note=f"{again.rate / first.rate:.1f} × the first (aim: 3)")
    title = f"pull of {world.contacts:,} contacts × {len(FIELDS)} fields (aim: 3 × peer)"
    yield from table(title, [*theirs, first, again], theirs)


class _Ours:
    """Each round pulls into a database of its own, in a process of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.database_url = ""

    def pull(self) -> Result:
        connections.close_all()  # nobody may be in a database that is copied
        self.database_url = self.world.copy_database("bench")
        return self._measure("Tandem, into PostgreSQL", "pull")

    def pull_again(self) -> Result:
        return self._measure("Tandem again, nothing changed", "pull_everything")

    def _measure(self, label: str, work: str) -> Result:
        worker = workspace.Worker(work, "Contact", environment={"DATABASE_URL": self.database_url})
        return Result(label, **worker.begin()())
