"""The push engine: a claim of one login, one object and one operation goes out in batches, and is settled.

A large claim is handed over as one job, which is looked at again later (``ingested.py``).

No transaction or lock is held while Salesforce is being asked. Whatever is cut off is cured by planning again.
"""

from collections.abc import Callable, Iterator, Sequence

from common.bulk import any_of
from common.models import RecordKind
from integrations.models import Outbox, Run
from integrations.sync import outbox
from integrations.sync.activities.places import push_places
from integrations.sync.activities.pushing import push_changed_activities, push_new_activities
from integrations.sync.activities.scope import ActivityScope, scope_for
from integrations.sync.creating import push_new
from integrations.sync.deleting import push_deletes
from integrations.sync.ingest import FillingIngest, begin_ingest
from integrations.sync.items import items_of, login_reasons
from integrations.sync.lost import follow_lost
from integrations.sync.matching import LOOKED_THROUGH
from integrations.sync.orphans import settle_orphans
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import Item
from integrations.sync.provider import Provider, RequestRefused
from integrations.sync.role_push import push_people
from integrations.sync.scope import Scope, described_for, ensure_described, refresh
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
    looked_through = {claim.remote_object, *LOOKED_THROUGH.get(claim.rows[0].record_kind, ())}
    ensure_described(claim.credential.connection, claim.remote_object, provider)
    described_for(claim.credential, looked_through, provider)
    scope = scope_for(claim.credential.connection, claim.remote_object, claim.credential)
    if scope.description.refusal(claim.operation) and refresh(scope, provider):
        scope = scope_for(claim.credential.connection, claim.remote_object, claim.credential)
    ingest = begin_ingest(claim, scope)
    try:
        for rows in claim.parts():
            _push(claim, scope, rows, provider, run, ingest)
        if ingest:
            ingest.send(provider)
    except RequestRefused:
        for name in looked_through:
            refresh(scope.of(name), provider)
        raise


def _push(
    claim: Claim, scope: Scope, rows: Sequence[Outbox], provider: Provider, run: Run, ingest: FillingIngest | None
) -> None:
    kept = outbox.renew(claim, [row.pk for row in rows])
    rows = [row for row in rows if row.pk in kept]
    items = items_of(claim, scope, rows)
    _drop_gone(claim, scope, rows, items, provider)
    reasons = login_reasons(claim, items)
    for done in _way_of(claim, scope)(claim, scope, items, provider, ingest):
        follow_lost(scope, done, provider)
        if scope.kind == RecordKind.DEAL:
            push_people(claim, done, provider, run)
        elif isinstance(scope, ActivityScope):
            push_places(claim, scope, done, provider)
        settle(claim, scope, done, run, reasons)


def _way_of(claim: Claim, scope: Scope) -> Callable[..., Iterator[list[Item]]]:
    is_new = claim.operation == Outbox.Operation.CREATE
    if isinstance(scope, ActivityScope):
        return push_new_activities if is_new else push_changed_activities
    return push_new if is_new else push_changes


def _drop_gone(claim: Claim, scope: Scope, rows: Sequence[Outbox], items: Sequence[Item], provider: Provider) -> None:
    """Rows of records that are gone here are done with, unless a create may still turn up."""
    present = {item.row.pk for item in items}
    gone = [row for row in rows if row.pk not in present]
    ids = any_of((row.pk for row in gone if not row.sent_at), "bigint")
    Outbox.objects.filter(claim_token=claim.token, pk__in=ids).delete()
    settle_orphans(claim, scope, [row for row in gone if row.sent_at], provider)
