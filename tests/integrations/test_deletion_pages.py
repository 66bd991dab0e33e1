"""The pages of deletions and merges: settings, what they have to do with, and the answer to the brake."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common import trash
from contacts.models import Contact
from contacts.services import delete_contact
from integrations import changes, deletions, tasks
from integrations.models import Connection, DeletionSettings, HeldDeletions, Outbox, RecordLink
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory, UserFactory
from tests.pages import shown
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def save(client: Client, connection: Connection, remote_object: str, **chosen: Any) -> Any:
    prefix = f"deletions-{remote_object}"
    form = shown(changes.bind(connection, "deletions", remote_object))
    form |= {f"{prefix}-{name}": value for name, value in chosen.items()}
    sent = {name: value for name, value in form.items() if value is not None}
    return client.post(reverse("integrations:deletions", args=[remote_object]), sent)


def stop_at(connection: Connection, remote_object: str, **values: Any) -> None:
    defaults = {"sync_deletes": True, **values}
    DeletionSettings.objects.update_or_create(connection=connection, remote_object=remote_object, defaults=defaults)


@pytest.fixture
def stopped(synced: Connection, org: Org) -> HeldDeletions:
    """Twelve contacts were deleted there: too many to follow at once."""
    stop_at(synced, "Contact", most=11)
    for link in RecordLink.objects.live().filter(remote_object="Contact")[:12]:
        org.delete("Contact", link.remote_id)
    pull_all()
    return HeldDeletions.objects.get(decided_at=None)


def test_lead_and_contact_are_set_apart(admin_client: Client, connection: Connection) -> None:
    save(admin_client, connection, "Contact", sync_deletes="on", most="25")

    contact = DeletionSettings.of(connection, "Contact")
    assert (contact.sync_deletes, contact.sync_merges, contact.most) == (True, False, 25)
    assert not DeletionSettings.of(connection, "Lead").sync_deletes


@pytest.mark.parametrize(
    ("name", "value"), [("most", "0"), ("most_percent", "0"), ("most_percent", "101"), ("most", "")]
)
def test_a_brake_that_makes_no_sense_is_refused(
    name: str, value: str, admin_client: Client, connection: Connection
) -> None:
    assert save(admin_client, connection, "Account", **{name: value}).status_code == 422
    assert not DeletionSettings.objects.exists()


def test_opportunities_are_never_merged_so_nothing_is_asked(admin_client: Client, connection: Connection) -> None:
    page = admin_client.get(reverse("integrations:object", args=["deal"])).content.decode()

    assert "deletions-Opportunity-sync_deletes" in page
    assert "sync_merges" not in page


def test_what_deletion_sync_has_to_do_with_is_counted(
    admin_client: Client, synced: Connection, org: Org, admin: User
) -> None:
    links = RecordLink.objects.live().filter(remote_object="Contact")
    total = links.count()
    here, there = links[0], links[1]
    trash.delete_records(Contact, [here.record_id or 0])
    org.delete("Contact", there.remote_id)
    pull_all()

    found = deletions.reach(synced, "Contact")

    assert (found.linked, found.left_there, found.left_here) == (total - 2, 1, 1)
    page = admin_client.get(reverse("integrations:deletions_reach", args=["Contact"])).content.decode()
    assert f"<strong>{total - 2}</strong> contacts are linked" in page


def test_what_the_brake_stopped_is_said_with_names(admin_client: Client, stopped: HeldDeletions) -> None:
    page = admin_client.get(reverse("integrations:object", args=["contact"])).content.decode()
    asked = admin_client.get(reverse("integrations:held", args=[stopped.pk])).content.decode()

    assert "12 of" in page
    assert reverse("integrations:held", args=[stopped.pk]) in page
    name = str(Contact.objects.get(pk=RecordLink.objects.departing().order_by("record_id")[0].record_id))
    assert name in asked


def test_an_admin_keeps_what_the_brake_stopped(admin_client: Client, stopped: HeldDeletions) -> None:
    before = Contact.objects.count()

    admin_client.post(reverse("integrations:held", args=[stopped.pk]), {"answer": "keep"})

    assert Contact.objects.count() == before
    assert not RecordLink.objects.departing().exists()


def test_an_admin_lets_go_on_what_the_brake_stopped(admin_client: Client, stopped: HeldDeletions, admin: User) -> None:
    before = Contact.objects.count()

    admin_client.post(reverse("integrations:held", args=[stopped.pk]), {"answer": "delete"})
    tasks.delete_confirmed(stopped.pk)

    assert Contact.objects.count() == before - 12
    stopped.refresh_from_db()
    assert (stopped.is_confirmed, stopped.decided_by) == (True, admin)


@pytest.mark.parametrize(("follows", "is_linked"), [(True, True), (True, False), (False, True)])
def test_before_a_deletion_it_is_said_that_salesforce_follows(
    admin_client: Client, synced: Connection, follows: bool, is_linked: bool
) -> None:
    stop_at(synced, "Contact", sync_deletes=follows)
    contact = Contact.objects.filter(crm_object="Contact").first() if is_linked else ContactFactory()

    asked = [
        admin_client.get(f"/contacts/{contact.pk}/delete/"),
        admin_client.post("/records/contact/act/", {"action": "delete", "ids": [contact.pk]}),
    ]
    of_all = admin_client.post("/records/contact/act/", {"action": "delete", "all": "1"})

    said = [deletions.DELETION_FOLLOWS in page.content.decode() for page in asked]
    assert said == [follows and is_linked] * 2
    assert (deletions.DELETION_FOLLOWS in of_all.content.decode()) == follows


def test_the_second_answer_is_refused(admin_client: Client, stopped: HeldDeletions) -> None:
    url = reverse("integrations:held", args=[stopped.pk])
    admin_client.post(url, {"answer": "keep"})

    page = admin_client.post(url, {"answer": "delete"}, follow=True).content.decode()

    assert "Somebody has decided this already." in page
    stopped.refresh_from_db()
    assert not stopped.is_confirmed


def test_turning_it_off_takes_back_what_waited(
    admin_client: Client, stopped: HeldDeletions, synced: Connection
) -> None:
    save(admin_client, synced, "Contact", sync_deletes=None)

    assert not RecordLink.objects.departing().exists()
    assert not HeldDeletions.objects.filter(decided_at=None).exists()


def test_turning_it_off_takes_back_deletes_that_were_not_sent(synced: Connection, org: Org, admin: User) -> None:
    stop_at(synced, "Contact")
    link = RecordLink.objects.live().filter(remote_object="Contact").first()
    assert link
    trash.delete_records(Contact, [link.record_id or 0])
    assert Outbox.objects.filter(operation="delete").exists()

    assert deletions.turn_off(synced, "Contact") == 1
    push_all()

    assert org.query(f"SELECT Id FROM Contact WHERE Id = '{link.remote_id}'")


@pytest.mark.parametrize(
    ("name", "args"), [("deletions", ["Contact"]), ("deletions_reach", ["Contact"]), ("held", [1])]
)
def test_members_reach_none_of_it(name: str, args: list[Any], client: Client, connection: Connection) -> None:
    HeldDeletions.objects.create(
        pk=1, connection=connection, remote_object="Contact", side="here", count=1, linked=2, held_at=timezone.now()
    )
    client.force_login(UserFactory())

    assert client.get(reverse(f"integrations:{name}", args=args)).status_code == 403
    assert client.post(reverse(f"integrations:{name}", args=args), {"answer": "delete"}).status_code == 403


@pytest.mark.parametrize("name", ["deletions", "deletions_reach", "conditions"])
def test_an_object_that_there_is_not_has_no_page(name: str, admin_client: Client, connection: Connection) -> None:
    assert admin_client.get(reverse(f"integrations:{name}", args=["Nonsense"])).status_code == 404


def test_what_is_still_there_is_brought_back_from_there(admin_client: Client, synced: Connection) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    delete_contact(contact.pk)
    link = RecordLink.objects.get(deleted_id=contact.pk)

    assert contact.crm_id in admin_client.get("/settings/integrations/salesforce/deleted/").content.decode()
    answer = admin_client.post(f"/settings/integrations/salesforce/deleted/{link.pk}/bring-back/")

    assert answer["Location"] == contact.get_absolute_url()
    assert Contact.objects.get(pk=contact.pk).crm_id == contact.crm_id
