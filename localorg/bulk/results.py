"""Results of queries on disk: the lines, and where each ends, so that a page is found at once, wherever it is."""

from array import array
from collections.abc import Generator, Sequence
from itertools import accumulate
from pathlib import Path
from types import TracebackType

from localorg.api.call import Content

CSV = "text/csv"
PIECE = 256 * 1024  # bytes read and sent at a time
END = 8  # bytes of one entry of the index


class Writer:
    """Takes lines; what was in the folder before is replaced."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.count = 0
        self.size = 0
        self._lines = (folder / "lines").open("wb")
        self._ends = (folder / "ends").open("wb")

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
    return content(header, folder / "lines", _end(folder, first), _end(folder, first + found)), found


def content(header: str, path: Path, start: int = 0, end: int | None = None) -> Content:
    """A header and bytes of a file, which need not be there."""
    size = path.stat().st_size if path.exists() else 0
    end = size if end is None else end
    head = header.encode()
    return Content(CSV, _chained(head, path, start, end), len(head) + end - start)


def count(folder: Path) -> int:
    return (folder / "ends").stat().st_size // END


def pieces(path: Path, start: int, end: int) -> Generator[bytes, None, None]:
    """The bytes of a file from ``start`` to ``end``."""
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece


def _chained(head: bytes, path: Path, start: int, end: int) -> Generator[bytes, None, None]:
    yield head
    if end > start:
        yield from pieces(path, start, end)


def _end(folder: Path, number: int) -> int:
    """Where the lines before this number end."""
    if number == 0:
        return 0
    with (folder / "ends").open("rb") as file:
        file.seek((number - 1) * END)
        found = array("Q", file.read(END))
    return found[0]
