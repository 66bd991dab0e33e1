"""What became of rows, kept for whoever asks later."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from localorg.bulk.chunk import Outcome
from localorg.bulk.columns import ENDINGS, SEPARATORS
from localorg.bulk.jobs import Job
from localorg.errors import Problem

DATA, SUCCEEDED, REFUSED = "data", "succeeded", "refused"  # files of a job

Done = Sequence[tuple[Any, Outcome]]


class Split:
    """Of Bulk API 2.0: what went well and what did not, each with the row as it was uploaded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, job: Job, done: Done) -> dict[str, int]:
        """Append to the files; returns their new sizes."""
        succeeded = ([o.id, str(o.created).lower(), *row] for row, o in done if not o.problems)
        refused = ([o.id, told(o.problems), *row] for row, o in done if o.problems)
        return {
            "succeeded": write_at(self._folder / SUCCEEDED, job.succeeded, csv_lines(job, succeeded)),
            "refused": write_at(self._folder / REFUSED, job.refused, csv_lines(job, refused)),
        }


def write_at(path: Path, position: int, text: str) -> int:
    """Write from a position on, over what was written there and never committed; returns where it ends."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.seek(position)
        file.write(text.encode())
        file.truncate()
        return file.tell()


def csv_lines(job: Job, rows: Iterable[Sequence[str]]) -> str:
    """In the form of the job; every value stands in quotes."""
    text = io.StringIO(newline="")
    separator, ending = SEPARATORS[job.delimiter], ENDINGS[job.line_ending]
    csv.writer(text, delimiter=separator, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


def told(problems: Iterable[Problem]) -> str:
    """Errors as the results of bulk jobs word them: CODE:message:fields --"""
    return ";".join(
        f"{problem.code}:{problem.message}:{''.join(f'{name} ' for name in problem.fields or ())}--"
        for problem in problems
    )
