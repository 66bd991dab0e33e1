"""Tables that people open in a spreadsheet: CSV, sent row by row, in which no cell is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

from common import audit

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
BOM = "\ufeff"  # without it spreadsheets read UTF-8 as something else


class _Echo:
    """What csv writes to; it gives the line back."""

    def write(self, line: str) -> str:
        return line


def sheet(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A file to download, however many rows there are: they are drawn while it is sent. The audit log tells of it."""
    audit.record(audit.Kind.EXPORT, f"{name}.csv")
    response = StreamingHttpResponse(_lines(head, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BOM + str(writer.writerow(head))
    for row in rows:
        yield str(writer.writerow([cell(value) for value in row]))


def head(names: Sequence[str]) -> str:
    """How a file begins that is written piece by piece."""
    return BOM + lines([names])


def lines(rows: Iterable[Sequence[Any]]) -> str:
    """A piece of a file."""
    text = io.StringIO()
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: Any) -> str:
    """What a spreadsheet would compute is marked as text, with the apostrophe that it does not show."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
