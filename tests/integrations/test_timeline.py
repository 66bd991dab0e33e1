"""What the sync tells in the timeline of a record."""

import pytest
from django.test import Client

from accounts.models import Account
from common import timeline
from common.acting import acting_as
from common.timeline import Change, Entry
from contacts import services
from contacts.models import Contact
from integrations import logins
from integrations.models import Connection, Run, SyncEvent
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory, UserFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def told(record: Contact, user: User | None = None) -> list[Entry]:
    record.refresh_from_db()
    with acting_as(user):
        return timeline.entries(record)[0]


def test_after_the_first_pull_a_record_says_where_it_came_from(synced: Connection, admin: User) -> None:
    contact = Contact.objects.exclude(crm_id="").first()

    entry = told(contact, admin)[-1]

    assert entry.title == "Pulled from Salesforce for the first time"
    assert Run.objects.get(pk=entry.run_url.rstrip("/").rpartition("/")[2]).kind == Run.Kind.PULL
    assert told(contact, UserFactory())[-1].run_url == ""


def test_a_pulled_change_is_told_once_with_its_run(synced: Connection, org: Org, admin: User) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.update("Contact", contact.crm_id, Title="Edited there")
    pull_all()

    titles = [entry for entry in told(contact, admin) if any(change.label == "Title" for change in entry.changes)]

    (entry,) = titles
    assert (entry.title, entry.who, entry.changes[0].new) == ("Title changed", "Salesforce", "Edited there")
    assert entry.run == "Pull of contacts"
    assert entry.run_url


def test_a_pushed_change_shows_its_values_once_and_keeps_what_was_sent_in_a_fold(synced: Connection) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    services.update_contact(contact.pk, {"title": "Edited here"})
    push_all()

    push, edit = (entry for entry in told(contact) if any(change.label == "Title" for change in entry.changes))

    assert (push.title, push.is_folded) == ("Pushed to Salesforce: Title", True)
    assert (edit.title, edit.is_folded) == ("Title changed", False)


def test_owners_and_records_over_there_are_called_by_their_names() -> None:
    account, contact = Account.objects.create(name="Acme"), ContactFactory()
    connection = logins.the_connection()
    ids = {"acme": "001" + "A" * 15, "queue": "005" + "A" * 15, "who": "005" + "B" * 15}
    connection.links.create(record_kind="account", record_id=account.pk, remote_object="Account", remote_id=ids["acme"])
    connection.user_mappings.create(remote_id=ids["queue"], name="Queue")
    changes = {"Account": [None, ids["acme"]], "Owner": [ids["queue"], ids["who"]]}
    SyncEvent.objects.create(record_kind="contact", record_id=contact.pk, kind="pushed", changes=changes)

    entry = told(contact)[0]

    assert set(entry.changes) == {Change("Account", "", "Acme"), Change("Owner", "Queue", ids["who"])}


def test_a_conflict_shows_the_value_that_lost_and_the_one_that_won() -> None:
    contact = ContactFactory()
    changes = {"Title": {"field": "title", "winner": "theirs", "base": "A", "ours": "B", "theirs": "C"}}
    SyncEvent.objects.create(record_kind="contact", record_id=contact.pk, kind="conflict", changes=changes)

    assert list(told(contact)[0].changes) == [Change("Title", "B", "C")]


def test_an_account_that_a_push_gives_says_why(synced: Connection) -> None:
    contact = ContactFactory(company_name="Newcomer Ltd", account=None)
    push_all()

    (entry,) = (entry for entry in told(contact) if entry.title == "Account changed")

    assert entry.who == "Tandem"
    assert "gets that of its company" in entry.rule


def test_its_queries_do_not_grow_with_the_events(client: Client, django_assert_max_num_queries: object) -> None:
    contact = ContactFactory()
    run = Run.objects.create(connection=logins.the_connection(), kind="pull", remote_object="Contact")
    for number in range(15):
        SyncEvent.objects.create(
            record_kind="contact", record_id=contact.pk, kind="pulled", run=run, changes={"Title": ["", str(number)]}
        )

    with django_assert_max_num_queries(9):
        assert len(told(contact)) == 16
