"""Carrying an import out: one piece of rows after another, each in the transaction that moves the job's bookmark."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from common import jobs, sheets
from common.bulk import create_rows, write_rows
from common.importing import files
from common.importing.files import Row
from common.importing.kinds import all_afterwards
from common.importing.planning import Fate, Planned, Planner, Settings
from common.jobs import JobRefused
from common.models import Job

if TYPE_CHECKING:
    from users.models import User

JOB = "import"
ON_RECORD = (Fate.CREATED, Fate.UPDATED, Fate.UNCHANGED, Fate.SKIPPED)


def prepare(kind: str, file: IO[bytes], name: str, *, user: "User") -> Job:
    """Keep a file until it is said what becomes of its columns. Raises files.Unreadable."""
    sheet = files.read(file)
    counted = _Counted(sheet.rows)
    params = {"kind": kind, "head": sheet.head, "encoding": sheet.encoding, "file": name[-120:]}
    pieces = files.pieces(iter(counted))
    job = jobs.prepare(JOB, user=user, title=f"Import of {params['file']}", params=params, pieces=pieces)
    if not counted.number:
        job.delete()
        raise files.Unreadable("The file has no rows below its first one.")
    job.total = counted.number
    job.save(update_fields=["total"])
    return job


class _Counted:
    def __init__(self, rows: Iterator[Row]) -> None:
        self.rows, self.number = rows, 0

    def __iter__(self) -> Iterator[Row]:
        for row in self.rows:
            self.number += 1
            yield row


def start(job: Job, settings: Settings) -> bool:
    """Begin with what was prepared; answers whether it had not begun before."""
    return jobs.begin(job.pk, params={**job.params, "settings": asdict(settings)})


def first_rows(job: Job, number: int) -> list[Row]:
    return _piece(job, 0)[:number]


@jobs.runs(JOB)
def work(job: Job) -> bool:
    number = job.position.get("piece", 0)
    planner = Planner(Settings(**job.params["settings"]), job.user)
    planned = planner.plan(_piece(job, number), locks=True)
    carry_out(planner, planned)
    _keep_rejected(job, planner, [one for one in planned if one.fate == Fate.REJECTED])
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


def _keep_rejected(job: Job, planner: Planner, rejected: Sequence[Planned]) -> None:
    if not rejected:
        return
    lines = sheets.lines([[*one.texts, one.line, one.reason] for one in rejected])
    if not job.result_name:
        job.result_name = "rejected rows.csv"
        lines = sheets.head([*planner.settings.head, "Line", "Reason"]) + lines
    jobs.keep(job, [lines.encode()])


def _piece(job: Job, number: int) -> list[Row]:
    piece = job.chunks.filter(is_result=False, number=number).first()
    if piece is None:
        raise JobRefused("The file is not kept any more: upload it again.")
    return files.rows_in(bytes(piece.data))
