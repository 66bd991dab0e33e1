"""Whom of the directory the CRM has: a column of each entry, kept by the database itself.

Contacts come by pulls, imports, forms and merges, by COPY and by ``save()``: triggers see them all, a statement at a
time. Each first locks the entries that its records may mean, in the order of their ids, and looks afterwards: what
others did to them meanwhile is then seen. Whoever loads entries looks a second time, when those are committed.

The apps above say what is theirs:

    MARK = marks.register(Mark(entry="directory.Prospect", reference="contact_id", key="email_key", …))

    class Meta:
        triggers = MARK.triggers
"""

from collections.abc import Collection
from dataclasses import dataclass
from time import monotonic, sleep

import pgtrigger
from django.apps import apps
from django.db import connection, models, transaction

from common.copying import array_literal

LONGEST_WAIT, PAUSE = 20.0, 0.05  # seconds


@dataclass(frozen=True)
class Mark:
    """Entries whose column ``key`` is an identifier of a record get its id into the column ``reference``.

    ``stated``: the column of the entries that is empty where they have no key, as the index on it says. ``records``:
    the table. ``columns`` of the records are what identifiers are made of. ``identifiers`` selects ``id`` and ``key``
    from records of ``{rows}``; ``finds`` is an expression: the id of a record that has ``{key}``, or NULL.
    """

    entry: str
    reference: str
    key: str
    stated: str
    records: str
    columns: tuple[str, ...]
    identifiers: str
    finds: str

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.entry)

    @property
    def entries(self) -> str:
        return self.entry.lower().replace(".", "_")

    @property
    def triggers(self) -> list[pgtrigger.Trigger]:
        changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in self.columns)
        return [
            pgtrigger.Trigger(
                name="mark_new",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="fresh"),
                func=f"{self._take('fresh')} RETURN NULL;",
            ),
            pgtrigger.Trigger(
                name="mark_changed",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(changed),
                func=f"{self._take('(SELECT NEW.*) AS fresh')} RETURN NULL;",
            ),
            pgtrigger.Trigger(
                name="mark_gone",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Delete,
                referencing=pgtrigger.Referencing(old="gone"),
                func=f"{self._let_go()} RETURN NULL;",
            ),
        ]

    def _take(self, rows: str) -> str:
        """What was found first stays: of several records that share an address each would do."""
        identifiers = self.identifiers.format(rows=rows)
        return f"""{self._lock(rows)}
            UPDATE {self.entries} AS entry SET {self.reference} = known.id
            FROM (SELECT key, MIN(id) AS id FROM ({identifiers}) AS one GROUP BY key) AS known
            WHERE entry.{self.key} = known.key AND entry.{self.stated} <> '' AND entry.{self.reference} IS NULL;"""  # noqa: S608

    def _let_go(self) -> str:
        return f"""{self._lock("gone")}
            UPDATE {self.entries} AS entry SET {self.reference} = {self._found}
            FROM gone WHERE entry.{self.reference} = gone.id;"""  # noqa: S608

    def _lock(self, rows: str) -> str:
        """A statement of its own: the next one sees what those did for whom it waited."""
        identifiers = self.identifiers.format(rows=rows)
        return f"""PERFORM 1 FROM {self.entries} AS entry
            WHERE entry.{self.key} IN (SELECT key FROM ({identifiers}) AS one) AND entry.{self.stated} <> ''
            ORDER BY entry.id FOR NO KEY UPDATE;"""  # noqa: S608

    @property
    def _found(self) -> str:
        return f"CASE WHEN entry.{self.stated} <> '' THEN {self.finds.format(key=f'entry.{self.key}')} END"

    @transaction.atomic
    def look_up(self, source: str, keys: Collection[str]) -> None:
        """Mark entries that nobody is known for, or somebody who is gone."""
        due = f"""({self.reference} IS NULL OR NOT EXISTS
            (SELECT 1 FROM {self.records} AS record WHERE record.id = entry.{self.reference}))"""  # noqa: S608
        wrong = f"""SELECT entry.id FROM {self.entries} AS entry WHERE source = %s AND entry.key = ANY(%s::varchar[])
            AND {due} AND {self._found} IS DISTINCT FROM {self.reference}"""  # noqa: S608
        lock = f"SELECT 1 FROM {self.entries} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608
        mend = f"UPDATE {self.entries} AS entry SET {self.reference} = {self._found} WHERE id = ANY(%s) AND {due}"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(wrong, [source, array_literal(keys)])
            if ids := [pk for (pk,) in cursor.fetchall()]:
                for statement in (lock, mend):
                    cursor.execute(statement, [ids])

    def wait_for_writers(self) -> None:
        """Until whoever writes records at this moment has ended: what comes later sees what is committed by now."""
        writers = """SELECT virtualtransaction FROM pg_locks
            WHERE relation = %s::regclass AND mode = 'RowExclusiveLock' AND granted AND pid <> pg_backend_pid()"""
        until = monotonic() + LONGEST_WAIT
        with connection.cursor() as cursor:
            cursor.execute(writers, [self.records])
            waited_for = [name for (name,) in cursor.fetchall()]
            while waited_for and monotonic() < until:
                sleep(PAUSE)
                cursor.execute(f"{writers} AND virtualtransaction = ANY(%s)", [self.records, waited_for])
                waited_for = [name for (name,) in cursor.fetchall()]


_marks: list[Mark] = []


def register(mark: Mark) -> Mark:
    _marks.append(mark)
    return mark


def look_up(model: type[models.Model], source: str, keys: Collection[str]) -> None:
    """Mark entries that were loaded; inside the caller's transaction."""
    for mark in _marks:
        if mark.model is model:
            mark.look_up(source, keys)


def look_again(model: type[models.Model], source: str, keys: Collection[str]) -> None:
    """After the commit: records that others were writing when the entries came did not see these, nor these them."""
    for mark in _marks:
        if mark.model is model:
            mark.wait_for_writers()
            mark.look_up(source, keys)
