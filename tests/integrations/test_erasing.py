"""Erasing a person for good, here and in Salesforce."""

import json
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains
from rest_framework.test import APIClient

from activities.models import Activity
from common import erasing, merging, trash
from common.acting import acting_as
from common.models import DeletedRecord, Erasure, KeptReply
from contacts import services
from contacts.models import Contact
from deals.models import Deal, DealContact
from integrations import deletions
from integrations.models import Connection, DeletionSettings, Outbox, RecordLink, SyncEvent
from integrations.services import Refused
from tests.conftest import pull_all, push_all
from tests.factories import ActivityFactory, ContactFactory, DealFactory, UserFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
SECRET = "Zebulon"


def everything() -> str:
    """All rows of all tables, as text."""
    models = [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]
    return "".join(json.dumps([str(row) for row in model._base_manager.values()]) for model in models)


def a_person() -> Contact:
    """Somebody of whom many tables tell."""
    person = ContactFactory(last_name=SECRET, email="zeb@zeb.example", title=f"{SECRET}’s title")
    services.update_contact(person.pk, {"title": f"{SECRET}, CEO"})
    ActivityFactory(contact=person, subject=f"{SECRET} called")
    deal = DealFactory()
    DealContact.objects.create(deal=deal, contact=person)
    SyncEvent.objects.create(
        record_kind="deal", record_id=deal.pk, kind="pushed", changes={f"Contact {person}": ["", "Takes part"]}
    )
    SyncEvent.objects.create(record_kind="contact", record_id=person.pk, kind="pushed", summary=f"{SECRET} was pushed.")
    other = ContactFactory(last_name=f"{SECRET} twice", email="zeb@zeb.example")
    merging.merge(person, other)
    return person


def test_nothing_tells_of_the_person_afterwards(admin: User) -> None:
    person = a_person()
    assert SECRET in everything()

    with acting_as(admin):
        erasing.erase("contact", person.pk, elsewhere=False)

    told = everything()
    assert SECRET not in told
    assert "zeb@zeb.example" not in told
    assert set(Erasure.objects.values_list("erased_by", flat=True)) == {admin.pk}


def test_one_who_was_deleted_before_is_erased_as_well(admin: User) -> None:
    person = a_person()
    services.delete_contact(person.pk)

    erasing.erase("contact", person.pk, elsewhere=False)

    assert SECRET not in everything()
    assert not DeletedRecord.objects.exists()
    with pytest.raises(LookupError):
        erasing.erase("contact", person.pk, elsewhere=False)


def test_what_went_with_another_record_is_erased_as_well(admin: User) -> None:
    person, deal, other = ContactFactory(last_name=SECRET), DealFactory(), ContactFactory()
    ActivityFactory(contact=person, deal=deal, subject=f"{SECRET} called")
    kept = ActivityFactory(contact=other, deal=deal, subject="Somebody else called")
    DealContact.objects.create(deal=deal, contact=person, role=SECRET)
    SyncEvent.objects.create(
        record_kind="deal", record_id=deal.pk, kind="pushed", changes={f"Contact {person}": ["", "Takes part"]}
    )
    trash.delete_records(Deal, [deal.pk])

    with acting_as(admin):
        erasing.erase("contact", person.pk, elsewhere=False)

    assert SECRET not in everything()
    trash.restore("deal", deal.pk)
    assert Activity.objects.get().pk == kept.pk


@pytest.mark.parametrize("sent", ["alone", "among_many", "as_an_activity"])
def test_the_rest_api_does_not_answer_with_the_person_again(admin: User, sent: str) -> None:
    client = APIClient()
    client.force_authenticate(admin)
    person, other = ContactFactory(), {"last_name": "Roe", "email": "other@acme.example"}

    def post(path: str, key: str, body: Any) -> Any:
        return client.post(f"/api/v1/{path}", body, headers={"Idempotency-Key": key}).json()

    post("contacts/", "another", other)
    match sent:
        case "alone":
            pk = post("contacts/", sent, {"last_name": SECRET})["id"]
        case "among_many":
            pk = post("contacts/bulk/", sent, {"records": [{"last_name": SECRET}]})["results"][0]["id"]
        case _:
            pk = person.pk
            post("activities/", sent, {"kind": "call", "subject": f"{SECRET} called", "contact": pk})
    assert SECRET in everything()

    with acting_as(admin):
        erasing.erase("contact", pk, elsewhere=False)

    assert SECRET not in everything()
    assert KeptReply.objects.get().key == "another"


def test_the_tombstone_keeps_them_from_coming_back(synced: Connection, org: Org) -> None:
    person = Contact.objects.filter(crm_object="Contact").first()

    erasing.erase("contact", person.pk, elsewhere=False)
    push_all()
    org.update("Contact", person.crm_id, Title="Edited there")
    pull_all()

    assert org.get("Contact", person.crm_id)["Title"] == "Edited there"
    assert not Contact.objects.filter(crm_id=person.crm_id).exists()
    link = RecordLink.objects.get(deleted_id=person.pk)
    assert (link.base, link.note) == ({}, "")
    with pytest.raises(Refused):
        deletions.bring_back(link)


def test_if_chosen_they_go_there_as_well_and_an_undelete_does_not_bring_them_back(
    synced: Connection, org: Org, admin: User
) -> None:
    person = Contact.objects.filter(crm_object="Contact").first()

    with acting_as(admin):
        erasing.erase("contact", person.pk, elsewhere=True)
    push_all()

    assert not org.query(f"SELECT Id FROM Contact WHERE Id = '{person.crm_id}'")
    pull_all()
    org.control("undelete", ids=[person.crm_id])
    pull_all()
    assert not Contact.objects.filter(crm_id=person.crm_id).exists()
    assert not Outbox.objects.exists()


class TestPage:
    def test_it_says_what_goes_and_asks_whether_one_is_sure(self, admin_client: Client) -> None:
        person = a_person()
        place = f"/settings/erase/contact/{person.pk}/"

        assertContains(admin_client.get(f"/contacts/{person.pk}/delete/"), place)
        assertContains(admin_client.get(place), "1 activity")
        answer = admin_client.post(place)
        assertContains(answer, "Tick this first", status_code=422)
        assert Contact.objects.filter(pk=person.pk).exists()

        answer = admin_client.post(place, {"sure": "on"}, follow=True)

        assertContains(answer, "The person was erased.")
        assert not Contact.objects.filter(pk=person.pk).exists()
        assert admin_client.get(place).status_code == 404

    def test_salesforce_is_a_choice_only_where_it_has_the_person(
        self, admin_client: Client, synced: Connection
    ) -> None:
        person = Contact.objects.filter(crm_object="Contact").first()
        place = f"/settings/erase/contact/{person.pk}/"

        assertContains(admin_client.get(place), 'name="elsewhere"')
        DeletionSettings.objects.create(connection=synced, remote_object="Contact", sync_deletes=True)
        assertContains(admin_client.get(place), "Deletion sync is on")
        assertNotContains(admin_client.get(place), 'name="elsewhere"')

    def test_it_is_for_admins_and_people(self, client: Client, admin: User) -> None:
        person, deal = ContactFactory(), DealFactory()
        client.force_login(UserFactory())
        assert client.post(f"/settings/erase/contact/{person.pk}/", {"sure": "on"}).status_code == 403
        assertNotContains(client.get(f"/contacts/{person.pk}/delete/"), "Erase for good")
        client.force_login(admin)
        assert client.get(f"/settings/erase/deal/{deal.pk}/").status_code == 404
