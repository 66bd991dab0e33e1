"""Deletes on either side, with deletion sync on and off, and what brings records back."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from accounts.services import delete_account
from common import trash
from common.models import DeletedRecord
from contacts.models import Contact
from contacts.services import delete_contact
from integrations import deletions, rehearsal, services, tasks
from integrations.models import (
    Connection,
    ErrorEntry,
    HeldDeletions,
    Outbox,
    RecordLink,
    Run,
)
from integrations.sync import creating
from integrations.sync.page import Known
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ActivityFactory, ContactFactory
from tests.integrations.sync.storms import time_passes
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def linked_contact() -> Contact:
    return Contact.objects.filter(crm_object="Contact").order_by("pk")[0]


def is_there(org: Org, remote_id: str) -> bool:
    return bool(org.query(f"SELECT Id FROM Contact WHERE Id = '{remote_id}'"))


def test_what_is_deleted_here_stays_there_as_long_as_deletions_are_not_synced(synced: Connection, org: Org) -> None:
    contact = linked_contact()

    delete_contact(contact.pk)
    push_all()
    org.update("Contact", contact.crm_id, Title="Still there")
    pull_all()

    assert is_there(org, contact.crm_id)
    assert not Contact.objects.filter(crm_id=contact.crm_id).exists()


def test_what_is_deleted_here_is_deleted_there(following: Connection, org: Org) -> None:
    contact, other = Contact.objects.filter(crm_object="Contact")[:2]

    Contact.objects.filter(pk__in=[contact.pk, other.pk]).delete()
    org.forget_calls()
    push_all()

    assert org.calls() == {"DELETE composite/sobjects": 1}
    assert not is_there(org, contact.crm_id)
    assert not is_there(org, other.crm_id)
    assert not Outbox.objects.exists()
    assert Run.objects.filter(kind=Run.Kind.PUSH).latest("pk").deleted == 2


def test_what_is_deleted_there_is_deleted_here_and_kept(following: Connection, org: Org) -> None:
    contact = linked_contact()
    ActivityFactory(contact=contact, subject="Call")
    org.delete("Contact", contact.crm_id)

    pull_all()
    push_all()

    assert not Contact.objects.filter(pk=contact.pk).exists()
    assert DeletedRecord.objects.get(record_id=contact.pk).name == str(contact)
    assert not Outbox.objects.exists()


def test_a_delete_whose_answer_is_lost_is_found_out(following: Connection, org: Org) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    org.faults({"match": {"method": "DELETE"}, "do": "drop_after", "times": 1})
    org.forget_calls()

    push_all()

    assert org.calls()["DELETE composite/sobjects"] == 1
    assert not is_there(org, contact.crm_id)
    assert not Outbox.objects.exists()
    assert RecordLink.objects.get(remote_id=contact.crm_id).gone_at


def test_a_record_that_both_sides_deleted_is_done(following: Connection, org: Org) -> None:
    contact = linked_contact()
    org.delete("Contact", contact.crm_id)
    delete_contact(contact.pk)

    push_all()
    pull_all()

    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.open().exists()


@pytest.mark.parametrize("pull_first", [True, False])
def test_an_edit_here_of_a_record_deleted_there_goes_with_it(following: Connection, org: Org, pull_first: bool) -> None:
    contact = linked_contact()
    org.delete("Contact", contact.crm_id)
    contact.title = "Edited"
    contact.save(update_fields=["title"])

    for step in (pull_all, push_all) if pull_first else (push_all, pull_all):
        step()
    push_all()

    assert not Contact.objects.filter(pk=contact.pk).exists()
    assert DeletedRecord.objects.get(record_id=contact.pk).values["title"] == "Edited"
    assert not Outbox.objects.exists()


def test_a_run_that_would_delete_too_much_here_deletes_nothing_and_asks(following: Connection, org: Org) -> None:
    ids = [row["Id"] for row in org.query("SELECT Id FROM Contact LIMIT 12")]
    for remote_id in ids:
        org.delete("Contact", remote_id)

    pull_all()

    held = HeldDeletions.objects.get()
    assert (held.side, held.count, held.remote_object) == ("here", 12, "Contact")
    assert Contact.objects.filter(crm_id__in=ids).count() == 12
    assert "wait for an admin" in Run.objects.filter(remote_object="Contact").latest("pk").message


def test_a_run_that_would_delete_too_much_there_deletes_nothing_and_asks(following: Connection, org: Org) -> None:
    contacts = list(Contact.objects.filter(crm_object="Contact")[:12])
    trash.delete_records(Contact, [contact.pk for contact in contacts])
    org.forget_calls()

    push_all()

    assert HeldDeletions.objects.get().side == "there"
    assert not org.calls()
    assert Outbox.objects.filter(operation="delete", next_attempt_at__gt=timezone.now()).count() == 12


def test_a_refused_delete_is_in_the_error_log(following: Connection, org: Org, monkeypatch: Any) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    org.faults({"match": {"method": "DELETE"}, "do": "lock"})
    for _ in range(6):
        time_passes()
        push_all()
    org.faults()

    entry = ErrorEntry.objects.open().get()
    assert (entry.operation, entry.record_name, entry.remote_id) == ("delete", str(contact), contact.crm_id)


def test_refused_deletes_are_sent_again_together(
    following: Connection, org: Org, admin: User, django_assert_max_num_queries: Any
) -> None:
    ids = [contact.crm_id for contact in Contact.objects.filter(crm_object="Contact").order_by("pk")[:5]]
    trash.delete_records(Contact, list(Contact.objects.filter(crm_id__in=ids).values_list("pk", flat=True)))
    org.faults({"match": {"method": "DELETE"}, "do": "refuse", "code": "DELETE_FAILED", "times": 5})
    push_all()
    org.faults()
    RecordLink.objects.filter(remote_id=ids[0]).update(gone_at=timezone.now())
    entries = list(ErrorEntry.objects.open())

    with django_assert_max_num_queries(15):
        count = services.retry(entries, admin)
    push_all()

    assert (len(entries), count) == (5, 4)
    assert [is_there(org, remote_id) for remote_id in ids] == [True, False, False, False, False]
    assert not ErrorEntry.objects.open().exists()


def test_deleting_many_costs_a_fixed_number_of_queries(
    following: Connection, django_assert_max_num_queries: Any
) -> None:
    ids = list(Contact.objects.values_list("pk", flat=True))

    with django_assert_max_num_queries(45):
        trash.delete_records(Contact, ids)

    assert DeletedRecord.objects.count() == len(ids)


def test_a_deleted_account_gets_its_contacts_back_without_an_edit(synced: Connection, org: Org) -> None:
    account = Account.objects.exclude(crm_id="").filter(contacts__isnull=False)[0]
    names = set(account.contacts.values_list("pk", flat=True))
    delete_account(account.pk)

    back = trash.restore("account", account.pk)
    push_all()
    org.forget_calls()
    pull_all()
    push_all()

    assert set(back.contacts.values_list("pk", flat=True)) == names  # type: ignore[attr-defined]
    assert not any(name.startswith("PATCH") for name in org.calls())


def test_an_unlinked_record_comes_back_as_it_was(db: None) -> None:
    account = AccountFactory(name="Ünïcode 🚲")
    contact = ContactFactory(account=account, other_emails=["a@b.example"], custom={"size": 3})
    made_at = contact.created_at
    delete_contact(contact.pk)
    delete_account(account.pk)

    back = trash.restore("contact", contact.pk)

    assert isinstance(back, Contact)
    assert (back.account_id, back.other_emails, back.custom, back.created_at) == (
        None, ["a@b.example"], {"size": 3}, made_at,
    )  # fmt: skip


def test_an_admin_lets_held_deletions_through_here(following: Connection, org: Org, admin: User) -> None:
    ids = [row["Id"] for row in org.query("SELECT Id FROM Contact LIMIT 12")]
    for remote_id in ids:
        org.delete("Contact", remote_id)
    pull_all()

    assert deletions.confirm(HeldDeletions.objects.get(), admin) == 12

    assert not Contact.objects.filter(crm_id__in=ids).exists()
    push_all()
    assert not Outbox.objects.exists()


def test_an_admin_keeps_what_was_deleted_there(following: Connection, org: Org, admin: User) -> None:
    ids = [row["Id"] for row in org.query("SELECT Id FROM Contact LIMIT 12")]
    kept = list(Contact.objects.filter(crm_id__in=ids).values_list("pk", flat=True))
    for remote_id in ids:
        org.delete("Contact", remote_id)
    pull_all()

    deletions.refuse(HeldDeletions.objects.get(), admin)

    assert Contact.objects.filter(pk__in=kept, crm_id="").count() == 12
    assert not RecordLink.objects.live().filter(remote_id__in=ids).exists()


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_an_admin_decides_what_is_deleted_there(
    following: Connection, org: Org, admin: User, is_confirmed: bool
) -> None:
    contacts = list(Contact.objects.filter(crm_object="Contact")[:12])
    trash.delete_records(Contact, [contact.pk for contact in contacts])
    push_all()

    (deletions.confirm if is_confirmed else deletions.refuse)(HeldDeletions.objects.get(), admin)
    push_all()

    assert is_there(org, contacts[0].crm_id) == (not is_confirmed)
    assert not Outbox.objects.exists()


def test_a_tombstoned_record_comes_back_on_request(synced: Connection, org: Org) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    trash.purge(DeletedRecord.objects.all())
    assert RecordLink.objects.get(remote_id=contact.crm_id).base == {}

    deletions.bring_back(RecordLink.objects.get(remote_id=contact.crm_id))
    tasks.pull_remote("Contact", [contact.crm_id], is_wanted=True)

    assert Contact.objects.get(crm_id=contact.crm_id).email == contact.email


def test_a_tombstone_stands_until_the_record_that_was_asked_for_is_here(synced: Connection, org: Org) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)
    trash.purge(DeletedRecord.objects.all())

    deletions.bring_back(RecordLink.objects.get(remote_id=contact.crm_id))  # and its job is lost
    pull_all()
    org.faults({"match": {"object": "Contact"}, "do": "status"})
    tasks.pull_remote("Contact", [contact.crm_id], is_wanted=True)

    assert RecordLink.objects.tombstones().filter(remote_id=contact.crm_id).exists()
    assert not Contact.objects.filter(crm_id=contact.crm_id).exists()


def test_a_rehearsed_push_deletes_nothing(following: Connection, org: Org) -> None:
    contact = linked_contact()
    delete_contact(contact.pk)

    run = rehearsal.push(following)

    assert run.deleted == 1
    assert is_there(org, contact.crm_id)


def test_a_record_deleted_here_while_a_page_is_applied_stays_deleted(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = linked_contact()
    org.update("Contact", contact.crm_id, Title="Changed there")
    load = Known.load

    def load_and_lose(*args: Any) -> Known:
        known = load(*args)
        Contact.objects.filter(pk=contact.pk).delete()
        return known

    monkeypatch.setattr(Known, "load", load_and_lose)
    pull_all()

    link = RecordLink.objects.get(remote_id=contact.crm_id)
    assert (link.record_id, link.deleted_id) == (None, contact.pk)
    assert not Contact.objects.filter(crm_id=contact.crm_id).exists()


def test_a_record_deleted_here_while_it_is_created_there_is_deleted_there_too(
    following: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = ContactFactory(email="made@meanwhile.example")
    send = creating._send

    def send_and_delete(*args: Any) -> Any:
        answers = send(*args)
        Contact.objects.filter(pk=contact.pk).delete()
        return answers

    monkeypatch.setattr(creating, "_send", send_and_delete)
    push_all()
    monkeypatch.undo()
    push_all()
    pull_all()

    assert not org.query("SELECT Id FROM Contact WHERE Email = 'made@meanwhile.example'")
    assert not Contact.objects.filter(email="made@meanwhile.example").exists()
    assert not Outbox.objects.exists()
