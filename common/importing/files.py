"""What people upload: CSV in the encodings and with the separators that spreadsheets write."""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from itertools import islice
from typing import IO

import orjson

MOST_BYTES = 200 << 20
MOST_COLUMNS = 200
SAMPLE = 64 << 10
DELIMITERS = ",;\t|"
ROWS, BYTES = 1_000, 2 << 20  # of a piece: a worker does one at a time
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
SAVE_AS = "In your spreadsheet choose “Save as”, and there “CSV UTF-8”."

# The line on which a row ends in the file, and its cells.
Row = tuple[int, list[str]]


class Unreadable(Exception):
    """Why a file can't be read, for the person who uploaded it."""


@dataclass(frozen=True)
class Sheet:
    head: list[str]
    rows: Iterator[Row]
    encoding: str


def read(file: IO[bytes]) -> Sheet:
    """The first row names the columns; blank rows are passed over. Raises Unreadable, also while rows are drawn."""
    encoding = _encoding(file)
    file.seek(0)
    text = TextIOWrapper(file, encoding=encoding, newline="")
    delimiter = _delimiter(text.read(SAMPLE))
    text.seek(0)
    rows = _rows(text, delimiter)
    head = next(rows, (0, []))[1]
    if not head:
        raise Unreadable("The file is empty.")
    if len(head) > MOST_COLUMNS:
        raise Unreadable(f"The file has {len(head)} columns; {MOST_COLUMNS} are read at most.")
    return Sheet(_named(head), rows, encoding)


def pieces(rows: Iterator[Row]) -> Iterator[bytes]:
    """Rows as they are kept: whole rows, so many at a time that a worker holds them easily."""
    piece: list[Row] = []
    size = 0
    for row in rows:
        piece.append(row)
        size += sum(map(len, row[1]))
        if len(piece) >= ROWS or size >= BYTES:
            yield orjson.dumps(piece)
            piece, size = [], 0
    if piece:
        yield orjson.dumps(piece)


def rows_in(piece: bytes) -> list[Row]:
    return [(line, cells) for line, cells in orjson.loads(piece)]


def _encoding(file: IO[bytes]) -> str:
    """By its first bytes; else UTF-8 if all of it is, else what Windows writes in Western Europe and America."""
    file.seek(0)
    start = file.read(SAMPLE)
    if start.startswith(b"PK\x03\x04"):
        raise Unreadable(f"This is a workbook, not a CSV file. {SAVE_AS}")
    for bom, encoding in BOMS.items():
        if start.startswith(bom):
            if not _decodes(file, encoding):
                raise Unreadable(f"The file is damaged: not all of it is {encoding.upper()}. {SAVE_AS}")
            return encoding
    if b"\x00" in start:
        raise Unreadable(f"This is not a text file. {SAVE_AS}")
    found = next((encoding for encoding in ("utf-8", "cp1252") if _decodes(file, encoding)), None)
    if found is None:
        raise Unreadable(f"The letters of this file can't be read: it is neither UTF-8 nor Windows-1252. {SAVE_AS}")
    return found


def _decodes(file: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    try:
        while data := file.read(1 << 20):
            decoder.decode(data)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _delimiter(sample: str) -> str:
    """Under which the first rows are alike, and widest."""

    def likeness(delimiter: str) -> tuple[int, int]:
        rows = [row for row in islice(csv.reader(StringIO(sample), delimiter=delimiter), 20) if row]
        width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
        return (count, width) if width > 1 else (0, 0)

    try:
        return max(DELIMITERS, key=likeness)
    except csv.Error:
        return ","


def _rows(text: TextIOWrapper, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=delimiter)
    try:
        for cells in reader:
            clean = [cell.replace("\x00", "") for cell in cells]
            if any(cell.strip() for cell in clean):
                yield reader.line_num, clean
    except csv.Error as error:
        raise Unreadable(
            f"Line {reader.line_num} can't be read: {error}. Is a quotation mark left open there?"
        ) from error


def _named(head: Sequence[str]) -> list[str]:
    """Each column by a name of its own."""
    seen: Counter[str] = Counter()
    names = []
    for number, cell in enumerate(head, 1):
        name = cell.strip()[:200] or f"Column {number}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def padded(cells: list[str], width: int) -> list[str]:
    return cells[:width] + [""] * (width - len(cells))
