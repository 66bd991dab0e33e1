"""Random deletes, restores and merges on both sides under faults; then quiet: both sides hold the same records."""

import os

import pytest

from common import merging
from contacts.models import Contact
from integrations.models import Connection, Outbox
from tests.conftest import pull_all, push_all
from tests.integrations.sync.storms import (
    DELETIONS,
    SYNC,
    be_impatient,
    follow_deletions,
    join_no_accounts,
    values_here,
    values_there,
    weather,
)
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
DEEDS = ("create_here", "create_there", "edit_here", "edit_there", *DELETIONS, "merge_there", *SYNC)


@pytest.fixture(autouse=True)
def _storm(synced: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    join_no_accounts(synced)
    follow_deletions(synced)
    be_impatient(monkeypatch)


@pytest.mark.parametrize("seed", [int(os.environ.get("STORM_SEED", "1")), 5, 6])
def test_after_a_storm_of_deletions_both_sides_are_equal(synced: Connection, org: Org, seed: int) -> None:
    weather(org, synced, DEEDS, 80, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200, 206))
def test_after_a_long_storm_of_deletions_both_sides_are_equal(synced: Connection, org: Org, seed: int) -> None:
    weather(org, synced, DEEDS, 500, seed)


def test_merges_here_leave_both_sides_equal_but_for_what_was_merged_away(synced: Connection, org: Org) -> None:
    contacts = list(Contact.objects.filter(crm_object="Contact")[:6])
    for keep, other in zip(contacts[::2], contacts[1::2], strict=True):
        merging.merge(keep, other)
    push_all()
    pull_all()
    push_all()

    lost = {contact.crm_id for contact in contacts[1::2]}
    there = values_there(synced, org)
    assert values_here(synced) == {remote_id: there[remote_id] for remote_id in there if remote_id not in lost}
    assert not Outbox.objects.exists()
