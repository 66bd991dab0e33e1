"""Reading and writing records for the pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localorg import ids
from localorg.dml import remove, write
from localorg.dml.work import Row, Work
from localorg.errors import Refused, TypeMismatch
from localorg.org import Org
from localorg.schema import Field, Schema, SObject

PAGE = 50
MOST_RELATED = 5
SHOWN = (
    "Name",
    "Subject",
    "Title",
    "Company",
    "Email",
    "Phone",
    "Status",
    "StageName",
    "Amount",
    "CloseDate",
    "ActivityDate",
)
SEARCHED = ("Name", "Email", "Company", "Subject", "Phone", "Username", "MasterLabel", "Label")
GEOGRAPHY = ("Latitude", "Longitude", "GeocodeAccuracy")  # nobody types these

Form = Mapping[str, str]


@dataclass(frozen=True)
class Listing:
    sobject: SObject
    columns: list[Field]
    rows: list[Row]
    total: int
    number: int

    @property
    def last(self) -> int:
        return max(1, -(-self.total // PAGE))


@dataclass(frozen=True)
class Related:
    """The children of a record by one lookup."""

    title: str
    sobject: SObject
    rows: list[Row]
    total: int


@dataclass
class Outcome:
    """What came of a form: an id, or what is wrong, by field name ("" for the whole record)."""

    record_id: str | None = None
    problems: dict[str, str] = field(default_factory=dict)


def tiles(org: Org) -> list[tuple[SObject, int]]:
    """Every object with the number of its live records; the ones people work with come first."""
    with org.database.read() as db:
        counted = [
            (s, db.execute(f'SELECT count(*) FROM "{s.name}" WHERE {_alive(s)}').fetchone()[0]) for s in org.schema
        ]
    return sorted(counted, key=lambda pair: not pair[0].can("layout"))


def listing(org: Org, sobject: SObject, text: str, number: int) -> Listing:
    columns = [sobject.fields[name] for name in SHOWN if sobject.has(name) and sobject.fields[name].stored]
    columns = columns or [f for f in sobject.fields.values() if f.stored and f.type != "id"][:5]
    where, params = _matching(sobject, text)
    with org.database.read() as db:
        total = db.execute(f'SELECT count(*) FROM "{sobject.name}" WHERE {where}', params).fetchone()[0]
        names = ["Id", *(column.name for column in columns)]
        shown = ", ".join(f'"{name}"' for name in names)
        sql = f'SELECT {shown} FROM "{sobject.name}" WHERE {where} ORDER BY "{names[1]}" LIMIT ? OFFSET ?'
        found = db.execute(sql, (*params, PAGE, (number - 1) * PAGE)).fetchall()
    return Listing(sobject, columns, [dict(zip(names, row, strict=True)) for row in found], total, number)


def row(org: Org, sobject: SObject, record_id: str) -> Row | None:
    with org.database.read() as db:
        return Work(db, org.schema, org.schema, "", org.next_id).fetch(sobject, record_id)


def name_of(org: Org, record_id: str | None) -> str:
    """What to call a record that something points at."""
    sobject = org.schema.of_id(record_id) if record_id else None
    if sobject is None or sobject.name_field is None:
        return record_id or ""
    with org.database.read() as db:
        sql = f'SELECT "{sobject.name_field.name}" FROM "{sobject.name}" WHERE "Id" = ?'
        found = db.execute(sql, (record_id,)).fetchone()
    return str(found[0]) if found and found[0] else str(record_id)


def related(org: Org, sobject: SObject, record_id: str) -> list[Related]:
    found = []
    for child in sobject.children:
        if child.relationship:
            child_object = org.schema[child.sobject]
            where = f'{_alive(child_object)} AND "{child.field.name}" = ?'
            found.append(_related(org, child_object, f"{child_object.plural} ({child.field.label})", where, record_id))
    return [one for one in found if one.total]


def save(org: Org, user_id: str, sobject: SObject, record_id: str | None, form: Form) -> Outcome:
    """Create or update from a form: text that is empty clears the field, a box left open is false."""
    given = {f.name: _given(f, form) for f in editable(sobject, record_id is None) if _is_asked(f, form)}
    try:
        with org.database.write() as db:
            work = org.work(db, user_id)
            if record_id is None:
                return Outcome(write.create(work, sobject, given))
            write.update(work, sobject, record_id, given)
            return Outcome(record_id)
    except TypeMismatch as mismatch:
        return Outcome(problems={mismatch.field: f"Not a valid {mismatch.kind}"})
    except Refused as refused:
        return Outcome(problems=_problems(refused))


def delete(org: Org, user_id: str, sobject: SObject, record_id: str) -> Outcome:
    try:
        with org.database.write() as db:
            remove.delete(org.work(db, user_id), sobject, record_id)
    except Refused as refused:
        return Outcome(problems=_problems(refused))
    return Outcome(record_id)


def editable(sobject: SObject, creating: bool) -> list[Field]:
    writable = (f for f in sobject.fields.values() if (f.createable if creating else f.updateable))
    return [f for f in writable if not f.name.endswith(GEOGRAPHY)]


def schema_for(org: Org, user_id: str) -> Schema:
    with org.database.read() as db:
        return org.schema_for(db, user_id) or org.schema


def parse_id(schema: Schema, text: str) -> tuple[SObject, str] | None:
    record_id = ids.parse(text)
    sobject = schema.of_id(record_id) if record_id else None
    return (sobject, record_id) if sobject and record_id else None


def _is_asked(field: Field, form: Form) -> bool:
    return field.name in form or field.type == "boolean"  # a box left open is not sent at all


def _given(field: Field, form: Form) -> Any:
    if field.type == "boolean":
        return field.name in form
    return form.get(field.name) or None


def _problems(refused: Refused) -> dict[str, str]:
    found: dict[str, str] = {}
    for problem in refused.problems:
        for name in problem.fields or ("",):
            found.setdefault(name, problem.message)
    return found


def _related(org: Org, sobject: SObject, title: str, where: str, record_id: str) -> Related:
    name = sobject.name_field.name if sobject.name_field else "Id"
    with org.database.read() as db:
        total = db.execute(f'SELECT count(*) FROM "{sobject.name}" WHERE {where}', (record_id,)).fetchone()[0]
        sql = f'SELECT "Id", "{name}" FROM "{sobject.name}" WHERE {where} ORDER BY "SystemModstamp" DESC LIMIT ?'
        found = db.execute(sql, (record_id, MOST_RELATED)).fetchall()
    return Related(title, sobject, [{"Id": row[0], "shown": row[1] or row[0]} for row in found], total)


def _matching(sobject: SObject, text: str) -> tuple[str, list[str]]:
    names = [name for name in SEARCHED if sobject.has(name) and sobject.fields[name].stored]
    if not text or not names:
        return _alive(sobject), []
    pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    either = " OR ".join(f"\"{name}\" LIKE ? ESCAPE '\\'" for name in names)
    return f"{_alive(sobject)} AND ({either})", [pattern] * len(names)


def _alive(sobject: SObject) -> str:
    return 'NOT "IsDeleted"' if sobject.has("IsDeleted") else "1"
