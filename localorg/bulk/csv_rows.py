"""Rows that a client uploaded as CSV, read from any of them on, a line at a time."""

import codecs
import csv
from collections.abc import Generator, Iterator
from pathlib import Path

from localorg.bulk import jobs, mapping
from localorg.bulk.columns import ENDINGS, SEPARATORS
from localorg.bulk.jobs import Job
from localorg.bulk.mapping import Given
from localorg.bulk.results import pieces
from localorg.errors import refuse
from localorg.schema import Schema, SObject

INPUT_ERROR = "ClientInputError"
ID_ALONE = ("delete", "hardDelete")

Row = list[str]


class CsvRows:
    """``position``: the byte after the row that was read last, so that reading can go on from there."""

    def __init__(self, path: Path, job: Job) -> None:
        self.size = path.stat().st_size
        self.position = 0
        self._job = job
        self._delimiter = SEPARATORS[job.delimiter]
        _check(path, job)
        self._file = path.open("rb")
        self.header = next(self._parsed(), [])
        self._start = self.position
        self._columns: list[mapping.Column] = []

    def close(self) -> None:
        self._file.close()

    def prepare(self, schema: Schema, sobject: SObject) -> None:
        """Find out what the columns mean. Raises Refused when they do not suit the job."""
        self._columns = mapping.columns_of(schema, sobject, self.header)
        if self.header:
            mapping.check_names(self._job, {column.name for column in self._columns if not column.key})
        if self._job.operation in ID_ALONE and len(self.header) > 1:
            raise refuse("InvalidBatch", f"The '{self._job.operation}' batch must contain only ids")

    def rows(self, position: int) -> Generator[Row, None, None]:
        """Rows from a position on, 0 for all; blank lines are none. Raises Refused for what is no CSV."""
        self.position = position or self._start
        yield from self._parsed()

    def given(self, row: Row) -> Given:
        return mapping.given(self._columns, row)

    def _parsed(self) -> Iterator[Row]:
        try:
            yield from filter(None, csv.reader(self._lines(), delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            raise refuse(INPUT_ERROR, f"Failed to parse CSV: {error}") from None

    def _lines(self) -> Iterator[str]:
        self._file.seek(self.position)
        for line in self._file:
            self.position += len(line)
            yield line.decode()


def _check(path: Path, job: Job) -> None:
    """Refuse a file as a whole, before any of it is carried out: encoding, and the line endings that 2.0 asks for."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = pairs = 0
    last = b""
    try:
        for piece in pieces(path, 0, path.stat().st_size):
            decoder.decode(piece)
            lines += piece.count(b"\n")
            pairs += piece.count(b"\r\n") + (last == b"\r" and piece.startswith(b"\n"))
            last = piece[-1:]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise refuse(INPUT_ERROR, "The data is not encoded in UTF-8") from None
    if job.kind == jobs.INGEST and pairs != (lines if ENDINGS[job.line_ending] == "\r\n" else 0):
        message = f"LineEnding is invalid on user data. Current LineEnding setting is {job.line_ending}"
        raise refuse(INPUT_ERROR, message)
