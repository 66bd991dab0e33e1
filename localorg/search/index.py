"""The full-text index of each object: made when it is first searched, then kept up with every write.

Writing only notes which rows changed; the next search reads those. So whoever never searches pays next to nothing, and
whoever does finds what was written before.
"""

import sqlite3
from collections.abc import Iterable, Iterator

from localorg.schema import Field, SObject

NAMES = {"FirstName", "LastName"}  # besides what an object is named by
UNSEARCHED = {"picklist", "multipicklist", "combobox"}
OPTIONS = "tokenize = 'unicode61 remove_diacritics 2'"


def table(sobject: SObject) -> str:
    return f'"_search_{sobject.name}"'


def vocabulary(sobject: SObject) -> str:
    """The words of an index, one a row."""
    return f'"_words_{sobject.name}"'


def searchable(sobjects: Iterable[SObject]) -> list[SObject]:
    return [sobject for sobject in sobjects if sobject.can("search") and _searched(sobject)]


def columns(sobject: SObject, groups: tuple[str, ...]) -> list[str]:
    """The fields of these groups, as far as whoever sees this object may read them."""
    return [field.name for field in sobject.fields.values() if group_of(field) in groups]


def bring_up_to_date(db: sqlite3.Connection, sobject: SObject) -> None:
    """``sobject`` with all its fields, not as some user sees it. Within a transaction that may write."""
    expressions = _expressions(sobject)
    known = db.execute("SELECT expressions FROM _indexed WHERE object = ?", (sobject.name,)).fetchone()
    if known != (expressions,):
        _make(db, sobject, expressions)
        return
    changed = "SELECT n FROM _unindexed WHERE object = ?"
    if db.execute(f"{changed} LIMIT 1", (sobject.name,)).fetchone() is None:
        return
    db.execute(f"DELETE FROM {table(sobject)} WHERE rowid IN ({changed})", (sobject.name,))
    db.execute(f"{_copy(sobject, expressions)} WHERE _n IN ({changed})", (sobject.name,))
    db.execute("DELETE FROM _unindexed WHERE object = ?", (sobject.name,))


def _make(db: sqlite3.Connection, sobject: SObject, expressions: str) -> None:
    db.execute(f"DROP TABLE IF EXISTS {vocabulary(sobject)}")
    db.execute(f"DROP TABLE IF EXISTS {table(sobject)}")
    db.execute(f"CREATE VIRTUAL TABLE {table(sobject)} USING fts5({_names(sobject)}, {OPTIONS})")
    db.execute(f"CREATE VIRTUAL TABLE {vocabulary(sobject)} USING fts5vocab({table(sobject)}, 'row')")
    db.execute(_copy(sobject, expressions))
    for statement in _triggers(sobject):
        db.execute(statement)
    db.execute("DELETE FROM _unindexed WHERE object = ?", (sobject.name,))
    db.execute("INSERT OR REPLACE INTO _indexed VALUES (?, ?)", (sobject.name, expressions))


def _copy(sobject: SObject, expressions: str) -> str:
    return f'INSERT INTO {table(sobject)} (rowid, {_names(sobject)}) SELECT _n, {expressions} FROM "{sobject.name}"'


def _triggers(sobject: SObject) -> Iterator[str]:
    for event, row in (("INSERT", "new"), ("DELETE", "old"), (f"UPDATE OF {_names(sobject)}", "new")):
        name = f'"_search_{sobject.name}_{event[:6]}"'
        yield f"DROP TRIGGER IF EXISTS {name}"
        note = f"INSERT OR IGNORE INTO _unindexed VALUES ('{sobject.name}', {row}._n)"
        yield f'CREATE TRIGGER {name} AFTER {event} ON "{sobject.name}" BEGIN {note}; END'


def _searched(sobject: SObject) -> list[Field]:
    return [field for field in sobject.fields.values() if group_of(field)]


def _names(sobject: SObject) -> str:
    return ", ".join(f'"{field.name}"' for field in _searched(sobject))


def _expressions(sobject: SObject) -> str:
    return ", ".join(map(_expression, _searched(sobject)))


def _expression(field: Field) -> str:
    column = f'"{field.name}"'
    # numbers are found however they are set apart: +49 (30) 123 by 4930123
    return f"{column} || ' ' || digits({column})" if group_of(field) == "phone" else column


def group_of(field: Field) -> str | None:
    """The field group of SOSL that a field belongs to; None: it is not searched."""
    if not field.is_text or not field.stored or field.type in UNSEARCHED:
        return None
    if field.name_field or field.name in NAMES:
        return "name"
    return field.type if field.type in ("email", "phone") else "other"
