"""Many rows into a table at once, as only the seed and the setup do."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from localorg import clock, ids
from localorg.database import Database
from localorg.schema import SObject

Row = dict[str, Any]

CHUNK = 10_000
FIRST_DAY = clock.read("2023-01-02T08:00:00.000+0000")
STAMP = clock.stored(FIRST_DAY)
FIRST_USER = ids.make("005", 1)


def fill(database: Database, sobject: SObject, rows: Iterable[Row]) -> None:
    """Store rows of equal keys, numbered from one; columns that this org does not have are left out."""
    numbered = (_complete(sobject, number, row) for number, row in enumerate(rows, 1))
    first = next(numbered, None)
    if first is None:
        return
    names = [name for name in first if name == "_n" or name in sobject.columns]
    columns = ", ".join(f'"{name}"' for name in names)
    sql = f'INSERT INTO "{sobject.name}" ({columns}) VALUES ({", ".join("?" * len(names))})'
    values = (tuple(map(row.__getitem__, names)) for row in chain([first], numbered))
    for chunk in _chunks(values):
        with database.write() as db:
            db.executemany(sql, chunk)


def _chunks(values: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := list(islice(values, CHUNK)):
        yield chunk


def _complete(sobject: SObject, number: int, row: Row) -> Row:
    """Number, id and audit fields where the row brings none of its own."""
    complete = {"_n": number, "Id": sobject.record_id(number), **row}
    if "SystemModstamp" not in row:
        stamps = {"CreatedDate": STAMP, "LastModifiedDate": STAMP, "SystemModstamp": STAMP}
        stamps |= {"CreatedById": FIRST_USER, "LastModifiedById": FIRST_USER}
        complete |= {name: value for name, value in stamps.items() if sobject.has(name)}
    return complete
