"""The push engine: a claim of one login, one object and one operation goes out in one batch, and is settled.

No transaction or lock is held while Salesforce is being asked. Whatever is cut off is cured by planning again.
"""

from collections.abc import Iterable, Sequence

from common.bulk import any_of
from common.models import Record, RecordKind
from integrations.models import ErrorEntry, Outbox, RecordLink, Run, SkippedRecord
from integrations.sync.creating import push_new
from integrations.sync.credentials import Logins
from integrations.sync.deleting import push_deletes
from integrations.sync.eligibility import stays_here
from integrations.sync.lost_parents import follow_lost_parents
from integrations.sync.mapping import Problem
from integrations.sync.matching import LOOKED_THROUGH
from integrations.sync.orphans import settle_orphans
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import Item, LeftOut, Rejected
from integrations.sync.provider import Provider, RequestRefused
from integrations.sync.role_push import push_people
from integrations.sync.scope import Scope, described_for, refresh
from integrations.sync.settle import settle
from integrations.sync.updating import push_changes


def push(claim: Claim, provider: Provider, run: Run) -> None:
    """Send what a claim holds, and settle each batch before the next is sent.

    Raises CallFailed and ConnectionBroken when no answer could be had: the caller releases the claim and pauses. Raises
    RequestRefused when the org is not what it was described to be; it has then been described anew for the next try.
    """
    if claim.operation == Outbox.Operation.DELETE:
        push_deletes(claim, provider, run)
        return
    looked_through = {claim.remote_object, *LOOKED_THROUGH.get(RecordKind(claim.rows[0].record_kind), ())}
    described_for(claim.credential, looked_through, provider)
    scope = Scope.load(claim.credential.connection, claim.remote_object, claim.credential)
    if scope.description.refusal(claim.operation) and refresh(scope, provider):
        scope = Scope.load(claim.credential.connection, claim.remote_object, claim.credential)
    items = _load(claim, scope)
    present = {item.row.pk for item in items}
    settle_orphans(claim, scope, [row for row in claim.rows if row.sent_at and row.pk not in present], provider)
    push_them = push_new if claim.operation == Outbox.Operation.CREATE else push_changes
    reasons = _login_reasons(claim, items)
    try:
        for done in push_them(claim, scope, items, provider):
            follow_lost_parents(scope, done, provider)
            if scope.kind == RecordKind.DEAL:
                push_people(claim, done, provider, run)
            settle(claim, scope, done, run, reasons)
    except RequestRefused:
        for name in looked_through:
            refresh(scope.of(name), provider)
        raise


def _load(claim: Claim, scope: Scope) -> list[Item]:
    """The records of a claim. Rows of records that are gone here are dropped, unless a create may still turn up."""
    ids = [row.record_id for row in claim.rows]
    records = {record.pk: record for record in _records(scope, ids)}
    gone = any_of(set(ids) - set(records), "bigint")
    Outbox.objects.filter(claim_token=claim.token, sent_at=None, record_id__in=gone).delete()
    links = {link.record_id: link for link in RecordLink.objects.live().of(scope.kind, ids)}
    expressed = scope.express(list(records.values()), scope.vocabulary(list(records.values())))
    skipped = set(SkippedRecord.objects.of(scope.kind, ids).values_list("record_id", flat=True))
    items = [
        Item(row, records[row.record_id], links.get(row.record_id), scope, expressed[row.record_id])
        for row in claim.rows
        if row.record_id in records
    ]
    reason, refusal = stays_here(scope.settings), scope.description.refusal(claim.operation)
    for item in items:
        if item.record.pk in skipped and not item.row.sent_at:
            item.outcome = LeftOut("Somebody keeps it out of the sync.")
        elif reason and not item.row.sent_at:
            item.outcome = LeftOut(reason)
        elif refusal and not item.row.sent_at:
            problem = Problem("INSUFFICIENT_ACCESS_OR_READONLY", "", f"{claim.credential} {refusal}")
            item.outcome = Rejected(problem, ErrorEntry.By.TANDEM, item.local)
    return items


def _records(scope: Scope, ids: Sequence[int]) -> Iterable[Record]:
    return scope.type.model._default_manager.filter(pk__in=any_of(ids, "bigint")).order_by("pk")


def _login_reasons(claim: Claim, items: Sequence[Item]) -> dict[int, str]:
    logins, used = Logins(claim.credential.connection), claim.credential
    return {
        item.row.pk: logins.reason_for(used, claim.operation, item.record.origin, item.row.actor_id) for item in items
    }
