"""The queue of records to push: rows are marked due, claimed in batches, and released or settled."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Greatest
from django.utils import timezone

from common.bulk import any_of, write_columns
from common.models import Record, RecordKind
from integrations.models import (
    Connection,
    Credential,
    Cursor,
    IngestJob,
    Lane,
    ObjectDescription,
    ObjectSettings,
    Outbox,
    SkippedRecord,
    SyncedKind,
)
from integrations.sync.activities.objects import NOTE, object_of
from integrations.sync.credentials import Logins
from integrations.sync.provider import Values
from integrations.sync.records import PARENTS

BATCH = 200  # records in one collections call
CLAIM = 1_000  # updates claimed at once: they are read in one call and written in several
LARGE_CLAIM = 10_000  # claimed at once from a large backlog: what the other side works off by itself in one piece
CREATE_AS = {RecordKind.ACCOUNT: "Account", RecordKind.DEAL: "Opportunity"}
URGENCY = [lane.value for lane in Lane]


@dataclass
class Claim:
    """Rows of one login, one object and one operation that this worker, and no other, handles until ``lapses``.

    ``lapses`` is told in seconds of ``monotonic``: no clock is set under it, and none differs from the database's.
    ``sending``: those that the call under way is about, so that the right ones are suspected when it fails.
    """

    token: uuid.UUID
    credential: Credential
    lapses: float
    rows: list[Outbox]
    sending: list[Outbox] = field(default_factory=list)

    @property
    def has_time(self) -> bool:
        """Whether it lasts for one more call, however long that takes."""
        return monotonic() + settings.SYNC_TIMEOUT < self.lapses

    @property
    def is_full(self) -> bool:
        """Whether there may be more where it came from."""
        return len(self.rows) >= self._part

    @property
    def _part(self) -> int:
        return CLAIM if self.operation == Outbox.Operation.UPDATE else BATCH

    def parts(self) -> Iterator[list[Outbox]]:
        """Its rows, as many at once as are loaded and planned together."""
        for start in range(0, len(self.rows), self._part):
            yield self.rows[start : start + self._part]

    @property
    def remote_object(self) -> str:
        return self.rows[0].remote_object

    @property
    def operation(self) -> str:
        return self.rows[0].operation


def mark_due(
    connection: Connection,
    kind: str,
    records: Sequence[Any],
    *,
    lane: Lane,
    actor_id: int | None = None,
    is_manual: bool = False,
    is_automatic: bool = False,
    create_anyway: bool = False,
    run_id: int | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Queue records, in the caller's transaction. A record that is queued already is raised to the present edit.

    ``due_at``: since when they are due, where that is not now: what is due for longer goes first. Returns whether any
    is due: none is where their kind is not pushed.
    """
    object_settings = connection.object_settings.filter(record_kind=kind).first()
    if kind != SyncedKind.ACTIVITY and (object_settings is None or not object_settings.pushes):
        return False
    skipped = set(SkippedRecord.objects.of(kind, [record.pk for record in records]).values_list("record_id", flat=True))
    logins = Logins(connection)
    wanted = [record for record in records if record.pk not in skipped]
    if kind == SyncedKind.ACTIVITY:
        rows = _activity_rows(connection, wanted, logins, actor_id)
    else:
        actor = None if is_automatic else actor_id
        rows = [_row(connection, kind, record, object_settings, logins, actor) for record in wanted]
    for row in rows:
        row.lane, row.is_manual, row.is_automatic, row.create_anyway = lane, is_manual, is_automatic, create_anyway
        row.run_id = run_id
    queue(rows, due_at)
    return bool(rows)


def _row(
    connection: Connection,
    kind: str,
    record: Record,
    object_settings: ObjectSettings | None,
    logins: Logins,
    actor_id: int | None,
) -> Outbox:
    operation = Outbox.Operation.UPDATE if record.crm_id else Outbox.Operation.CREATE
    return Outbox(
        connection=connection,
        record_kind=kind,
        record_id=record.pk,
        remote_object=remote_object_of(kind, record, object_settings),
        operation=operation,
        actor_id=actor_id,
        credential=logins.choose(operation, record.origin, actor_id).credential,
    )


def _activity_rows(
    connection: Connection, activities: Sequence[Any], logins: Logins, actor_id: int | None
) -> list[Outbox]:
    """An activity carries the name of whoever edits it, else of its owner: the mailbox's, the caller's."""
    has_notes = has_new_notes(connection)
    rows = []
    for activity in activities:
        operation = Outbox.Operation.UPDATE if activity.crm_id else Outbox.Operation.CREATE
        actor = actor_id or activity.owner_id
        rows.append(
            Outbox(
                connection=connection,
                record_kind=SyncedKind.ACTIVITY,
                record_id=activity.pk,
                remote_object=object_of(activity, has_notes=has_notes),
                operation=operation,
                actor_id=actor,
                credential=logins.choose(operation, activity.origin, actor, is_log=True).credential,
            )
        )
    return rows


def has_new_notes(connection: Connection) -> bool:
    """Whether the org has the notes of today, and the team's login may make them."""
    stored = ObjectDescription.objects.filter(connection=connection, remote_object=NOTE)
    return stored.filter(content__is_createable=True).exists()


def remote_object_of(kind: str, record: Record, object_settings: ObjectSettings | None) -> str:
    """What a record is on the other side, or would become."""
    if kind == RecordKind.CONTACT:
        preferred = object_settings.create_as if object_settings else ""
        return (record.crm_id and getattr(record, "crm_object", "")) or preferred or "Contact"
    return CREATE_AS[RecordKind(kind)]


def queue(rows: Sequence[Outbox], due_at: datetime | None = None) -> None:
    """Insert rows, or coalesce with the row that is there: the later actor's, in the more urgent lane."""
    if not rows:
        return
    table = Outbox._meta.db_table
    columns = [
        "connection_id",
        "record_kind",
        "record_id",
        "lane",
        "actor_id",
        "credential_id",
        "remote_object",
        "operation",
    ]
    columns += ["is_manual", "is_automatic", "create_anyway", "run_id", "queued_at", "next_attempt_at"]
    now = timezone.now()
    for row in rows:
        row.queued_at, row.next_attempt_at = now, due_at or now
    values = [[getattr(row, column) for column in columns] for row in sorted(rows, key=lambda row: row.record_id)]
    places = ", ".join(f"({', '.join(['%s'] * len(columns))})" for _ in values)
    sql = f"""
        INSERT INTO {table} AS due ({", ".join(columns)}) VALUES {places}
        ON CONFLICT (record_kind, record_id) DO UPDATE SET
            revision = due.revision + 1,
            lane = CASE WHEN array_position(%s, excluded.lane::text) < array_position(%s, due.lane::text)
                        THEN excluded.lane ELSE due.lane END,
            run_id = COALESCE(due.run_id, excluded.run_id),
            actor_id = COALESCE(excluded.actor_id, due.actor_id),
            credential_id = CASE WHEN due.sent_at IS NULL THEN excluded.credential_id ELSE due.credential_id END,
            remote_object = CASE WHEN due.claim_token IS NULL AND due.sent_at IS NULL
                                 THEN excluded.remote_object ELSE due.remote_object END,
            operation = CASE WHEN due.claim_token IS NULL AND due.sent_at IS NULL
                             THEN excluded.operation ELSE due.operation END,
            is_manual = due.is_manual OR excluded.is_manual,
            is_automatic = due.is_automatic AND excluded.is_automatic,
            create_anyway = due.create_anyway OR excluded.create_anyway,
            attempts = 0,
            lone_failures = 0,
            queued_at = excluded.queued_at,
            next_attempt_at = LEAST(due.next_attempt_at, excluded.next_attempt_at)
    """  # noqa: S608 - names only; every value is a parameter
    with database.cursor() as cursor:
        cursor.execute(sql, [*(value for row in values for value in row), URGENCY, URGENCY])


# Rows whose parent is itself due wait for it; rows of a login that must be connected again wait for that. Where only
# some objects are asked for, what records of theirs wait for goes as well.
_CLAIMABLE = """
    o.next_attempt_at <= clock_timestamp() AND o.job_id IS NULL
    AND (o.claim_token IS NULL OR o.claimed_until < clock_timestamp())
    AND EXISTS (SELECT 1 FROM integrations_credential c WHERE c.id = o.credential_id AND c.broken_reason = '')
    AND NOT EXISTS (SELECT 1 FROM integrations_outbox p
                    WHERE p.record_kind = o.parent_kind AND p.record_id = o.parent_id AND p.id <> o.id)
    AND (%(only)s::varchar[] IS NULL OR o.remote_object = ANY(%(only)s)
         OR (o.record_kind, o.record_id) IN (SELECT kind, id FROM needed))
"""
_CLAIM = f"""
    WITH RECURSIVE needed (kind, id) AS (
        SELECT parent_kind, parent_id FROM integrations_outbox
        WHERE remote_object = ANY(%(only)s::varchar[]) AND parent_id IS NOT NULL
        UNION SELECT p.parent_kind, p.parent_id FROM integrations_outbox p
        JOIN needed n ON p.record_kind = n.kind AND p.record_id = n.id WHERE p.parent_id IS NOT NULL
    ), head AS (
        SELECT o.connection_id, o.credential_id, o.remote_object, o.record_kind, o.operation,
               o.sent_at IS NULL AS is_fresh, o.batch_limit
        FROM integrations_outbox o WHERE o.lane = %(lane)s AND {_CLAIMABLE}
        ORDER BY o.next_attempt_at, o.id LIMIT 1 FOR UPDATE SKIP LOCKED
    ), backlog AS (
        -- What goes as one job: updates, and creates that can be told apart. A person's push goes at once, and
        -- activities by batches: notes have more than a row.
        SELECT count(*) >= %(bulk_from)s AS is_large FROM (
            SELECT 1 FROM integrations_outbox o, head
            WHERE o.lane = %(lane)s AND o.lane <> 'people' AND o.record_kind <> 'activity'
              AND o.next_attempt_at <= clock_timestamp()
              AND o.claim_token IS NULL AND o.job_id IS NULL AND o.batch_limit >= %(batch)s
              AND head.batch_limit >= %(batch)s AND head.is_fresh
              AND o.credential_id = head.credential_id AND o.remote_object = head.remote_object
              AND o.operation = head.operation
              AND (head.operation = 'update' OR head.operation = 'create' AND EXISTS (
                      SELECT 1 FROM integrations_objectsettings s WHERE s.connection_id = head.connection_id
                      AND s.record_kind = head.record_kind AND s.external_id_field <> ''))
            LIMIT %(bulk_from)s
        ) first
    ), batch AS (
        SELECT o.id FROM integrations_outbox o, head
        WHERE o.lane = %(lane)s AND {_CLAIMABLE}
          AND o.connection_id = head.connection_id AND o.credential_id = head.credential_id
          AND o.remote_object = head.remote_object AND o.operation = head.operation
          AND (o.sent_at IS NULL) = head.is_fresh AND o.batch_limit >= head.batch_limit
        ORDER BY o.next_attempt_at, o.id
        LIMIT (SELECT CASE WHEN is_large THEN %(large)s WHEN batch_limit < %(batch)s THEN batch_limit
                      WHEN operation = 'update' THEN %(claim)s ELSE %(batch)s END FROM head, backlog)
        FOR UPDATE OF o SKIP LOCKED
    )
    UPDATE integrations_outbox
    SET claim_token = %(token)s, claimed_until = clock_timestamp() + %(lease)s::interval,
        attempts = attempts + (claim_token IS NULL)::integer -- that of a killed worker came to nothing
    WHERE id IN (SELECT id FROM batch)
"""  # noqa: S608 - names only; every value is a parameter


def lease() -> timedelta:
    """Longer than two calls may take, so that a claim does not run out under a worker that only waits."""
    return timedelta(seconds=2 * settings.SYNC_TIMEOUT + 10)


def claim(lane: str, only: Sequence[str] = ()) -> Claim | None:
    """Take the next due rows of ``lane``, of these remote objects and what they wait for; None when there are none."""
    token, lapses = uuid.uuid4(), monotonic() + lease().total_seconds()
    with transaction.atomic(), database.cursor() as cursor:
        seconds = f"{lease().total_seconds()} s"
        limits: dict[str, Any] = {"batch": BATCH, "claim": CLAIM, "large": LARGE_CLAIM, "lease": seconds}
        limits["bulk_from"] = settings.SYNC_BULK_FROM
        cursor.execute(_CLAIM, {"lane": lane, "only": list(only) or None, "token": token, **limits})
    return _claimed(token, lapses)


def claim_these(rows: models.QuerySet[Outbox]) -> Claim | None:
    """Take rows of one claim that nobody else may take: of a job that this worker looks at, or of its own marking.

    None when they are there no more.
    """
    token, lapses = uuid.uuid4(), monotonic() + lease().total_seconds()
    rows.update(claim_token=token, claimed_until=timezone.now() + lease(), attempts=F("attempts") + 1)
    return _claimed(token, lapses)


def _claimed(token: uuid.UUID, lapses: float) -> Claim | None:
    rows = list(Outbox.objects.filter(claim_token=token).order_by("record_id"))
    if not rows:
        return None
    credential_id = rows[0].credential_id
    assert credential_id is not None, "only rows with a usable login are claimed"
    return Claim(token, Credential.objects.select_related("connection").get(pk=credential_id), lapses, rows)


@contextmanager
def place(lane: str, places: int) -> Iterator[bool]:
    """Hold one of the places that workers of a lane have; tells whether one was free. A killed worker's is free."""
    names = [f"push {lane} {number}" for number in range(places)]
    with database.cursor() as cursor:
        found = next((name for name in names if _locks(cursor, "pg_try_advisory_lock", name)), "")
    try:
        yield bool(found)
    finally:
        if found:
            with database.cursor() as cursor:
                _locks(cursor, "pg_advisory_unlock", found)


def _locks(cursor: Any, function: str, name: str) -> bool:
    cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [name])
    return bool(cursor.fetchone()[0])


def lanes_set_free(claim: Claim) -> list[str]:
    """Other lanes in which records waited for those of a claim that are not due any more."""
    head = claim.rows[0]
    if head.record_kind not in PARENTS:
        return []
    ids = [row.record_id for row in claim.rows]
    children = Outbox.objects.due().filter(parent_kind=head.record_kind, parent_id__in=any_of(ids, "bigint"))
    parents = Outbox.objects.filter(record_kind=OuterRef("parent_kind"), record_id=OuterRef("parent_id"))
    freed = children.exclude(lane=head.lane).filter(~Exists(parents))
    return list(freed.values_list("lane", flat=True).distinct())


def held(token: uuid.UUID) -> models.QuerySet[Outbox]:
    """The rows that a claim still holds, locked in one order."""
    return Outbox.objects.filter(claim_token=token).select_for_update().order_by("id")


def lock(kind: str, ids: list[int]) -> None:
    """Wait for whoever settles these records. All lock records first, then their rows here, then their links."""
    list(Outbox.objects.of(kind, ids).select_for_update().order_by("id").values_list("id", flat=True))


def finish(claim: Claim, rows: Sequence[Outbox]) -> set[int]:
    """Take away rows that are done with; returns their ids. Those edited or taken over since they were claimed stay."""
    sql = """
        DELETE FROM integrations_outbox WHERE id IN (
            SELECT o.id FROM integrations_outbox o
            JOIN unnest(%s::bigint[], %s::integer[]) AS done (id, revision) USING (id, revision)
            WHERE o.claim_token = %s ORDER BY o.id FOR UPDATE OF o
        ) RETURNING id
    """
    if not rows:
        return set()
    with database.cursor() as cursor:
        cursor.execute(sql, [[row.pk for row in rows], [row.revision for row in rows], claim.token])
        return {pk for (pk,) in cursor.fetchall()}


def release(token: uuid.UUID, *, delay: float = 0, reason: str = "") -> None:
    """Give a claim back untouched: nothing was decided about its records."""
    Outbox.objects.filter(claim_token=token).update(
        claim_token=None,
        claimed_until=None,
        attempts=Greatest(F("attempts") - 1, 0),  # an edit meanwhile set it to 0
        next_attempt_at=timezone.now() + timedelta(seconds=delay),
        wait_reason=reason,
    )


def halve(claim: Claim, reason: str, *, delay: float = 0) -> None:
    """Give back a claim whose call was answered with a fault: its rows travel in half as large a batch from now on.

    A row that failed alone is counted if the org has taken others since it failed before: it is then what spoils
    the calls. An org that takes nothing at all blames nobody.
    """
    release(claim.token, delay=delay, reason=reason)
    suspects = claim.sending or claim.rows
    rows = Outbox.objects.filter(pk__in=[row.pk for row in suspects])
    rows.update(batch_limit=max(1, min(len(suspects), BATCH) // 2))
    wrote_at = Connection.objects.values_list("wrote_at", flat=True).get(pk=suspects[0].connection_id)
    if len(suspects) == 1 and wrote_at and wrote_at > suspects[0].next_attempt_at:
        rows.update(lone_failures=F("lone_failures") + 1)


@transaction.atomic
def renew(claim: Claim, ids: Iterable[int]) -> set[int]:
    """Hold rows of a claim for long enough; returns those that it still held: others took the rest over."""
    if claim.has_time:
        return set(ids)
    lapses = monotonic() + lease().total_seconds()
    wanted = any_of(ids, "bigint")
    kept = set(held(claim.token).filter(pk__in=wanted, claimed_until__gt=timezone.now()).values_list("pk", flat=True))
    Outbox.objects.filter(claim_token=claim.token).update(claimed_until=timezone.now() + lease())
    claim.lapses = lapses
    return kept


@transaction.atomic
def note_sent(
    claim: Claim,
    intents: Mapping[int, tuple[Values, uuid.UUID | None]],
    at: datetime | None = None,
    job: IngestJob | None = None,
) -> set[int]:
    """Write down what rows will carry, and under which external id, before they are sent.

    ``at``: when creates are sent, by the other side's clock; ``job``: with which they go. Returns the rows that the
    claim still holds.
    """
    wanted = any_of(intents, "bigint")
    rows = list(held(claim.token).filter(pk__in=wanted, claimed_until__gt=timezone.now()))
    for row in rows:
        payload, row.external_id = intents[row.pk]
        if at or not row.sent_at:  # a create that may still arrive is not forgotten
            row.sent_at, row.sent = at, dict(payload)
        row.job, row.claimed_until = job, timezone.now() + lease()
    write_columns(rows, ["sent_at", "sent", "job", "external_id", "claimed_until"])
    return {row.pk for row in rows}


@transaction.atomic
def note_sent_along(claim: Claim, name: str, told: Mapping[int, Values]) -> None:
    """Write down what rows will carry beside their own fields, by row, before it is sent."""
    rows = list(held(claim.token).filter(pk__in=any_of(told, "bigint")))
    for row in rows:
        row.sent = {**(row.sent or {}), name: dict(told[row.pk])}
    write_columns(rows, ["sent"])


def unheard(kind: str, ids: list[int]) -> dict[int, dict[str, Any]]:
    """By record, what was sent of it and no answer is known to."""
    rows = Outbox.objects.of(kind, ids).filter(sent__isnull=False)
    return {pk: sent or {} for pk, sent in rows.values_list("record_id", "sent")}


def forget_sent(token: uuid.UUID) -> None:
    """The creates of a claim were answered: none of them took effect."""
    Outbox.objects.filter(claim_token=token).update(sent_at=None, sent=None)


def forget_claims() -> None:
    """Free what workers held that are no more; only for a supervisor that knows that none is running."""
    Outbox.objects.exclude(claim_token=None).update(claim_token=None, claimed_until=None)
    IngestJob.objects.update(leased_until=None)
    Cursor.objects.exclude(lease_token=None).update(lease_token=None, leased_until=None)
