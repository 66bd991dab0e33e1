"""Deleting there what was deleted here, in batches. A lost answer is found out before anything is sent again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from common.bulk import any_of, copy_in, write_columns
from common.models import DeletedRecord
from integrations.models import ErrorEntry, HeldDeletions, Outbox, RecordLink, Run, SyncEvent
from integrations.sync import brake, outbox
from integrations.sync.credentials import Logins
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import LATER_SECONDS, LATER_TRIES
from integrations.sync.provider import Accepted, Answer, Later, Provider, Refused, RequestRefused
from integrations.sync.records import model_of
from integrations.sync.tombstones import GONE_THERE

HELD_FOR = timedelta(minutes=15)  # then it is looked again whether they still are too many
ROW_COLUMNS = ["claim_token", "claimed_until", "sent_at", "attempts", "next_attempt_at", "wait_reason", "operation"]


@dataclass(frozen=True)
class Gone:
    """The other side does not have it any more. ``note``: what the record's timeline tells."""

    note: str = "It was deleted in Salesforce as well."


@dataclass(frozen=True)
class Undone:
    """The record was brought back here while its delete was under way. ``is_there``: the delete had no effect."""

    is_there: bool


@dataclass(frozen=True)
class Nothing:
    """There is nothing to delete: it is not linked, or gone there already."""


@dataclass(frozen=True)
class LostClaim:
    """Another worker has taken the row over."""


Fate = Gone | Undone | Nothing | LostClaim | Later | Refused


def push_deletes(claim: Claim, provider: Provider, run: Run) -> None:
    """Send what a claim of deletes holds, or hold it. Raises what a push raises."""
    if held := _held(claim):
        _wait_for_admin(claim, held)
        run.message = brake.says(held)
        run.save(update_fields=["message"])
        return
    fates = _fates(claim, provider)
    _settle(claim, fates, run)


def _held(claim: Claim) -> HeldDeletions | None:
    connection = claim.credential.connection
    waiting = _waiting(claim).count()
    confirmed = all(row.is_manual for row in claim.rows)
    return None if confirmed else brake.hold(connection, claim.remote_object, HeldDeletions.Side.THERE, waiting)


def _waiting(claim: Claim) -> "outbox.models.QuerySet[Outbox]":
    """Deletes of the object that nobody has confirmed."""
    rows = Outbox.objects.filter(connection=claim.credential.connection_id, remote_object=claim.remote_object)
    return rows.filter(operation=Outbox.Operation.DELETE, is_manual=False)


def _wait_for_admin(claim: Claim, held: HeldDeletions) -> None:
    outbox.release(claim.token, reason=brake.says(held))
    _waiting(claim).filter(claim_token=None).update(
        next_attempt_at=timezone.now() + HELD_FOR, wait_reason=brake.says(held)
    )


def _fates(claim: Claim, provider: Provider) -> dict[int, Fate]:
    """What becomes of each row, by its id."""
    kind = claim.rows[0].record_kind
    ids = [row.record_id for row in claim.rows]
    links = {link.deleted_id: link for link in RecordLink.objects.tombstones_of(kind, ids)}
    present = model_of(kind)._default_manager.filter(pk__in=any_of(ids, "bigint"))
    ours = RecordLink.objects.of(kind, list(present.values_list("pk", flat=True)))
    ours = ours.filter(remote_object=claim.remote_object)
    back = {link.record_id: link for link in ours.order_by(F("dropped_at").asc(nulls_last=True))}  # a live one last
    fates: dict[int, Fate] = {}
    doubtful, fresh = [], []
    for row in claim.rows:
        link = back.get(row.record_id) or links.get(row.record_id)
        if link is None or (link.gone_at and link.record_id is None):
            fates[row.pk] = Nothing()
        elif link.record_id or row.sent_at:
            doubtful.append((row, link))
        else:
            fresh.append((row, link))
    alive = _alive(claim.remote_object, [link.remote_id for _, link in doubtful], provider)
    for row, link in doubtful:
        if link.record_id:
            fates[row.pk] = Undone(is_there=link.remote_id in alive)
        elif link.remote_id in alive:
            fresh.append((row, link))
        else:
            fates[row.pk] = Gone()
    return fates | _send(claim, fresh, provider)


def _alive(remote_object: str, ids: Sequence[str], provider: Provider) -> set[str]:
    found = provider.retrieve(remote_object, ids, []) if ids else []
    return {record.id for record in found if record}


def _send(claim: Claim, pairs: Sequence[tuple[Outbox, RecordLink]], provider: Provider) -> dict[int, Fate]:
    if not pairs:
        return {}
    kept = _note_sent(claim, [row.pk for row, _ in pairs], provider)
    fates: dict[int, Fate] = {row.pk: LostClaim() for row, _ in pairs if row.pk not in kept}
    sent = [(row, link) for row, link in pairs if row.pk in kept]
    claim.sending = [row for row, _ in sent]
    try:
        answers = provider.delete(claim.remote_object, [link.remote_id for _, link in sent]) if sent else []
    except RequestRefused as error:
        if len(sent) > 1:
            raise
        answers = [Refused(error.code, error.message)]
    claim.sending = []
    return fates | {row.pk: _fate(answer) for (row, _), answer in zip(sent, answers, strict=True)}


def _fate(answer: Answer) -> Fate:
    return Gone() if isinstance(answer, Accepted) else answer


@transaction.atomic
def _note_sent(claim: Claim, ids: Sequence[int], provider: Provider) -> set[int]:
    """Write down that deletes are about to be sent; returns the rows that the claim still holds."""
    mine = outbox.held(claim.token).filter(pk__in=any_of(ids, "bigint"), claimed_until__gt=timezone.now())
    kept = set(mine.values_list("pk", flat=True))
    until = timezone.now() + outbox.lease()
    Outbox.objects.filter(pk__in=any_of(kept, "bigint")).update(sent_at=provider.clock(), claimed_until=until)
    return kept


@on_deadlock_again
@transaction.atomic
def _settle(claim: Claim, fates: Mapping[int, Fate], run: Run) -> None:
    kind = claim.rows[0].record_kind
    ids = [row.record_id for row in claim.rows]
    model = model_of(kind)
    records = {
        record.pk: record
        for record in model._default_manager.filter(pk__in=any_of(ids, "bigint"))
        .select_for_update(of=("self",))
        .order_by("pk")
    }
    rows = list(outbox.held(claim.token))
    claimed = {row.pk: row for row in claim.rows}
    done = [row for row in rows if _apply_fate(row, claimed[row.pk], fates[row.pk], row.record_id in records)]
    Outbox.objects.filter(pk__in=[row.pk for row in done]).delete()
    write_columns([row for row in rows if row not in done], ROW_COLUMNS)
    gone = [row.record_id for row in claim.rows if isinstance(fates[row.pk], Gone)]
    now = timezone.now()
    tombstones = RecordLink.objects.tombstones_of(kind, gone).filter(record_id=None)
    tombstones.update(gone_at=now, pushed_at=now, credential=claim.credential)
    lost = [row.record_id for row in rows if fates[row.pk] == Undone(is_there=False)]
    _unlink(claim, kind, [pk for pk in lost if pk in records])
    _store_errors(claim, fates, rows)
    _tell(claim, fates, run)
    run.count(**Counter(filter(None, map(_count, fates.values()))))


def _apply_fate(row: Outbox, claimed: Outbox, fate: Fate, is_back: bool) -> bool:
    """Write to a row what comes next; returns whether it is through."""
    row.claim_token = row.claimed_until = None
    row.next_attempt_at, row.wait_reason = timezone.now(), ""
    match fate:
        case Undone(is_there):
            row.operation = Outbox.Operation.UPDATE if is_there else Outbox.Operation.CREATE
            row.sent_at, row.attempts = None, 0
            return False
        case LostClaim():
            return False
        case Later(code, message) if row.attempts < LATER_TRIES:
            row.sent_at, row.wait_reason = None, f"{code}: {message}"
            row.next_attempt_at += timedelta(seconds=LATER_SECONDS[max(0, row.attempts - 1)])
            return False
        case Refused() | Later() | Nothing() if is_back:  # it was brought back meanwhile: it is compared
            row.operation, row.sent_at, row.attempts = Outbox.Operation.UPDATE, None, 0
            return False
    return row.revision == claimed.revision and not is_back


def _unlink(claim: Claim, kind: str, ids: Sequence[int]) -> None:
    """Records that were brought back here after the other side had deleted its own: they are pushed as new."""
    now = timezone.now()
    RecordLink.objects.live().of(kind, list(ids)).update(dropped_at=now, drop_reason=GONE_THERE, updated_at=now)
    columns = {"crm_id": ""} | ({"crm_object": ""} if kind == "contact" else {})
    model_of(kind)._default_manager.filter(pk__in=any_of(ids, "bigint")).update(**columns)


def _store_errors(claim: Claim, fates: Mapping[int, Fate], rows: Sequence[Outbox]) -> None:
    kind = claim.rows[0].record_kind
    refused = {
        row.record_id: row
        for row in rows
        if isinstance(fates[row.pk], Refused) or (isinstance(fates[row.pk], Later) and row.attempts >= LATER_TRIES)
    }
    ErrorEntry.objects.open().of(kind, [row.record_id for row in claim.rows]).exclude(
        record_id__in=list(refused)
    ).update(closed_at=timezone.now(), closed_reason="The push went through.")
    known = {entry.record_id: entry for entry in ErrorEntry.objects.open().of(kind, list(refused)).select_for_update()}
    names = dict(
        DeletedRecord.objects.filter(record_kind=kind, record_id__in=list(refused)).values_list("record_id", "name")
    )
    links = {link.deleted_id: link for link in RecordLink.objects.tombstones_of(kind, list(refused))}
    for record_id, row in refused.items():
        answer = fates[row.pk]
        assert isinstance(answer, Refused | Later), "only refusals have entries"
        entry = known.get(record_id) or ErrorEntry(
            connection_id=claim.credential.connection_id, record_kind=kind, record_id=record_id, attempts=0
        )
        entry.record_name, entry.operation = names.get(record_id, "")[:255], str(claim.operation)
        entry.remote_object = claim.remote_object
        entry.remote_id = links[record_id].remote_id if record_id in links else ""
        entry.code, entry.message = answer.code, answer.message
        entry.actor_id, entry.credential = row.actor_id, claim.credential
        entry.attempts, entry.last_at = entry.attempts + 1, timezone.now()
        entry.save()


def _tell(claim: Claim, fates: Mapping[int, Fate], run: Run) -> None:
    logins = Logins(claim.credential.connection)
    copy_in(
        [
            SyncEvent(
                record_kind=row.record_kind,
                record_id=row.record_id,
                kind=SyncEvent.Kind.UNLINKED if isinstance(fate, Gone) else SyncEvent.Kind.REFUSED,
                summary=fate.note if isinstance(fate, Gone) else f"{fate.code}: {fate.message}",
                run=run,
                actor_id=row.actor_id,
                credential=claim.credential,
                credential_reason=logins.reason_for(claim.credential, claim.operation, "", row.actor_id),
            )
            for row in claim.rows
            if isinstance(fate := fates[row.pk], Gone | Refused)
        ]
    )


def _count(fate: Fate) -> str:
    match fate:
        case Gone():
            return "deleted"
        case Refused():
            return "failed"
        case Nothing():
            return "unchanged"
    return ""  # still waiting: another run will count it
