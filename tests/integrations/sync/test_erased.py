"""Updates of records that were erased there: they are in no bin any more, and no pull tells of them."""

from datetime import timedelta
from typing import Any

import pytest

from contacts.models import Contact
from integrations import tasks
from integrations.models import Connection, ErrorEntry, HeldDeletions, Outbox, RecordLink, Run
from integrations.salesforce.provider import SalesforceProvider
from tests.conftest import push_all
from tests.factories import ContactFactory
from tests.integrations.sync.pushing import later
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def erase(org: Org, *contacts: Contact) -> None:
    for contact in contacts:
        org.delete("Contact", contact.crm_id)
    org.control("clock", advance=int(timedelta(days=16).total_seconds()))


def linked(count: int = 1) -> list[Contact]:
    return list(Contact.objects.filter(crm_object="Contact").order_by("pk")[:count])


def edit(*contacts: Contact) -> None:
    for contact in contacts:
        contact.title = "Changed here"
        contact.save()


def test_it_is_unlinked_and_stays(synced: Connection, org: Org) -> None:
    (contact,) = linked()
    erase(org, contact)
    edit(contact)

    tasks.push_lane("real_time")

    contact.refresh_from_db()
    link = RecordLink.objects.get(record_kind="contact", record_id=contact.pk)
    assert (contact.title, contact.crm_id) == ("Changed here", "")
    assert link.drop_reason == "It was deleted in Salesforce."
    assert not ErrorEntry.objects.exists()


def test_where_deletions_are_synced_it_is_deleted_here(following: Connection, org: Org) -> None:
    (contact,) = linked()
    erase(org, contact)
    edit(contact)

    push_all()

    assert not Contact.objects.filter(pk=contact.pk).exists()
    assert RecordLink.objects.get(remote_id=contact.crm_id).deleted_id == contact.pk
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.exists()
    assert Run.objects.filter(remote_object="Contact", kind=Run.Kind.PULL).first().deleted == 1


def test_many_of_them_wait_for_an_admin(following: Connection, org: Org) -> None:
    following.deletion_settings.update(most=5)
    contacts = linked(12)
    erase(org, *contacts)
    edit(*contacts)

    push_all()

    assert Contact.objects.filter(pk__in=[contact.pk for contact in contacts]).count() == 12
    assert HeldDeletions.objects.get(remote_object="Contact").count == 12


def test_a_child_of_an_erased_account_goes_without_it(synced: Connection, org: Org) -> None:
    contact = Contact.objects.exclude(account=None).select_related("account").first()
    account = contact.account
    for row in org.query(f"SELECT Id FROM Contact WHERE AccountId = '{account.crm_id}'"):
        org.update("Contact", row["Id"], AccountId=None)
    org.delete("Account", account.crm_id)
    org.control("clock", advance=int(timedelta(days=16).total_seconds()))
    child = ContactFactory(account=account)

    push_all()
    later()
    push_all()

    account.refresh_from_db()
    child.refresh_from_db()
    assert child.crm_id
    assert not ErrorEntry.objects.exists()


def test_what_is_hidden_from_the_login_is_an_error_and_keeps_its_link(
    following: Connection, org: Org, monkeypatch: Any
) -> None:
    (contact,) = linked()
    retrieve = SalesforceProvider.retrieve
    monkeypatch.setattr(SalesforceProvider, "retrieve", lambda *arguments: [None for _ in retrieve(*arguments)])
    monkeypatch.setattr(SalesforceProvider, "fates", lambda *arguments: {})
    code = "INSUFFICIENT_ACCESS_OR_READONLY"
    org.faults({"match": {"method": "PATCH", "object": "Contact"}, "do": "refuse", "code": code})
    edit(contact)

    push_all()

    contact.refresh_from_db()
    assert contact.crm_id
    assert ErrorEntry.objects.open().get().code == "NOT_VISIBLE"
    assert RecordLink.objects.live().filter(record_id=contact.pk, record_kind="contact").exists()
