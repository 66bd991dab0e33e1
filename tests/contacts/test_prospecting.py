"""People of the directory become contacts."""

from threading import Thread

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Account
from activities.lists.services import create_list
from activities.models import Enrolment
from common import jobs
from common.acting import acting_as
from common.models import Job, Origin
from contacts.models import Contact
from contacts.prospecting import save_prospects
from directory.loading import load_companies, load_prospects
from directory.models import Company, Prospect
from tests.factories import AccountFactory, ContactFactory, StepFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[int]:
    load_companies([{"key": "acme", "name": "Acme", "domain": "acme.example", "industry": "Machinery"}])
    load_prospects(
        [
            {
                "key": str(number),
                "first_name": "Ada",
                "last_name": f"Sample {number}",
                "email": f"{number}@acme.example",
                "email_status": "unverified",
                "company_key": "acme",
            }
            for number in range(3)
        ]
    )
    return list(Prospect.objects.order_by("pk").values_list("pk", flat=True))


@pytest.fixture
def kim() -> User:
    return UserFactory()


@pytest.fixture
def as_kim(client: Client, kim: User) -> Client:
    client.force_login(kim)
    return client


def act(client: Client, action: str, ids: list[int], **data: str) -> None:
    response = client.post("/records/prospect/act/", {"action": action, "ids": ids, "confirm": "1", **data})
    assert response.status_code == 302


def test_who_is_saved_is_a_contact_of_an_account_and_of_whoever_saved_them(people: list[int], kim: User) -> None:
    with acting_as(kim):
        save_prospects(people)

    account = Account.objects.get()
    assert (account.name, account.domain, account.industry, account.owner) == ("Acme", "acme.example", "Machinery", kim)
    assert {(one.account, one.owner, one.origin, one.email_status) for one in Contact.objects.all()} == {
        (account, kim, Origin.PROSPECTING, "unverified")
    }
    assert Company.objects.get().account_id == account.pk


def test_saving_twice_makes_nobody_twice(people: list[int]) -> None:
    first = save_prospects(people[:2]).contacts

    assert {**save_prospects(people).contacts, **first} == save_prospects(people).contacts
    assert Contact.objects.count() == 3


def test_who_the_crm_has_stays_as_they_are(people: list[int]) -> None:
    contact = ContactFactory(first_name="Adele", email="0@acme.example")

    assert save_prospects(people[:1]).contacts == {people[0]: contact.pk}
    assert Contact.objects.get().first_name == "Adele"


def test_an_account_of_the_domain_is_taken(people: list[int]) -> None:
    account = AccountFactory(website="acme.example")

    save_prospects(people)

    assert set(Contact.objects.values_list("account", flat=True)) == {account.pk}


def test_two_entries_of_one_address_are_one_contact() -> None:
    for source in ("loaded", "other"):
        load_prospects([{"key": "1", "last_name": "Sample", "email": "ada@acme.example"}], source=source)

    assert len(set(save_prospects(Prospect.objects.values_list("pk", flat=True)).contacts.values())) == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_who_save_the_same_at_once_make_them_once(people: list[int]) -> None:
    def save(ids: list[int]) -> None:
        save_prospects(ids)
        connection.close()

    threads = [Thread(target=save, args=[ids]) for ids in (people[:2], people[1:], people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (Contact.objects.count(), Account.objects.count()) == (3, 1)


def test_the_button_of_a_row_saves_and_says_so(as_kim: Client, people: list[int]) -> None:
    assert f"/contacts/save/{people[0]}/" in as_kim.get("/directory/").content.decode()

    answer = as_kim.post(f"/contacts/save/{people[0]}/").content.decode()

    assert Contact.objects.get().get_absolute_url() in answer
    assert "Saved" in answer


def test_a_selection_is_saved_to_a_list(as_kim: Client, kim: User, people: list[int]) -> None:
    with acting_as(kim):
        present = create_list(name="Spring", record_kind="contact")

    act(as_kim, "save_to_list", people, name="Spring")

    assert present.members.count() == 3


def test_a_selection_is_saved_and_enrolled(as_kim: Client, people: list[int]) -> None:
    step = StepFactory()

    act(as_kim, "save_and_enrol", people, sequence=str(step.sequence.pk))

    assert Enrolment.objects.filter(sequence=step.sequence).count() == 3


def test_all_that_match_are_saved(as_kim: Client, people: list[int]) -> None:
    act(as_kim, "save", [], all="1", query="q=sample")
    jobs.run(Job.objects.get().pk)

    assert Contact.objects.count() == len(people)
