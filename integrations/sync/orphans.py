"""Creates of unknown outcome whose record was deleted here meanwhile: what they made must not come back as new."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from common.models import Record
from integrations.models import Outbox, RecordLink, SyncedKind
from integrations.sync import outbox
from integrations.sync.activities import leaving
from integrations.sync.linking import store_links
from integrations.sync.outbox import Claim
from integrations.sync.own import IN_DOUBT, SECOND_LOOK, made_by, may_still_arrive
from integrations.sync.provider import Provider
from integrations.sync.scope import Scope
from integrations.sync.tombstones import entomb, queue_deletes

logger = logging.getLogger(__name__)


def settle_orphans(claim: Claim, scope: Scope, rows: Sequence[Outbox], provider: Provider) -> None:
    """Bury what these rows made, and be done with them; those that may still make something are looked at again."""
    made = made_by(rows, scope, provider) if rows else {}
    for row in rows:
        found = made.get(row.pk, [])
        if not found and may_still_arrive(row, provider):
            _look_again(claim, row)
        else:
            bury(claim, scope, row, found)


def _look_again(claim: Claim, row: Outbox) -> None:
    outbox.held(claim.token).filter(pk=row.pk).update(
        claim_token=None,
        claimed_until=None,
        next_attempt_at=timezone.now() + timedelta(seconds=SECOND_LOOK),
        wait_reason=IN_DOUBT,
    )


@transaction.atomic
def bury(claim: Claim, scope: Scope, row: Outbox, found: Sequence[str]) -> None:
    """Be done with a row; where several records there may be what it made, they are left alone."""
    held, _ = Outbox.objects.filter(pk=row.pk, claim_token=claim.token).delete()
    if len(found) > 1:
        logger.warning("Any of %s may be what deleted %s %s made.", found, row.record_kind, row.record_id)
    elif found and held:
        link = RecordLink(connection=scope.connection, record_kind=scope.kind, record_id=row.record_id)
        link.remote_object, link.remote_id, link.external_id = scope.remote_object, found[0], row.external_id
        link.base = scope.kept(row.sent or {})
        bury_made(link, [], row)


def bury_made(link: RecordLink, records: Sequence[Record], row: Outbox) -> None:
    """What was made of a record that is gone here leaves a tombstone, and is deleted there where that follows.

    An activity that went with its contact stays there.
    """
    store_links([entomb(link)])
    if link.record_kind != SyncedKind.ACTIVITY or not leaving.went_along(row.record_id, row.queued_at):
        queue_deletes(link.record_kind, records, [link], row.actor_id)
