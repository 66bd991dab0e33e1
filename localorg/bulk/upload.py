"""The rows that a client uploaded: a CSV file read from any row on, a line at a time."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from localorg.bulk.columns import ENDINGS, SEPARATORS
from localorg.bulk.jobs import Job
from localorg.bulk.results import pieces
from localorg.errors import Refused, refuse

INPUT_ERROR = "ClientInputError"

Row = list[str]


class Upload:
    """``position``: the byte after the row that was read last, so that reading can go on from there."""

    def __init__(self, path: Path, job: Job) -> None:
        self.size = path.stat().st_size
        self._file = path.open("rb")
        self._delimiter = SEPARATORS[job.delimiter]
        self.position = 0
        self.header = next(self.rows(), [])
        self.start = self.position

    def close(self) -> None:
        self._file.close()

    def rows(self, position: int = 0) -> Iterator[Row]:
        """Rows from a byte on; blank lines are none. Raises Refused for what is no CSV."""
        self.position = position
        try:
            yield from filter(None, csv.reader(self._lines(), delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            raise refuse(INPUT_ERROR, f"Failed to parse CSV: {error}") from None

    def _lines(self) -> Iterator[str]:
        self._file.seek(self.position)
        for line in self._file:
            self.position += len(line)
            yield line.decode()


def check(path: Path, job: Job) -> None:
    """Refuse a file as a whole, before any of it is carried out: line endings and encoding."""
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
    if pairs != (lines if ENDINGS[job.line_ending] == "\r\n" else 0):
        raise _wrong_ending(job)


def _wrong_ending(job: Job) -> Refused:
    message = f"LineEnding is invalid on user data. Current LineEnding setting is {job.line_ending}"
    return refuse(INPUT_ERROR, message)
