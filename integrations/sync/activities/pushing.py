"""Pushing activities: new ones by the rules of the settings, changes as those of every record."""

from collections.abc import Iterator, Sequence

from integrations.sync.activities.scope import ActivityScope
from integrations.sync.activities.waiting import hold_back, wait_for_new_people
from integrations.sync.creating import checked_payloads, send_new, turn_back_linked
from integrations.sync.ingest import FillingIngest
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import Item
from integrations.sync.own import find_own
from integrations.sync.provider import Provider
from integrations.sync.updating import push_changes
from integrations.sync.writing import set_aside


def push_new_activities(
    claim: Claim,
    scope: ActivityScope,
    items: Sequence[Item],
    provider: Provider,
    ingest: FillingIngest | None = None,
) -> Iterator[list[Item]]:
    turn_back_linked(items)
    find_own(scope, items, provider)
    set_aside(items)
    hold_back(claim, scope, items)
    payloads = checked_payloads(scope, items, provider)
    send_new(claim, scope, items, payloads, provider)
    yield [item for item in items if not item.is_open]


def push_changed_activities(
    claim: Claim,
    scope: ActivityScope,
    items: Sequence[Item],
    provider: Provider,
    ingest: FillingIngest | None = None,
) -> Iterator[list[Item]]:
    wait_for_new_people(scope, items)
    yield from push_changes(claim, scope, items, provider, ingest)
