"""Carrying an import out: one piece of rows after another, each in the transaction that moves the job's bookmark."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from common import jobs
from common.bulk import create_rows, write_rows
from common.importing import keeping
from common.importing.kinds import all_afterwards
from common.importing.planning import Fate, Planned, Planner, Settings
from common.models import Job

if TYPE_CHECKING:
    from users.models import User

JOB = "import"
ON_RECORD = (Fate.CREATED, Fate.UPDATED, Fate.UNCHANGED, Fate.SKIPPED)


def prepare(kind: str, file: IO[bytes], name: str, *, user: "User") -> Job:
    """Keep a file until it is said what becomes of its columns. Raises files.Unreadable."""
    return keeping.prepare(JOB, file, name, user=user, title="Import of", params={"kind": kind})


def start(job: Job, settings: Settings) -> bool:
    """Begin with what was prepared; answers whether it had not begun before."""
    return jobs.begin(job.pk, params={**job.params, "settings": asdict(settings)})


@jobs.runs(JOB, asks="import")
def work(job: Job) -> bool:
    number = job.position.get("piece", 0)
    planner = Planner(Settings(**job.params["settings"]), job.user)
    planned = planner.plan(keeping.piece(job, number), locks=True)
    carry_out(planner, planned)
    keeping.keep_rejected(job, [one for one in planned if one.fate == Fate.REJECTED])
    counts = Counter({fate.value: job.counts.get(fate.value, 0) for fate in Fate})
    counts.update(one.fate.value for one in planned)
    job.counts = {fate.value: counts[fate.value] for fate in Fate if counts[fate.value]}
    job.position = {"piece": number + 1}
    job.done += len(planned)
    return job.done >= (job.total or 0)


def carry_out(planner: Planner, planned: Sequence[Planned]) -> None:
    created = _once(one.record for one in planned if one.fate == Fate.CREATED)
    new = {id(record) for record in created}
    updated = _once(one.record for one in planned if one.fate == Fate.UPDATED and id(one.record) not in new)
    _make_missing(planner, [*created, *updated])
    create_rows(created)
    changed = set().union(*(one.changed for one in planned if one.fate == Fate.UPDATED and id(one.record) not in new))
    write_rows(updated, changed)
    ids = list(dict.fromkeys(one.record.pk for one in planned if one.fate in ON_RECORD))
    for name, answer in planner.settings.afterwards.items():
        if answer and ids and (what := all_afterwards().get(name)):
            what.do(planner.settings.kind, ids, answer, planner.user)


def _make_missing(planner: Planner, records: Sequence[Any]) -> None:
    """Store the accounts that the records name and that are not there; those of rejected rows are not made."""
    made = {id(one): one for one in planner.references.made.values()}
    for name in {target.name for _, target in planner.columns if target.field and not target.key}:
        column: Any = planner.model._meta.get_field(name)
        if not column.is_relation:
            continue
        named = [(record, getattr(record, name)) for record in records if name in record._state.fields_cache]
        missing = [(record, other) for record, other in named if id(other) in made]
        create_rows(_once(other for _, other in missing if other.pk is None))
        for record, other in missing:
            setattr(record, column.attname, other.pk)


def _once(records: Any) -> list[Any]:
    return list({id(record): record for record in records}.values())
