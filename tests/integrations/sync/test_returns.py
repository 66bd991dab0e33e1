"""What brings deleted records back: restored here, undeleted there, or both."""

from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection as database

from activities.models import Activity
from common import trash
from common.models import DeletedRecord
from contacts.models import Contact
from contacts.services import delete_contact
from integrations import tasks
from integrations.models import Connection, DeletionSettings, ErrorEntry, Lane, Outbox, RecordLink
from integrations.salesforce.provider import SalesforceProvider
from integrations.sync import deleting, outbox
from integrations.sync.linking import store_links
from tests.conftest import pull_all, push_all
from tests.factories import ActivityFactory
from tests.integrations.sync.conftest import Meanwhile
from tests.integrations.sync.pushing import edit
from tests.integrations.sync.storms import time_passes
from tests.integrations.sync.test_deletions import is_there, linked_contact
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def test_an_undelete_there_restores_it_here_with_what_hung_on_it(following: Connection, org: Org) -> None:
    contact = linked_contact()
    call = ActivityFactory(contact=contact, subject="Call")
    org.delete("Contact", contact.crm_id)
    pull_all()

    org.control("undelete", ids=[contact.crm_id])
    pull_all()

    back = Contact.objects.get(pk=contact.pk)
    assert (back.crm_id, back.crm_object, back.account_id) == (contact.crm_id, "Contact", contact.account_id)
    assert Activity.objects.get(pk=call.pk).contact == back
    assert not DeletedRecord.objects.exists()
    org.forget_calls()
    push_all()
    assert not [name for name in org.calls() if not name.startswith("POST composite/sobjects/Contact")]


def test_an_undelete_there_restores_what_was_deleted_from_here(following: Connection, org: Org) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    push_all()

    org.control("undelete", ids=[contact.crm_id])
    pull_all()

    assert Contact.objects.get(crm_id=contact.crm_id).email == contact.email


def test_an_account_and_its_contacts_deleted_and_undeleted_there_are_together_again(
    following: Connection, org: Org
) -> None:
    contact = Contact.objects.filter(crm_object="Contact").exclude(account=None)[0]
    account, mates = contact.account, Contact.objects.filter(account=contact.account).count()
    assert account
    org.delete("Account", account.crm_id)
    pull_all()
    assert not Contact.objects.filter(pk=contact.pk).exists()

    org.control("undelete", ids=[account.crm_id])
    pull_all()
    push_all()

    assert Contact.objects.filter(account_id=account.pk).count() == mates
    assert org.get("Contact", contact.crm_id)["AccountId"] == account.crm_id


def test_a_lead_deleted_here_and_converted_there_comes_back_as_the_contact_that_it_is_by_then(
    synced: Connection, org: Org
) -> None:
    """A lead's street is no contact's street: what was agreed of the one is said in the words of the other."""
    lead = Contact.objects.filter(crm_object="Lead")[0]
    delete_contact(lead.pk)
    org.update("Lead", lead.crm_id, Street="1 Changed St", Title="Changed")
    org.control("convert", lead=lead.crm_id)
    pull_all()

    trash.restore("contact", lead.pk)
    push_all()

    back = Contact.objects.get(pk=lead.pk)
    assert (back.crm_object, back.street, back.title) == ("Contact", "1 Changed St", "Changed")
    assert org.get("Contact", back.crm_id)["MailingStreet"] == "1 Changed St"


def test_a_pull_that_had_read_a_tombstone_does_not_undo_a_restore(synced: Connection) -> None:
    """Lost links heal, but what is merged into their records meanwhile does not."""
    contact = linked_contact()
    delete_contact(contact.pk)
    read_before = RecordLink.objects.get(deleted_id=contact.pk)
    trash.restore("contact", contact.pk)

    store_links([read_before])

    link = RecordLink.objects.live().get(record_id=contact.pk)
    assert (link.remote_id, link.deleted_id) == (contact.crm_id, None)


def test_nor_does_one_of_a_record_that_is_gone_there_as_well(following: Connection) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    push_all()
    read_before = RecordLink.objects.get(deleted_id=contact.pk)
    trash.restore("contact", contact.pk)

    store_links([read_before])

    link = RecordLink.objects.get(remote_id=contact.crm_id)
    assert (link.record_id, link.deleted_id) == (contact.pk, None)


def test_a_restored_record_is_linked_again_and_takes_up_what_changed_there(synced: Connection, org: Org) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    org.update("Contact", contact.crm_id, Title="Changed meanwhile")

    trash.restore("contact", contact.pk)
    push_all()

    back = Contact.objects.get(pk=contact.pk)
    assert (back.crm_id, back.title) == (contact.crm_id, "Changed meanwhile")
    assert back.account_id == contact.account_id
    assert RecordLink.objects.live().filter(remote_id=contact.crm_id, record_id=contact.pk).exists()


def test_a_restored_record_that_is_gone_there_is_pushed_as_new(following: Connection, org: Org) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    push_all()

    trash.restore("contact", contact.pk)
    push_all()

    back = Contact.objects.get(pk=contact.pk)
    assert back.crm_id not in ("", contact.crm_id)
    assert org.get("Contact", back.crm_id)["LastName"] == contact.last_name


def test_a_record_restored_before_its_delete_was_sent_is_not_deleted(following: Connection, org: Org) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    trash.restore("contact", contact.pk)

    push_all()

    assert is_there(org, contact.crm_id)
    assert Contact.objects.get(pk=contact.pk).crm_id == contact.crm_id
    assert not Outbox.objects.exists()


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
def test_a_record_restored_while_its_delete_is_in_doubt_survives(following: Connection, org: Org, fault: str) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    org.faults({"match": {"path": "composite"}, "do": fault})
    push_all()
    org.faults()
    time_passes()
    assert Outbox.objects.get().sent_at

    trash.restore("contact", contact.pk)
    pull_all()
    for _ in range(2):
        time_passes()
        push_all()
        pull_all()

    back = Contact.objects.get(pk=contact.pk)
    assert (back.crm_id == contact.crm_id) == (fault == "drop_before")
    assert org.get("Contact", back.crm_id)["LastName"] == contact.last_name
    assert not Outbox.objects.exists()


@pytest.fixture
def pushed_anew(following: Connection) -> tuple[Contact, str]:
    """A contact that was deleted on both sides, restored here and pushed as new; and the id that it had before."""
    contact = linked_contact()
    delete_contact(contact.pk)
    push_all()
    trash.restore("contact", contact.pk)
    push_all()
    return Contact.objects.get(pk=contact.pk), contact.crm_id


def test_an_undelete_there_of_what_was_pushed_anew_is_a_record_of_its_own(
    pushed_anew: tuple[Contact, str], org: Org
) -> None:
    contact, former_id = pushed_anew

    org.control("undelete", ids=[former_id])
    pull_all()
    push_all()

    other = Contact.objects.get(crm_id=former_id)
    assert other.pk != contact.pk
    assert (other.last_name, other.email) == (contact.last_name, contact.email)
    assert Contact.objects.get(pk=contact.pk).crm_id == contact.crm_id
    assert not Outbox.objects.exists()


def test_what_was_pushed_anew_is_deleted_there_with_its_next_deletion_here(
    pushed_anew: tuple[Contact, str], org: Org
) -> None:
    contact, _ = pushed_anew

    delete_contact(contact.pk)
    push_all()

    assert not is_there(org, contact.crm_id)
    assert not Outbox.objects.exists()


def test_an_undelete_there_restores_what_was_pushed_anew_and_deleted_again(
    pushed_anew: tuple[Contact, str], org: Org
) -> None:
    contact, former_id = pushed_anew
    delete_contact(contact.pk)
    push_all()

    org.control("undelete", ids=[former_id])
    pull_all()
    push_all()

    assert Contact.objects.get(pk=contact.pk).crm_id == former_id
    assert is_there(org, former_id)
    assert not is_there(org, contact.crm_id)
    assert RecordLink.objects.live().of("contact", [contact.pk]).get().remote_id == former_id


def test_an_undelete_there_of_what_was_pushed_anew_and_merged_away_is_a_record_of_its_own(
    pushed_anew: tuple[Contact, str], org: Org
) -> None:
    contact, former_id = pushed_anew
    DeletionSettings.objects.update(sync_merges=True)
    master = Contact.objects.filter(crm_object="Contact").exclude(pk=contact.pk)[0]
    org.control("merge", object="Contact", master=master.crm_id, losers=[contact.crm_id])
    pull_all()
    assert not Contact.objects.filter(pk=contact.pk).exists()

    org.control("undelete", ids=[former_id])
    pull_all()

    assert Contact.objects.get(crm_id=former_id).last_name == contact.last_name
    assert Contact.objects.get(pk=master.pk).crm_id == master.crm_id


def test_an_undelete_there_of_both_records_that_one_of_ours_was_makes_two(
    pushed_anew: tuple[Contact, str], org: Org
) -> None:
    contact, former_id = pushed_anew
    delete_contact(contact.pk)
    push_all()

    org.control("undelete", ids=[former_id])
    org.control("undelete", ids=[contact.crm_id])
    pull_all()
    pull_all()

    assert Contact.objects.filter(crm_id__in=[former_id, contact.crm_id]).count() == 2
    assert RecordLink.objects.live().filter(remote_id__in=[former_id, contact.crm_id]).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_restore_waits_for_the_deletion_that_is_just_being_written_down(
    following: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    restored: list[Future[None]] = []
    apply_fate = deleting._apply_fate

    def restore_meanwhile(*args: Any) -> bool:
        monkeypatch.setattr(deleting, "_apply_fate", apply_fate)
        restored.append(somebody.submit(_restore, contact.pk))
        _wait_for_one_who_waits()
        return apply_fate(*args)

    monkeypatch.setattr(deleting, "_apply_fate", restore_meanwhile)
    with ThreadPoolExecutor(1) as somebody:
        push_all()
    restored[0].result()
    push_all()

    back = Contact.objects.get(pk=contact.pk)
    assert back.crm_id != contact.crm_id
    assert [row["Id"] for row in org.query(f"SELECT Id FROM Contact WHERE Email = '{back.email}'")] == [back.crm_id]
    assert not Outbox.objects.exists()


def _restore(pk: int) -> None:
    try:
        trash.restore("contact", pk)
    finally:
        database.close()


def _wait_for_one_who_waits() -> None:
    """Until somebody else is held up by what this transaction holds."""
    until = monotonic() + 10
    while monotonic() < until:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone():
                return
        sleep(0.05)
    pytest.fail("nobody waits")


@pytest.mark.parametrize("deletions", ["synced", "following"])
@pytest.mark.parametrize("is_pulled_first", [True, False])
def test_an_edit_of_what_was_gone_there_for_a_moment_arrives_once_it_is_back(
    request: pytest.FixtureRequest, org: Org, deletions: str, is_pulled_first: bool
) -> None:
    """Nothing but the push saw that it was gone."""
    request.getfixturevalue(deletions)
    contact = linked_contact()
    edit(contact, title="Edited")
    org.delete("Contact", contact.crm_id)
    push_all()
    org.control("undelete", ids=[contact.crm_id])

    for step in (pull_all, push_all) if is_pulled_first else (push_all, pull_all, push_all):
        time_passes()
        step()

    assert org.get("Contact", contact.crm_id)["Title"] == "Edited"
    assert Contact.objects.get(crm_id=contact.crm_id).title == "Edited"
    assert Contact.objects.filter(email=contact.email).count() == 1
    assert not Outbox.objects.exists()


def test_so_does_one_of_what_was_deleted_after_it_was_compared(
    following: Connection, org: Org, meanwhile: Meanwhile
) -> None:
    contact = linked_contact()
    edit(contact, title="Edited")
    meanwhile(SalesforceProvider, "update_many", lambda: org.delete("Contact", contact.crm_id), before=True)
    tasks.push_lane(Lane.REAL_TIME, sleeper=lambda seconds: None)
    org.control("undelete", ids=[contact.crm_id])
    assert org.get("Contact", contact.crm_id)["Title"] != "Edited"

    pull_all()
    time_passes()
    push_all()

    assert org.get("Contact", contact.crm_id)["Title"] == "Edited"
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.open().exists()


def test_so_does_one_of_a_lead_that_was_converted_after_it_was_compared(
    synced: Connection, org: Org, meanwhile: Meanwhile
) -> None:
    lead = Contact.objects.filter(crm_object="Lead")[0]
    edit(lead, title="Edited")
    meanwhile(SalesforceProvider, "update_many", lambda: org.control("convert", lead=lead.crm_id), before=True)
    for _ in range(3):
        time_passes()
        push_all()

    lead.refresh_from_db()
    assert lead.crm_object == "Contact"
    assert org.get("Contact", lead.crm_id)["Title"] == "Edited"
    assert not ErrorEntry.objects.open().exists()


@pytest.mark.parametrize("is_named", [False, True], ids=["looks like it", "names its id"])
def test_what_had_lost_its_link_is_no_stranger_to_a_push_that_finds_it_back(
    synced: Connection, org: Org, is_named: bool
) -> None:
    """Theirs wins at first sight only."""
    contact = linked_contact()
    edit(contact, title="Edited")
    org.delete("Contact", contact.crm_id)
    push_all()
    org.control("undelete", ids=[contact.crm_id])
    org.update("Contact", contact.crm_id, Department="Theirs")

    if is_named:
        Contact.objects.filter(pk=contact.pk).update(crm_id=contact.crm_id, crm_object="Contact")
    outbox.mark_due(synced, "contact", [Contact.objects.get(pk=contact.pk)], lane=Lane.REAL_TIME)
    push_all()

    back = Contact.objects.get(crm_id=contact.crm_id)
    assert (back, back.title, back.department) == (contact, "Edited", "Theirs")
    assert org.get("Contact", contact.crm_id)["Title"] == "Edited"
    assert RecordLink.objects.filter(remote_id=contact.crm_id).count() == 1
