"""What pages show: lists, records with their related lists, search results, the recycle bin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localorg.dml import remove
from localorg.pages import columns, soql
from localorg.pages.columns import Column
from localorg.pages.soql import Record, containing, quoted
from localorg.pages.visit import Visit
from localorg.schema import Child, Field, SObject

PAGE = 50
MOST_RELATED, MOST_COLUMNS = 5, 4  # of a related list
MOST_FOUND = 8  # of each object, by the search over all
MOST_SUGGESTED = 10
MOST_BINNED = 200  # of each object


@dataclass(frozen=True)
class Listing:
    sobject: SObject
    columns: list[Column]
    records: list[Record]
    total: int
    number: int = 1

    @property
    def last(self) -> int:
        return max(1, -(-self.total // PAGE))


@dataclass(frozen=True)
class Related:
    """The children of a record by one lookup."""

    child: Child
    listing: Listing


@dataclass(frozen=True)
class Asked:
    """What a list is asked for. ``order``: a path, after "-" from the end; ``by``, ``of``: a lookup and its record."""

    text: str = ""
    number: int = 1
    order: str = ""
    mine: bool = False
    by: str = ""
    of: str = ""


def tiles(visit: Visit) -> list[tuple[SObject, int]]:
    """Every object with a list and the number of its records; the ones people work with come first."""
    listed = [sobject for sobject in visit.schema if columns.is_listed(sobject)]
    counted = [(sobject, soql.count(visit, sobject.name)) for sobject in listed]
    return sorted(counted, key=lambda pair: not pair[0].can("feed"))


def listing(visit: Visit, sobject: SObject, asked: Asked) -> Listing:
    shown = columns.of(visit.schema, sobject, leave_out=asked.by)
    where = _where(visit, sobject, asked)
    total = soql.count(visit, sobject.name, where)
    number = max(1, min(asked.number, -(-total // PAGE)))
    query = soql.select(_names(sobject, shown), sobject.name, where, _order(shown, asked.order))
    found = soql.records(visit, query, most=PAGE, offset=(number - 1) * PAGE)
    return Listing(sobject, shown, found, total, number)


def record(visit: Visit, sobject: SObject, record_id: str) -> Record | None:
    """All that the person may see of a record, with the names of what it points at; also from the recycle bin."""
    fields = [f for f in sobject.fields.values() if f.type not in ("base64", "complexvalue")]
    paths = (columns.name_path(visit.schema, f) for f in fields)
    names = [*(f.name for f in fields), *(path for path in paths if path)]
    query = soql.select(names, sobject.name, f"Id = '{record_id}'")
    found = soql.records(visit, query, most=1, deleted=True)
    return found[0] if found else None


def related(visit: Visit, sobject: SObject, record_id: str) -> list[Related]:
    """Related lists, those without records as well."""
    return [Related(child, _children(visit, child, record_id)) for child in sobject.children if child.relationship]


def search(visit: Visit, text: str) -> list[Listing]:
    """Records of any object that people work with; those that the text was found in."""
    found = (_found(visit, sobject, text) for sobject in visit.schema if _is_searched(sobject))
    return [listed for listed in found if listed.total]


def suggest(visit: Visit, sobject: SObject, text: str) -> list[Record]:
    """Records to choose from, while somebody types the name of one."""
    name = sobject.name_field
    if name is None:
        return []
    active = " AND IsActive = true" if sobject.name == "User" else ""
    where = f"{name.name} LIKE {containing(text)}{active}"
    return soql.records(visit, soql.select([name.name], sobject.name, where, name.name), most=MOST_SUGGESTED)


def name_of(visit: Visit, record_id: str) -> str | None:
    """None for a record that is not there, or not to be seen."""
    sobject = visit.schema.of_id(record_id)
    if sobject is None or sobject.name_field is None:
        return None
    name = sobject.name_field.name
    found = soql.records(visit, soql.select([name], sobject.name, f"Id = '{record_id}'"), most=1)
    return str(found[0][name] or record_id) if found else None


def binned(visit: Visit) -> list[Listing]:
    """What lies in the recycle bin and can be restored by itself, object by object."""
    return list(_binned(visit))


def _binned(visit: Visit) -> Iterator[Listing]:
    for sobject in visit.schema:
        if not (sobject.can("undelete") and sobject.name_field) or sobject.name in remove.STANDS_FOR:
            continue
        shown = [columns.column(visit.schema, f) for f in _named(sobject, sobject.name_field.name, "LastModifiedDate")]
        shown += [columns.column(visit.schema, f) for f in _named(sobject, "LastModifiedById")]
        query = soql.select(_names(sobject, shown), sobject.name, "IsDeleted = true", "LastModifiedDate DESC")
        found = soql.records(visit, query, most=MOST_BINNED, deleted=True)
        roots = _roots(visit, [row["Id"] for row in found])
        kept = [row for row in found if row["Id"] in roots]
        if kept:
            yield Listing(sobject, shown, kept, len(kept))


def _roots(visit: Visit, record_ids: Sequence[str]) -> set[str]:
    """Those that were deleted by themselves and not together with a parent."""
    with visit.reading() as db:
        found = db.execute("SELECT id FROM _bin WHERE id = root")
        return {record_id for (record_id,) in found} & set(record_ids)


def _named(sobject: SObject, *names: str) -> list[Field]:
    return [sobject.fields[name] for name in names if sobject.has(name)]


def _children(visit: Visit, child: Child, record_id: str) -> Listing:
    sobject = visit.schema[child.sobject]
    shown = columns.of(visit.schema, sobject, leave_out=child.field.name)[:MOST_COLUMNS]
    where = f"{child.field.name} = '{record_id}'"
    total = soql.count(visit, sobject.name, where)
    order = "SystemModstamp DESC" if sobject.has("SystemModstamp") else ""
    query = soql.select(_names(sobject, shown), sobject.name, where, order)
    found = soql.records(visit, query, most=MOST_RELATED) if total else []
    return Listing(sobject, shown, found, total)


def _is_searched(sobject: SObject) -> bool:
    return sobject.can("search") and bool(columns.searched(sobject)) and columns.is_listed(sobject)


def _found(visit: Visit, sobject: SObject, text: str) -> Listing:
    shown = columns.of(visit.schema, sobject)
    where = _containing(sobject, text)
    query = soql.select(_names(sobject, shown), sobject.name, where)
    found = soql.records(visit, query, most=MOST_FOUND)
    total = soql.count(visit, sobject.name, where) if len(found) == MOST_FOUND else len(found)
    return Listing(sobject, shown, found, total)


def _where(visit: Visit, sobject: SObject, asked: Asked) -> str:
    parts = [_containing(sobject, asked.text)] if asked.text else []
    if asked.mine and sobject.has("OwnerId"):
        parts.append(f"OwnerId = '{visit.person.id}'")
    if asked.by:
        parts.append(f"{asked.by} = {quoted(asked.of)}")
    return " AND ".join(f"({part})" for part in parts)


def _containing(sobject: SObject, text: str) -> str:
    names = columns.searched(sobject)
    return " OR ".join(f"{name} LIKE {containing(text)}" for name in names) or "Id = null"


def _order(shown: list[Column], wanted: str) -> str:
    """By the first column unless one was asked for that can be sorted by."""
    known = [column.path for column in shown if column.sortable]
    path = wanted.removeprefix("-")
    if path not in known:
        return known[0] if known else ""
    return f"{path} DESC NULLS LAST" if wanted.startswith("-") else f"{path} NULLS LAST"


def _names(sobject: SObject, shown: list[Column]) -> list[str]:
    name = [sobject.name_field.name] if sobject.name_field else []
    return [*name, *(path for column in shown for path in column.names)]
