"""What people may decide about deletions: let many through or not, bring records back."""

from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from common import merging, trash
from common.models import DeletedRecord, Record
from integrations.models import HeldDeletions, Lane, Outbox, RecordLink
from integrations.services import Bell, Refused, pull_refusal
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


def bring_back(link: RecordLink) -> Record | None:
    """Bring a record back that was deleted here and is still there: restored, else pulled anew (then None).

    Until that pull its tombstone stands: should the job be lost, it can be asked for again.

    Raises Refused, NotRestorable and NotMergeable.
    """
    if link.record_id is not None:
        raise Refused("It is here.")
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
