"""What people may decide about deletions: let many through or not, bring records back."""

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from common import trash
from common.models import DeletedRecord, Record
from integrations.models import HeldDeletions, Lane, Outbox, RecordLink
from integrations.services import Bell, Refused
from integrations.sync import departed, outbox
from integrations.sync.scope import Scope
from users.models import User


def confirm(held: HeldDeletions, user: User) -> int:
    """Let held deletions through; returns how many. Raises Refused when somebody has decided already."""
    _decide(held, user, is_confirmed=True)
    if held.side == HeldDeletions.Side.THERE:
        count = _held_rows(held).update(is_manual=True, next_attempt_at=timezone.now(), wait_reason="")
        Bell(Lane.REAL_TIME)()
        return count
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


def what_restoring_does(row: DeletedRecord) -> str:
    """What becomes of a deleted record over there when it is restored, for the person who is about to."""
    link = RecordLink.objects.tombstones_of(row.record_kind, [row.record_id]).select_related("connection").last()
    if link is None:
        return "It was not in Salesforce."
    if link.gone_at:
        return "Salesforce has it no more: it is pushed as new, under the usual rules."
    return "Salesforce still has it: the two are linked again."


def bring_back(link: RecordLink) -> Record | None:
    """Bring a record back that was deleted here and is still there: restored, else pulled anew (then None).

    Raises Refused when it is no tombstone, and NotRestorable.
    """
    if link.record_id is not None:
        raise Refused("It is here.")
    kept = DeletedRecord.objects.filter(record_kind=link.record_kind, record_id=link.deleted_id or 0).first()
    if kept:
        return trash.restore(kept.record_kind, kept.record_id)
    remote_object, remote_id = link.remote_object, link.remote_id
    with transaction.atomic():
        link.delete()
        transaction.on_commit(lambda: async_task("integrations.tasks.pull_remote", remote_object, [remote_id]))
    return None
