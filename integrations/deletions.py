"""What people may decide about deletions: let many through or not, bring records back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django_q.tasks import async_task

from common import merging, trash
from common.models import DeletedRecord, Record
from integrations.models import (
    Connection,
    DeletionSettings,
    HeldDeletions,
    Lane,
    ObjectSettings,
    Outbox,
    RecordLink,
    SyncedKind,
)
from integrations.services import Bell, Refused, pull_refusal
from integrations.sync import brake, departed, outbox
from integrations.sync.departures import DELETED_THERE
from integrations.sync.records import KINDS, model_of
from integrations.sync.scope import Scope
from integrations.sync.tombstones import ERASED
from users.models import User

DELETION_FOLLOWS = (
    "Deletion sync is on: what is linked is deleted in Salesforce as well, unless it is kept out of sync."
)


@dataclass(frozen=True)
class Reach:
    """What deletion sync of an object has to do with, in records.

    ``linked`` ones follow what happens to each other; ``left_there`` were deleted here, ``left_here`` there, and stay
    where they are whatever is set now. ``stops_at``: so many deletions at once go on by themselves, more don't.
    """

    linked: int
    left_there: int
    left_here: int
    stops_at: int


def reach(connection: Connection, remote_object: str) -> Reach:
    links = RecordLink.objects.filter(connection=connection, remote_object=remote_object)
    is_dropped = Q(dropped_at__isnull=False)
    counts = links.aggregate(
        linked=Count("pk", filter=Q(dropped_at=None, record_id__isnull=False)),
        left_there=Count("pk", filter=Q(record_id=None, gone_at=None)),
        left_here=Count("pk", filter=is_dropped & Q(record_id__isnull=False, drop_reason=DELETED_THERE)),
    )
    settings = DeletionSettings.of(connection, remote_object)
    return Reach(**counts, stops_at=brake.stops_at(settings, counts["linked"]))


@transaction.atomic
def turn_off(connection: Connection, remote_object: str) -> int:
    """Forget the deletions that were to follow and did not yet: the records stay. Returns how many that were."""
    rows = Outbox.objects.filter(connection=connection, remote_object=remote_object, is_manual=False)
    rows = rows.filter(operation=Outbox.Operation.DELETE, claim_token=None, sent_at=None)
    count = rows.delete()[0] + departed.keep(Scope.load(connection, remote_object))
    open_ones = HeldDeletions.objects.filter(connection=connection, remote_object=remote_object, decided_at=None)
    open_ones.update(decided_at=timezone.now())
    return count


def names_of(held: HeldDeletions, most: int) -> list[str]:
    """Some of the records that wait for an answer, by their names."""
    kind = KINDS.get(held.remote_object, SyncedKind.ACTIVITY)
    model = model_of(kind)
    if held.side == HeldDeletions.Side.HERE:
        links = RecordLink.objects.departing().filter(connection=held.connection, remote_object=held.remote_object)
        ids = list(links.filter(merged_into="").order_by("record_id").values_list("record_id", flat=True)[:most])
        return [str(record) for record in model._default_manager.filter(pk__in=ids)]
    deleted = [row.record_id for row in _held_rows(held).order_by("record_id")[:most]]
    rows = DeletedRecord.objects.filter(record_kind=kind, record_id__in=deleted).order_by("record_id")
    return list(rows.values_list("name", flat=True))


def confirm(held: HeldDeletions, user: User) -> int:
    """Let held deletions through; returns how many. Raises Refused when somebody has decided already."""
    _decide(held, user, is_confirmed=True)
    if held.side == HeldDeletions.Side.THERE:
        count = _held_rows(held).update(is_manual=True, next_attempt_at=timezone.now(), wait_reason="")
        Bell(Lane.REAL_TIME)()
        return count
    return delete_confirmed(held)


def confirm_in_background(held: HeldDeletions, user: User) -> None:
    """The same for a page, which need not wait. Should the job be lost, the next pull finds the records and asks again.

    Raises Refused when somebody has decided already.
    """
    if held.side == HeldDeletions.Side.THERE:
        confirm(held, user)
        return
    _decide(held, user, is_confirmed=True)
    transaction.on_commit(partial(async_task, "integrations.tasks.delete_confirmed", held.pk))


def delete_confirmed(held: HeldDeletions) -> int:
    return departed.delete_held(Scope.load(held.connection, held.remote_object), held.held_at)


def refuse(held: HeldDeletions, user: User) -> int:
    """Let the records stay: those here lose their links, those there are deleted no more. Returns how many.

    Raises Refused when somebody has decided already.
    """
    _decide(held, user, is_confirmed=False)
    if held.side == HeldDeletions.Side.THERE:
        return _held_rows(held).delete()[0]
    return departed.keep(Scope.load(held.connection, held.remote_object))


def _decide(held: HeldDeletions, user: User, *, is_confirmed: bool) -> None:
    open_ones = HeldDeletions.objects.filter(pk=held.pk, decided_at=None)
    if not open_ones.update(decided_at=timezone.now(), decided_by=user, is_confirmed=is_confirmed):
        raise Refused("Somebody has decided this already.")


def _held_rows(held: HeldDeletions) -> "outbox.models.QuerySet[Outbox]":
    rows = Outbox.objects.filter(connection=held.connection_id, remote_object=held.remote_object, is_manual=False)
    return rows.filter(operation=Outbox.Operation.DELETE, claim_token=None)


@trash.tells_what_deleting_does
def what_deleting_does(kind: str, ids: Sequence[int] | None) -> str:
    """Deletion sync takes along what is linked."""
    if not all(settings.pushes for settings in ObjectSettings.objects.filter(record_kind=kind)):
        return ""
    following = DeletionSettings.objects.filter(sync_deletes=True).values_list("remote_object", flat=True)
    synced = {name for name in following if KINDS.get(name) == kind}
    if ids is not None and synced:
        synced = {link.remote_object for link in RecordLink.objects.live().of(kind, list(ids))} & synced
    return DELETION_FOLLOWS if synced else ""


@trash.tells_what_restoring_does
def what_restoring_does(rows: Sequence[DeletedRecord]) -> list[str]:
    """What becomes of deleted records over there when they are restored, with one query for each kind."""
    links: dict[tuple[str, int | None], RecordLink] = {}
    for kind in {row.record_kind for row in rows}:
        ids = [row.record_id for row in rows if row.record_kind == kind]
        links |= {(kind, link.deleted_id): link for link in RecordLink.objects.tombstones_of(kind, ids).order_by("pk")}
    return [_what_restoring_does(links.get((row.record_kind, row.record_id))) for row in rows]


def _what_restoring_does(link: RecordLink | None) -> str:
    if link is None:
        return "It was not in Salesforce."
    if link.gone_at:
        return "Salesforce has it no more: it is pushed as new, under the usual rules."
    if link.record_id:
        return "Salesforce still has it, linked to the record that it was merged into: it goes back to this one."
    return "Salesforce still has it: the two are linked again."


@merging.tells_what_merging_does
def what_merging_does(keep: Record, other: Record) -> str:
    """What becomes of two records over there when one is merged into the other here."""
    if keep.crm_id and other.crm_id:
        theirs = f"That of “{other}” stays in Salesforce, and nothing here follows it."
        return f"“{keep}” stays in step with its Salesforce record. {theirs}"
    if keep.crm_id:
        return f"“{keep}” stays in step with its Salesforce record."
    return f"“{keep}” takes over the Salesforce record of “{other}”." if other.crm_id else ""


def bring_back(link: RecordLink) -> Record | None:
    """Bring a record back that was deleted here and is still there: restored, else pulled anew (then None).

    Until that pull its tombstone stands: should the job be lost, it can be asked for again.

    Raises Refused, NotRestorable and NotMergeable.
    """
    if link.record_id is not None:
        raise Refused("It is here.")
    if link.drop_reason == ERASED:
        raise Refused("This person was erased for good.")
    kept = DeletedRecord.objects.filter(record_kind=link.record_kind, record_id=link.deleted_id or 0).first()
    if kept:
        return (merging.undo if kept.merged_into else trash.restore)(kept.record_kind, kept.record_id)
    if link.gone_at:
        raise Refused("Salesforce has it no more, and it is not kept here any more.")
    if reason := pull_refusal(link.connection):
        raise Refused(reason)
    remote_object, remote_id = link.remote_object, link.remote_id
    pull = partial(async_task, "integrations.tasks.pull_remote", remote_object, [remote_id], is_wanted=True)
    transaction.on_commit(pull)
    return None
