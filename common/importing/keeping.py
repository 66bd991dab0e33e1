"""A file that is being imported: kept in pieces of rows with its job, and what was rejected of it beside."""

from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from common import jobs, sheets
from common.importing import files
from common.importing.files import Row
from common.jobs import JobRefused
from common.models import Job

if TYPE_CHECKING:
    from users.models import User


def prepare(job_kind: str, file: IO[bytes], name: str, *, user: "User", title: str, params: dict[str, Any]) -> Job:
    """Keep a file until it is said what becomes of its columns. Raises files.Unreadable."""
    sheet = files.read(file)
    counted = _Counted(sheet.rows)
    params = {**params, "head": sheet.head, "encoding": sheet.encoding, "file": name[-120:]}
    pieces = files.pieces(iter(counted))
    job = jobs.prepare(job_kind, user=user, title=f"{title} {params['file']}", params=params, pieces=pieces)
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


def piece(job: Job, number: int) -> list[Row]:
    kept = job.chunks.filter(is_result=False, number=number).first()
    if kept is None:
        raise JobRefused("The file is not kept any more: upload it again.")
    return files.rows_in(bytes(kept.data))


def samples(rows: Sequence[Row], at: int, number: int = 3) -> list[str]:
    """A few different texts of a column."""
    texts = (cells[at].strip()[:40] for _, cells in rows if at < len(cells))
    return list(dict.fromkeys(filter(None, texts)))[:number]


def keep_rejected(job: Job, rejected: Sequence[Any]) -> None:
    """Rows (``texts``, ``line``, ``reason``) for whoever mends them."""
    if not rejected:
        return
    lines = sheets.lines([[*one.texts, one.line, one.reason] for one in rejected])
    if not job.result_name:
        job.result_name = "rejected rows.csv"
        lines = sheets.head([*job.params["head"], "Line", "Reason"]) + lines
    jobs.keep(job, [lines.encode()])
