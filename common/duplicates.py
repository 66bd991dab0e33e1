"""Records that look like one: found by indexes when they are saved or pulled, and kept until people decide.

Nothing is merged by itself. A pair that people called two is never proposed again.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db.models import Q, QuerySet
from django.db.models.signals import post_save
from django.utils import timezone

from common import timeline
from common.acting import acting_user
from common.bulk import rows_created, rows_updated
from common.copying import array_literal
from common.models import DuplicatePair, Record
from common.records import kind_of, record_model
from common.trash import records_deleted
from common.visibility import seen_of

OTHERS = 5  # so many others of one kind of likeness at most: a hundred people of one address are no hundred pairs each


@dataclass(frozen=True)
class Likeness:
    """One way in which two rows, ``a`` and ``b``, look like one.

    ``condition`` is SQL over both, which an index of ``b`` must serve; ``parameters`` go with it.
    """

    reason: str
    condition: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Recogniser:
    """``columns``: which changes of a record make it worth another look."""

    model: type[Record]
    columns: frozenset[str]
    likenesses: tuple[Likeness, ...]


_recognisers: dict[str, Recogniser] = {}


def recognise(model: type[Record], columns: Iterable[str], likenesses: Iterable[Likeness]) -> None:
    """Register how duplicates of a kind are recognised; what is saved from now on is looked at."""
    _recognisers[kind_of(model)] = Recogniser(model, frozenset(columns), tuple(likenesses))
    label = model._meta.label_lower
    post_save.connect(on_record_saved, sender=model, dispatch_uid=f"duplicates of {label}")
    rows_created.connect(on_rows_created, sender=model, dispatch_uid=f"duplicates of new {label}")
    rows_updated.connect(on_rows_updated, sender=model, dispatch_uid=f"duplicates of many {label}")
    records_deleted.connect(on_records_deleted, sender=model, dispatch_uid=f"no duplicates of {label}")


def on_record_saved(
    sender: type[Record],
    instance: Record,
    created: bool = False,
    raw: bool = False,
    update_fields: Iterable[str] | None = None,
    **kwargs: Any,
) -> None:
    kind = kind_of(sender)
    if not raw and (created or update_fields is None or is_worth_a_look(kind, update_fields)):
        find(kind, [instance.pk], is_new=created)


def on_rows_created(sender: type[Record], rows: Sequence[Record], **kwargs: Any) -> None:
    find(kind_of(sender), [row.pk for row in rows], is_new=True)


def on_rows_updated(sender: type[Record], ids: Sequence[int], names: set[str], **kwargs: Any) -> None:
    if is_worth_a_look(kind_of(sender), names):
        find(kind_of(sender), ids)


def on_records_deleted(sender: type[Record], records: Sequence[Record], **kwargs: Any) -> None:
    ids = [record.pk for record in records]
    DuplicatePair.objects.filter(_touching(kind_of(sender), ids), dismissed_at=None).delete()


def is_worth_a_look(kind: str, columns: Iterable[str]) -> bool:
    recogniser = _recognisers.get(kind)
    return bool(recogniser and recogniser.columns & set(columns))


def find(kind: str, ids: Sequence[int], *, is_new: bool = False) -> None:
    """Look for others like these records, in a few statements however many they are; forget pairs that are none now."""
    recogniser = _recognisers.get(kind)
    if recogniser is None or not ids:
        return
    table = record_model(kind)._meta.db_table
    with database.cursor() as cursor:
        if not is_new:
            _forget(cursor, recogniser, table, ids)
        # One pass over the records; each kind of likeness asks its own index.
        others = " UNION ALL ".join(
            f"(SELECT b.id, %s FROM {table} b WHERE {likeness.condition} AND b.id <> a.id LIMIT {OTHERS})"  # noqa: S608
            for likeness in recogniser.likenesses
        )
        parameters = [value for one in recogniser.likenesses for value in (one.reason, *one.parameters)]
        cursor.execute(
            f"""
            INSERT INTO {DuplicatePair._meta.db_table} (record_kind, first_id, second_id, reason)
            SELECT %s, least(a.id, other.id), greatest(a.id, other.id), other.reason
            FROM {table} a CROSS JOIN LATERAL ({others}) other (id, reason)
            WHERE a.id = ANY(%s::bigint[])
            ON CONFLICT (record_kind, first_id, second_id) DO NOTHING
            """,  # noqa: S608 - names and conditions of ours; every value is a parameter
            [kind, *parameters, array_literal(ids)],
        )


def _forget(cursor: Any, recogniser: Recogniser, table: str, ids: Sequence[int]) -> None:
    """Pairs that nobody decided on, and that do not look like one any more."""
    like = " OR ".join(f"({likeness.condition})" for likeness in recogniser.likenesses)
    parameters = [value for likeness in recogniser.likenesses for value in likeness.parameters]
    pairs = DuplicatePair._meta.db_table
    cursor.execute(
        f"""
        DELETE FROM {pairs} p USING {table} a, {table} b
        WHERE p.record_kind = %s AND (p.first_id = ANY(%s::bigint[]) OR p.second_id = ANY(%s::bigint[]))
          AND p.dismissed_at IS NULL AND a.id = p.first_id AND b.id = p.second_id AND NOT ({like})
        """,  # noqa: S608 - names and conditions of ours; every value is a parameter
        [kind_of(recogniser.model), array_literal(ids), array_literal(ids), *parameters],
    )


def _touching(kind: str, ids: Sequence[int]) -> Q:
    return Q(record_kind=kind) & (Q(first_id__in=list(ids)) | Q(second_id__in=list(ids)))


def pairs_of(record: Record) -> QuerySet[DuplicatePair]:
    """Pairs that nobody has decided on, the newest first."""
    return DuplicatePair.objects.filter(_touching(kind_of(record), [record.pk]), dismissed_at=None).order_by("-pk")


def duplicates_of(record: Record) -> list[tuple[Record, DuplicatePair]]:
    """The records that look like this one, as far as the acting user sees them, and why."""
    pairs = {_other(pair, record): pair for pair in pairs_of(record)}
    others = seen_of(type(record), acting_user()).in_bulk(list(pairs))
    return [(others[pk], pair) for pk, pair in pairs.items() if pk in others]


def shown_duplicates(record: Record) -> list[tuple[Record, DuplicatePair]]:
    """The same for the places of one page, which ask once."""
    known = vars(record)
    if "_shown_duplicates" not in known:
        known["_shown_duplicates"] = duplicates_of(record)
    return known["_shown_duplicates"]


def counts_of(records: Sequence[Any]) -> dict[int, int]:
    """How many others each of these looks like, as far as the acting user sees them; without those that none does."""
    if not records or not isinstance(records[0], Record) or kind_of(records[0]) not in _recognisers:
        return {}
    kind, ids = kind_of(records[0]), {record.pk for record in records}
    rows = DuplicatePair.objects.filter(_touching(kind, list(ids)), dismissed_at=None)
    pairs = list(rows.values_list("first_id", "second_id"))
    found = [*pairs, *((second, first) for first, second in pairs)]
    seen = _seen(type(records[0]), {other for _, other in found})
    return Counter(pk for pk, other in found if pk in ids and other in seen)


def _seen(model: type[Record], ids: set[int]) -> set[int]:
    """Which of these the acting user sees; nothing is asked for who sees all."""
    user = acting_user()
    if not ids or user is None or user.sees_everything:
        return ids
    return set(seen_of(model, user).filter(pk__in=ids).values_list("pk", flat=True))


def dismiss(record: Record, other: Record) -> None:
    """Keep in mind that these two are two."""
    first, second = sorted([record.pk, other.pk])
    DuplicatePair.objects.update_or_create(
        record_kind=kind_of(record),
        first_id=first,
        second_id=second,
        defaults={"dismissed_at": timezone.now(), "dismissed_by": acting_user()},
        create_defaults={"reason": "", "dismissed_at": timezone.now(), "dismissed_by": acting_user()},
    )


def _other(pair: DuplicatePair, record: Record) -> int:
    return pair.second_id if pair.first_id == record.pk else pair.first_id


@timeline.source
def duplicate_entries(record: Any, until: datetime | None, limit: int) -> list[timeline.Entry]:
    if not isinstance(record, Record) or kind_of(record) not in _recognisers:
        return []
    pairs = [(other, pair) for other, pair in shown_duplicates(record) if until is None or pair.found_at <= until]
    pairs.sort(key=lambda one: one[1].found_at, reverse=True)
    return [
        timeline.Entry(
            pair.found_at, "copy", f"Potential duplicate: {other}", detail=pair.reason, url=other.get_absolute_url()
        )
        for other, pair in pairs[:limit]
    ]
