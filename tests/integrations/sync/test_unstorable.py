"""Pulled records that our database does not take: told in the error log; the rest of the page goes on."""

import pytest
from django.db import connection as database

from contacts.models import Contact
from integrations import services, tasks
from integrations.models import Connection, ErrorEntry, RecordLink, Run
from tests.conftest import pull_all
from tests.factories import UserFactory
from tests.integrations.sync.test_pull import start
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
TITLE = "Keeper of Oddities"


@pytest.fixture(autouse=True)
def constraint() -> None:
    """A rule of the database's own; it ends with the test's transaction."""
    with database.cursor() as cursor:
        cursor.execute(f"ALTER TABLE contacts_contact ADD CONSTRAINT odd CHECK (title <> '{TITLE}')")


def test_a_record_that_cannot_be_stored_is_told_and_the_others_come(connection: Connection, org: Org) -> None:
    odd = [org.create("Contact", FirstName="Una", LastName=f"Odd {n}", Title=TITLE) for n in range(2)]
    start(connection)

    pull_all()

    run = Run.objects.get(remote_object="Contact")
    assert (run.state, run.failed) == (Run.State.DONE, 2)
    assert run.looked_at == run.total
    assert Contact.objects.filter(crm_object="Contact").count() == run.total - 2
    assert not RecordLink.objects.filter(remote_id__in=odd).exists()
    entries = ErrorEntry.objects.open().filter(operation="pull").order_by("remote_id")
    assert [(entry.remote_id, entry.record_name, entry.record_id) for entry in entries] == [
        (id_, f"Una Odd {n}", None) for n, id_ in enumerate(odd)
    ]
    assert all("odd" in entry.message for entry in entries)


def test_an_edit_that_cannot_be_stored_leaves_the_record_as_it_was(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.update("Contact", contact.crm_id, Title=TITLE, FirstName="Changed")

    pull_all()
    pull_all()  # the page overlaps: it is tried again

    before, contact = contact, Contact.objects.get(pk=contact.pk)
    assert (contact.title, contact.first_name) == (before.title, before.first_name)
    entry = ErrorEntry.objects.open().get(operation="pull")
    assert entry.attempts == 2
    assert services.sync_states([contact])[contact.pk].state == "synced"


def test_the_entry_closes_when_a_later_pull_stores_the_record(synced: Connection, org: Org) -> None:
    odd = org.create("Contact", LastName="Odd", Title=TITLE)
    pull_all()
    org.update("Contact", odd, Title="Keeper")

    pull_all()

    entry = ErrorEntry.objects.get(operation="pull")
    assert entry.closed_at
    assert Contact.objects.get(crm_id=odd).title == "Keeper"


def test_a_retry_pulls_the_record_again(
    synced: Connection, org: Org, django_capture_on_commit_callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = org.create("Contact", LastName="Odd", Title=TITLE)
    pull_all()
    calls = []
    monkeypatch.setattr(services, "async_task", lambda name, *args: calls.append((name, args)))

    with django_capture_on_commit_callbacks(execute=True):
        assert services.retry(list(ErrorEntry.objects.open()), UserFactory()) == 1
    ((_, arguments),) = calls
    still = tasks.pull_remote(*arguments)
    org.update("Contact", odd, Title="Keeper")
    stored = tasks.pull_remote(*arguments)

    assert (still.failed, still.looked_at) == (1, 1)
    assert (stored.created, stored.looked_at) == (1, 1)
    assert Contact.objects.filter(crm_id=odd).exists()
    assert not ErrorEntry.objects.open().exists()
