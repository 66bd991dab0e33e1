"""Results of queries on disk: the lines, and where each ends, so that a page is found at once, wherever it is."""

from array import array
from collections.abc import Generator, Sequence
from itertools import accumulate
from pathlib import Path
from types import TracebackType

from localorg.api.call import Content

CSV = "text/csv"
LINES, ENDS = "lines", "ends"  # files
PIECE = 256 * 1024  # bytes read and sent at a time
END = 8  # bytes of one entry of the index


class Writer:
    """Takes lines; what was in the folder before is replaced."""

    def __init__(self, folder: Path) -> None:
        self.count = 0
        self.size = 0
        self._lines = (folder / LINES).open("wb")
        self._ends = (folder / ENDS).open("wb")

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._ends.close()

    def write(self, lines: Sequence[bytes]) -> None:
        ends = array("Q", accumulate(map(len, lines), initial=self.size))[1:]
        self._lines.write(b"".join(lines))
        ends.tofile(self._ends)
        self.count += len(lines)
        self.size = ends[-1]


def page(folder: Path, header: str, first: int, most: int) -> tuple[Content, int]:
    """Up to ``most`` lines from number ``first`` on, headed by the header; and how many there are."""
    found = max(0, min(most, count(folder) - first))
    return content(header, folder / LINES, _end(folder, first), _end(folder, first + found)), found


def content(head: str, path: Path, start: int = 0, end: int | None = None, tail: str = "", kind: str = CSV) -> Content:
    """Bytes of a file, which need not be there, between a head and a tail."""
    size = path.stat().st_size if path.exists() else 0
    end = size if end is None else end
    pieces = _between(head.encode(), path, start, end, tail.encode())
    return Content(kind, pieces, len(head.encode()) + end - start + len(tail.encode()))


def count(folder: Path) -> int:
    return (folder / ENDS).stat().st_size // END


def pieces(path: Path, start: int, end: int) -> Generator[bytes, None, None]:
    """The bytes of a file from ``start`` to ``end``."""
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


def _between(head: bytes, path: Path, start: int, end: int, tail: bytes) -> Generator[bytes, None, None]:
    yield head
    if end > start:
        yield from pieces(path, start, end)
    yield tail


def _end(folder: Path, number: int) -> int:
    """Where the lines before this number end."""
    if number == 0:
        return 0
    with (folder / ENDS).open("rb") as file:
        file.seek((number - 1) * END)
        found = array("Q", file.read(END))
    return found[0]
