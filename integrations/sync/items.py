"""What a claim is about: its rows with their records and links, and what the records say in their words."""

from collections.abc import Sequence

from integrations.models import ErrorEntry, Outbox, RecordLink, SkippedRecord, SyncedKind
from integrations.sync.credentials import Logins
from integrations.sync.eligibility import stays_here
from integrations.sync.mapping import Problem
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import Item, LeftOut, Rejected
from integrations.sync.scope import Scope


def items_of(claim: Claim, scope: Scope, rows: Sequence[Outbox]) -> list[Item]:
    """Rows whose records are gone here are left out."""
    ids = [row.record_id for row in rows]
    records = {record.pk: record for record in scope.load_records(ids).order_by("pk")}
    links = {link.record_id: link for link in RecordLink.objects.live().of(scope.kind, ids)}
    expressed = scope.express(list(records.values()), scope.vocabulary(list(records.values())))
    items = [
        Item(row, records[row.record_id], links.get(row.record_id), scope, expressed[row.record_id])
        for row in rows
        if row.record_id in records
    ]
    _leave_out(claim, scope, items)
    return items


def _leave_out(claim: Claim, scope: Scope, items: Sequence[Item]) -> None:
    ids = [item.record.pk for item in items]
    skipped = set(SkippedRecord.objects.of(scope.kind, ids).values_list("record_id", flat=True))
    reason, refusal = stays_here(scope.settings), scope.description.refusal(claim.operation)
    for item in items:
        if item.record.pk in skipped and not item.row.sent_at:
            item.outcome = LeftOut("Somebody keeps it out of the sync.")
        elif reason and not item.row.sent_at:
            item.outcome = LeftOut(reason)
        elif refusal and not item.row.sent_at:
            problem = Problem("INSUFFICIENT_ACCESS_OR_READONLY", "", f"{claim.credential} {refusal}")
            item.outcome = Rejected(problem, ErrorEntry.By.TANDEM, item.local)


def login_reasons(claim: Claim, items: Sequence[Item]) -> dict[int, str]:
    """Why the login of each row was chosen."""
    logins, used = Logins(claim.credential.connection), claim.credential
    return {
        item.row.pk: logins.reason_for(
            used,
            claim.operation,
            item.record.origin,
            item.row.actor_id,
            is_log=item.scope.kind == SyncedKind.ACTIVITY,
        )
        for item in items
    }
