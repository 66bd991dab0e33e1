"""Reading records by id with chosen fields; the queries behind rows and collections."""

from collections.abc import Sequence
from typing import Any

from localorg.api.call import Call, Reply
from localorg.errors import not_found, refuse
from localorg.schema import SObject
from localorg.soql import run
from localorg.soql.compile import Compiled, compile_query
from localorg.soql.tree import Column, Compare, Literal, Path, Query

Record = dict[str, Any]


def one(call: Call, sobject: SObject, record_id: str, fields: list[str] | None) -> Record | None:
    return many(call, sobject, [record_id], fields)[0]


def many(
    call: Call, sobject: SObject, record_ids: Sequence[str | None], fields: list[str] | None
) -> list[Record | None]:
    """Live records in the order asked for, None where there is none."""
    query = _by_id(call, sobject, fields)
    wanted = [record_id for record_id in record_ids if record_id]
    marks = ", ".join("?" * len(wanted))
    rows = call.db.execute(query.rows_sql(f'{query.base}."Id" IN ({marks})'), [*query.params, *wanted]).fetchall()
    built = run.records(call.db, query, rows, call.rows_url)
    by_id = {row[1]: record for row, record in zip(rows, built, strict=True)}
    return [by_id.get(record_id or "") for record_id in record_ids]


def related(call: Call, sobject: SObject, record_id: str, name: str, fields: list[str] | None) -> Reply:
    """What a friendly URL means: a parent record or a list of children."""
    if one(call, sobject, record_id, ["Id"]) is None:
        raise not_found()
    row = call.work.fetch(sobject, record_id) or {}
    reference = sobject.by_relationship.get(name.lower())
    if reference is not None:
        return _parent(call, row[reference.name], fields)
    for child in sobject.children:
        if child.relationship and child.relationship.lower() == name.lower():
            return Reply(body=_children(call, call.schema[child.sobject], child.field.name, record_id, fields))
    raise not_found()


def _parent(call: Call, parent_id: str | None, fields: list[str] | None) -> Reply:
    target = call.schema.of_id(parent_id) if parent_id else None
    found = one(call, target, str(parent_id), fields) if target else None
    if found is None:
        raise not_found(f"The requested resource does not exist: {parent_id}")
    return Reply(body=found)


def _children(call: Call, sobject: SObject, column: str, parent_id: str, fields: list[str] | None) -> Record:
    query = _by_id(call, sobject, fields, Compare(Path((column,), 0), "=", Literal("string", f"'{parent_id}'", 0)))
    rows = run.first_rows(call.db, query, 2000)[:2000]
    found = run.records(call.db, query, rows, call.rows_url)
    return {"totalSize": len(found), "done": True, "records": found}


def _by_id(call: Call, sobject: SObject, fields: list[str] | None, where: Compare | None = None) -> Compiled:
    names = list(sobject.fields) if fields is None else _known(sobject, fields)
    columns = tuple(Column(Path((name,), 0), None) for name in names)
    return compile_query(call.schema, Query(columns, sobject.name, 0, where=where), "", deleted=False)


def _known(sobject: SObject, fields: list[str]) -> list[str]:
    found = []
    for name in fields:
        field = sobject.find(name)
        if field is None:
            raise refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        found.append(field.name)
    return list(dict.fromkeys(found))
