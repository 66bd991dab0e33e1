"""Random deletes, restores and merges on both sides under faults; then quiet: both sides hold the same records."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from common import merging, trash
from common.models import DeletedRecord
from contacts.models import Contact
from contacts.services import delete_contact
from integrations.models import Connection, DeletionSettings, ErrorEntry, Outbox, RecordLink
from tests.conftest import pull_all, push_all
from tests.integrations.sync import test_storm
from tests.integrations.sync.test_storm import Storm, time_passes, values_here, values_there
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
_impatient = test_storm._impatient


class StormOfDeletions(Storm):
    def step(self) -> None:
        actions: list[Callable[[], None]] = [
            self.create_here,
            self.create_there,
            self.edit_here,
            self.edit_there,
            self.delete_here,
            self.delete_there,
            self.restore_here,
            self.undelete_there,
            self.merge_there,
            self.break_something,
            self.pull,
            self.push,
            self.push,
        ]
        self.chance.choice(actions)()

    def delete_here(self) -> None:
        if contact := self.any_of(Contact.objects.filter(last_name__startswith="Storm")):
            delete_contact(contact.pk)

    def restore_here(self) -> None:
        if row := self.any_of(DeletedRecord.objects.filter(merged_into=None)):
            trash.restore(row.record_kind, row.record_id)

    def _there(self, many: int) -> list[str]:
        rows = self.org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Storm%' ORDER BY Id")
        return [row["Id"] for row in self.chance.sample(rows, min(many, len(rows)))]

    def delete_there(self) -> None:
        for remote_id in self._there(1):
            self.org.delete("Contact", remote_id)

    def undelete_there(self) -> None:
        gone = "SELECT Id FROM Contact WHERE IsDeleted = true AND MasterRecordId = null ORDER BY Id"
        if rows := self.org.query(gone, with_deleted=True):
            self.org.control("undelete", ids=[self.chance.choice(rows)["Id"]])

    def merge_there(self) -> None:
        ids = self._there(2)
        if len(ids) == 2:
            self.org.control("merge", object="Contact", master=ids[0], losers=[ids[1]])


def weather(org: Org, synced: Connection, steps: int, seed: int) -> None:
    synced.object_settings.filter(record_kind="contact").update(match_accounts=False)
    for name in ("Contact", "Lead", "Account"):
        DeletionSettings.objects.create(
            connection=synced, remote_object=name, sync_deletes=True, sync_merges=True, most=1000, most_percent=100
        )
    storm = StormOfDeletions(org, seed)
    for _ in range(steps):
        storm.step()
    org.faults()
    for _ in range(4):
        time_passes()
        pull_all()
        push_all()

    told = f"seed {seed}, {steps} steps"
    here = values_here(synced)
    there = values_there(synced, org, {name for values in here.values() for name in values})
    assert here == there, told
    assert not Outbox.objects.exists(), told
    assert not ErrorEntry.objects.open().exists(), told
    links = RecordLink.objects.live().filter(remote_object="Contact")
    assert set(links.values_list("remote_id", flat=True)) == set(there), told
    assert not links.exclude(gone_at=None).exists(), told
    assert set(links.values_list("record_id", flat=True)) <= set(Contact.objects.values_list("pk", flat=True)), told


UNSOLVED = pytest.mark.xfail(
    reason="A record that is deleted, undeleted and merged between two pulls may stay on one side only.", strict=False
)


@UNSOLVED
def test_after_a_storm_of_deletions_both_sides_are_equal(synced: Connection, org: Org) -> None:
    weather(org, synced, 80, int(os.environ.get("STORM_SEED", "1")))


@UNSOLVED
@pytest.mark.long
@pytest.mark.parametrize("seed", range(200, 206))
def test_after_a_long_storm_of_deletions_both_sides_are_equal(synced: Connection, org: Org, seed: int) -> None:
    weather(org, synced, 500, seed)


def test_merges_here_leave_both_sides_equal_but_for_what_was_merged_away(synced: Connection, org: Org) -> None:
    contacts = list(Contact.objects.filter(crm_object="Contact")[:6])
    for keep, other in zip(contacts[::2], contacts[1::2], strict=True):
        merging.merge(keep, other)
    push_all()
    pull_all()
    push_all()

    here = values_here(synced)
    there: dict[str, Any] = values_there(synced, org, {name for values in here.values() for name in values})
    lost = {contact.crm_id for contact in contacts[1::2]}
    assert here == {remote_id: values for remote_id, values in there.items() if remote_id not in lost}
    assert not Outbox.objects.exists()
