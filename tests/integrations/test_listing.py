"""What the sync adds to lists: the filter by its state, pushing and keeping out many records at once."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from common.models import Job
from contacts.models import Contact
from directory.loading import load_prospects
from directory.models import Prospect
from integrations import services
from integrations.models import Connection, ErrorEntry, Lane, ObjectSettings, Outbox, SkippedRecord
from integrations.sync.state import State, sync_states
from tests.conftest import push_all
from tests.factories import ContactFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _signed_in(client: Client, admin: User) -> None:
    client.force_login(admin)


def do(client: Client, action: str, *rows: Contact | Prospect, kind: str = "contact", **data: Any) -> HttpResponse:
    ids = [row.pk for row in rows]
    return client.post(f"/records/{kind}/act/", {"action": action, "confirm": "yes", "ids": ids, **data})


def found(client: Client, state: State) -> set[Contact]:
    return set(client.get("/contacts/", {"sync": state}, headers=HTMX).context["page"])


def test_the_filter_finds_what_the_badges_say(client: Client, synced: Connection) -> None:
    Outbox.objects.all().delete()
    waiting, failed, skipped, out = (ContactFactory() for _ in range(4))
    Outbox.objects.exclude(record_id=waiting.pk).delete()
    ErrorEntry.objects.create(
        connection=synced, record_kind="contact", record_id=failed.pk, message="No.", operation="create"
    )
    SkippedRecord.objects.create(record_kind="contact", record_id=skipped.pk, at=timezone.now())

    states = {record: one.state for record in Contact.objects.all() for one in sync_states([record]).values()}

    assert states[waiting] == State.WAITING
    assert states[out] == State.NOT_ELIGIBLE
    for state in State:
        assert found(client, state) == {record for record, one in states.items() if one == state}


def test_chosen_records_are_pushed_by_hand(client: Client, synced: Connection) -> None:
    first, second, skipped = (ContactFactory() for _ in range(3))
    Outbox.objects.all().delete()
    person = User.objects.get()
    services.skip(skipped, person)

    do(client, "push", first, second, skipped)

    rows = Outbox.objects.filter(record_kind="contact")
    assert set(rows.values_list("record_id", "lane", "is_manual", "actor")) == {
        (first.pk, Lane.PEOPLE, True, person.pk),
        (second.pk, Lane.PEOPLE, True, person.pk),
    }
    assert Job.objects.get().counts == {"put in the queue": 2, "kept out of the sync": 1}


def test_people_of_the_directory_are_saved_and_pushed_whatever_their_stage(
    client: Client, synced: Connection, org: Org
) -> None:
    load_prospects([{"key": "1", "last_name": "Nilsson", "email": "nilsson@join.example"}])
    ObjectSettings.objects.filter(record_kind="contact").update(push_by_stage=True, push_stages=[])

    do(client, "save_and_push", Prospect.objects.get(), kind="prospect")
    push_all()

    contact = Contact.objects.get(email="nilsson@join.example")
    assert contact.origin == "prospecting"
    assert org.get(contact.crm_object, contact.crm_id)["LastName"] == "Nilsson"
    assert Job.objects.get().counts == {"saved": 1, "put in the queue": 1}


def test_records_are_kept_out_and_let_in_again(client: Client, synced: Connection) -> None:
    first, second = ContactFactory(), ContactFactory()

    do(client, "skip", first, second, what="out")
    assert SkippedRecord.objects.count() == 2
    assert not Outbox.objects.filter(record_kind="contact").exists()

    do(client, "skip", first, what="in")
    assert SkippedRecord.objects.get().record_id == second.pk
    assert Outbox.objects.get(record_kind="contact").record_id == first.pk


def test_during_the_setup_window_the_button_says_why_not(client: Client, connection: Connection) -> None:
    contact = ContactFactory()

    assertContains(client.get("/contacts/"), "The setup window is still open")
    do(client, "push", contact)

    assert not Job.objects.exists()


def test_without_an_org_nothing_is_offered(client: Client) -> None:
    ContactFactory()

    assertNotContains(client.get("/contacts/"), 'value="push"')
    assert do(client, "push", Contact.objects.get()).status_code == 404
