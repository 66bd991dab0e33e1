"""After a gap longer than the recycle bin's fifteen days, what is no more there is found by its absence."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from contacts.models import Contact
from contacts.services import delete_contact
from deals.models import Deal
from integrations.models import Connection, Cursor, DeletionSettings, ErrorEntry, HeldDeletions, Outbox, RecordLink, Run
from integrations.sync import absences
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory
from tests.integrations.sync.dealing import turn
from tests.integrations.sync.test_deletions import linked_contact
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
GAP = int(timedelta(days=16).total_seconds())


def long_gap(org: Org) -> None:
    """The recycle bin is emptied, and nobody pulled: as after a backup was restored."""
    org.control("clock", advance=GAP)
    Cursor.objects.update(position=F("position") - timedelta(seconds=GAP))


def deletions(connection: Connection, **settings: object) -> None:
    DeletionSettings.objects.update_or_create(
        connection=connection, remote_object="Contact", defaults={"sync_deletes": True, **settings}
    )


def test_a_record_that_left_the_bin_unseen_is_unlinked(synced: Connection, org: Org) -> None:
    contact = linked_contact()
    org.delete("Contact", contact.crm_id)
    long_gap(org)

    pull_all()

    contact.refresh_from_db()
    assert contact.crm_id == ""
    assert RecordLink.objects.get(record_id=contact.pk).dropped_at
    run = Run.objects.filter(remote_object="Contact").first()
    assert (run.state, run.deleted) == (Run.State.DONE, 1)
    linked = Contact.objects.filter(crm_object="Contact").values_list("crm_id", flat=True)
    assert set(linked) == {row["Id"] for row in org.query("SELECT Id FROM Contact")}


def test_where_deletions_are_synced_it_is_deleted_here(synced: Connection, org: Org) -> None:
    deletions(synced)
    contact = linked_contact()
    org.delete("Contact", contact.crm_id)
    long_gap(org)

    pull_all()

    assert not Contact.objects.filter(pk=contact.pk).exists()
    assert Contact.objects.filter(crm_object="Contact").count() == len(org.query("SELECT Id FROM Contact"))


def test_many_that_are_missing_wait_for_an_admin(synced: Connection, org: Org) -> None:
    deletions(synced, most=5)
    before = Contact.objects.count()
    for contact in Contact.objects.filter(crm_object="Contact").order_by("pk")[:12]:
        org.delete("Contact", contact.crm_id)
    long_gap(org)

    pull_all()

    assert Contact.objects.count() == before
    assert HeldDeletions.objects.get(remote_object="Contact").count == 12


def test_a_merge_that_left_the_bin_unlinks_the_loser(synced: Connection, org: Org) -> None:
    master, loser = Contact.objects.filter(crm_object="Contact").order_by("pk")[:2]
    org.control("merge", object="Contact", master=master.crm_id, losers=[loser.crm_id])
    long_gap(org)

    pull_all()

    loser.refresh_from_db()
    master.refresh_from_db()
    assert (loser.crm_id, bool(master.crm_id)) == ("", True)


def test_what_was_deleted_here_is_known_to_be_gone_there(synced: Connection, org: Org) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    org.delete("Contact", contact.crm_id)
    long_gap(org)

    pull_all()

    assert RecordLink.objects.get(remote_id=contact.crm_id).gone_at


def test_no_ids_are_compared_within_the_fifteen_days(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absences, "absent", None)  # would raise
    Cursor.objects.update(position=F("position") - timedelta(days=14))

    pull_all()

    assert Run.objects.filter(remote_object="Contact").first().state == Run.State.DONE


def test_what_is_linked_while_the_ids_are_read_is_not_taken_for_gone(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    links, made = absences._links, []

    def linked_meanwhile(*arguments: Any) -> Any:
        made.append(ContactFactory(crm_id="003000000000ZZZAAA"))
        RecordLink.objects.create(
            connection=synced,
            record_kind="contact",
            record_id=made[0].pk,
            remote_object="Contact",
            remote_id="003000000000ZZZAAA",
        )
        return links(*arguments)

    monkeypatch.setattr(absences, "_links", linked_meanwhile)
    Cursor.objects.exclude(remote_object="Contact").delete()
    long_gap(org)
    pull_all()

    made[0].refresh_from_db()
    assert made[0].crm_id


def test_a_pull_cut_off_while_it_compares_compares_again(synced: Connection, org: Org) -> None:
    contact = linked_contact()
    org.delete("Contact", contact.crm_id)
    long_gap(org)
    org.faults({"match": {"path": "/query", "object": "Contact"}, "do": "status", "times": 1, "after": 0})

    pull_all()
    Connection.objects.update(paused_until=None)
    org.faults()
    pull_all()

    contact.refresh_from_db()
    assert contact.crm_id == ""


def test_the_delete_of_a_record_that_was_erased_there_is_done(synced: Connection, org: Org) -> None:
    deletions(synced)
    contact = linked_contact()
    delete_contact(contact.pk)
    org.delete("Contact", contact.crm_id)
    long_gap(org)

    push_all()

    assert not ErrorEntry.objects.exists()
    assert not Outbox.objects.exists()
    assert RecordLink.objects.get(remote_id=contact.crm_id).gone_at


def test_deals_that_were_erased_there_while_they_were_off_lose_their_links(with_deals: Connection, org: Org) -> None:
    gone, kept = Deal.objects.order_by("pk")[:2]
    turn(with_deals, "off")
    org.delete("Opportunity", gone.crm_id)
    long_gap(org)

    turn(with_deals, "both")
    pull_all()

    gone.refresh_from_db()
    kept.refresh_from_db()
    assert gone.crm_id == ""
    assert kept.crm_id
