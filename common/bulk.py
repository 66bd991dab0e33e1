"""Writing many rows with one statement: ``save()`` is not called, its signals are not sent.

Values travel as one parameter (a COPY stream, a JSON document) however many rows there are: statements with thousands
of parameters take longer to prepare than to run.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection as database
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value
from django.db.models.base import ModelState
from django.db.models.expressions import RawSQL
from django.dispatch import Signal
from django.utils import timezone

from common.copying import array_literal, as_json, copy

CHUNK = 5_000

# Sent in the transaction of the write. sender: the model; rows: the new ones.
rows_created = Signal()
# Sent in the transaction of the write, once for each chunk. sender: the model; ids: whose rows; names: which columns.
rows_updated = Signal()

Instance = TypeVar("Instance", bound=Model)


def update_rows(queryset: QuerySet[Any], **values: Any) -> int:
    """Set ``values`` on all rows of ``queryset``; inside the caller's transaction."""
    model: type[Model] = queryset.model
    ids = list(queryset.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        model._base_manager.filter(pk__in=chunk).update(**values, updated_at=timezone.now())
        rows_updated.send(sender=model, ids=chunk, names=set(values))
    return len(ids)


def create_rows(rows: Sequence[Any]) -> None:
    """Insert new rows of one model, for others to hear of; inside the caller's transaction."""
    if rows:
        copy_in(rows)
        rows_created.send(sender=type(rows[0]), rows=rows)


def write_rows(rows: Sequence[Any], names: Iterable[str]) -> None:
    """Write the named fields of rows of one model, for others to hear of. The caller holds their locks."""
    names, now = set(names), timezone.now()
    if not rows or not names:
        return
    for row in rows:
        row.updated_at = now
    write_columns(rows, [*sorted(names), "updated_at"])
    rows_updated.send(sender=type(rows[0]), ids=[row.pk for row in rows], names=names)


def any_of(values: Iterable[Any], type_: str = "varchar") -> RawSQL:
    """For ``field__in=``: a list of any length as one parameter. ``type_`` is the column's type in PostgreSQL."""
    return RawSQL(f"SELECT unnest(%s::{type_}[])", [array_literal(values)])  # noqa: S611 - the values are a parameter


def is_any_of(column: str, values: Iterable[Any], type_: str) -> Func:
    """A condition like ``any_of`` that makes no list first: for rows that an index is walked for in their order, and
    beside an *or*, where lists would have PostgreSQL read the whole table.
    """
    return Func(
        F(column),
        Value(array_literal(values)),
        template=f"%(expressions)s::{type_}[])",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )


def array_of(values: Iterable[Any], type_: str = "varchar") -> RawSQL:
    """For ``field__overlap=``: a list of any length as one parameter."""
    return RawSQL(f"%s::{type_}[]", [array_literal(values)])  # noqa: S611 - the values are a parameter


def maker(model: type[Instance], **values: Any) -> Callable[[], Instance]:
    """Makes new rows with ``values``, many times as fast as calling the model: defaults are worked out once.

    A default that is made anew for each row (a UUID) is not; containers are shared, so they must be replaced, not
    changed.
    """
    given = vars(model(**values))

    def make() -> Instance:
        row = model.__new__(model)
        vars(row).update(given, _state=ModelState())
        return row

    return make


def copy_columns(model: type[Model], columns: Mapping[str, Sequence[Any]], **same: Any) -> list[int]:
    """Insert new rows by COPY, given as columns by attribute; returns their primary keys.

    All have ``same``, and what a new row of the model has otherwise; a default that is made anew for each row (a
    UUID) must be among the columns. Raises what COPY raises (IntegrityError, DataError): then none of the rows is
    there.
    """
    keys = next_keys(model, len(next(iter(columns.values()))))
    first, fields = model(**same), _stored(model)
    _stamp([first], fields)
    given = {model._meta.pk.attname: keys, **columns}
    copy(model, given, {field.attname: getattr(first, field.attname) for field in fields if field.attname not in given})
    return keys


def copy_in(rows: Sequence[Instance]) -> None:
    """Insert new rows of one model by COPY; their primary keys are taken from the sequence and set.

    Raises what COPY raises (IntegrityError, DataError): then none of the rows is there.
    """
    if not rows:
        return
    _stamp(rows, _stored(type(rows[0])))
    name = type(rows[0])._meta.pk.attname
    for row, key in zip(rows, next_keys(type(rows[0]), len(rows)), strict=True):
        setattr(row, name, key)
    put_back(rows)


def put_back(rows: Sequence[Instance]) -> None:
    """Insert rows of one model by COPY as they are, keys and times included. Raises what ``copy_in`` raises."""
    if not rows:
        return
    names = [field.attname for field in _stored(type(rows[0]))]
    columns = zip(*map(attrgetter(*names), rows), strict=True)
    copy(type(rows[0]), dict(zip(names, columns, strict=True)))
    for row in rows:
        row._state.adding = False


def write_columns(rows: Sequence[Instance], columns: Iterable[str]) -> None:
    """Write the named fields of rows that exist, of one model. The caller holds their locks."""
    if not rows:
        return
    key, *fields = [type(rows[0])._meta.pk, *_named(type(rows[0]), columns)]
    sets = ", ".join(f"{_quoted(field)} = given.{_quoted(field)}" for field in fields)
    same = f"present.{_quoted(key)} = given.{_quoted(key)}"
    sql = f"UPDATE {_table(type(rows[0]))} AS present SET {sets} FROM {_given([key, *fields])} WHERE {same}"  # noqa: S608
    _execute(sql, rows, [key, *fields])


def upsert(rows: Sequence[Instance], unique: Iterable[str], columns: Iterable[str]) -> None:
    """Insert rows; where one with the same ``unique`` fields is there, write ``columns`` of it instead."""
    if not rows:
        return
    model = type(rows[0])
    fields = [field for field in _stored(model) if not field.primary_key]
    _stamp(rows, fields)
    names = ", ".join(map(_quoted, fields))
    sets = ", ".join(f"{_quoted(field)} = excluded.{_quoted(field)}" for field in _named(model, columns))
    target = ", ".join(map(_quoted, _named(model, unique)))
    sql = f"""INSERT INTO {_table(model)} ({names}) SELECT {names} FROM {_given(fields)}
              ON CONFLICT ({target}) DO UPDATE SET {sets}"""  # noqa: S608 - names of ours only; the values are a parameter
    _execute(sql, rows, fields)


def _stored(model: type[Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if not field.generated]


def _stamp(rows: Sequence[Model], fields: Iterable[Any]) -> None:
    """Give new rows their times, as ``save()`` would, the same to all."""
    for field in fields:
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            now = field.pre_save(rows[0], add=True)
            for row in rows:
                setattr(row, field.attname, now)


def _named(model: type[Model], names: Iterable[str]) -> list[Any]:
    return [model._meta.get_field(name) for name in names]


def _table(model: type[Model]) -> str:
    return database.ops.quote_name(model._meta.db_table)


def _quoted(field: Any) -> str:
    return database.ops.quote_name(field.column)


def next_keys(model: type[Model], count: int) -> list[int]:
    # The sequence is looked up once, and its numbers come as one text: both take longer than to make them.
    sql = """SELECT string_agg(nextval(name)::text, ',')
             FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS name OFFSET 0) s, generate_series(1, %s)"""
    with database.cursor() as cursor:
        cursor.execute(sql, [model._meta.db_table, model._meta.pk.column, count])
        return list(map(int, cursor.fetchone()[0].split(",")))


def _given(fields: Sequence[Any]) -> str:
    """The one parameter of a statement as a table."""
    columns = ", ".join(f"{_quoted(field)} {field.db_type(database)}" for field in fields)
    return f"jsonb_to_recordset(%s::jsonb) AS given ({columns})"


def _execute(sql: str, rows: Sequence[Model], fields: Sequence[Any]) -> None:
    names = [field.column for field in fields]
    read = attrgetter(*(field.attname for field in fields))
    document = as_json([dict(zip(names, read(row), strict=True)) for row in rows])
    with database.cursor() as cursor:
        cursor.execute(sql, [document.decode()])
