"""Which records look like one, and what people decide about them."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains

from common import duplicates, merging, timeline
from common.models import DuplicatePair
from contacts.models import Contact
from contacts.services import delete_contact
from tests.factories import AccountFactory, ContactFactory, UserFactory

pytestmark = pytest.mark.django_db


def likes(record: Contact) -> dict[int, str]:
    return {other.pk: pair.reason for other, pair in duplicates.duplicates_of(record)}


def test_people_are_alike_by_any_known_address() -> None:
    first = ContactFactory(email="Ann@Acme.example")
    second = ContactFactory(email="ann@acme.example")
    third = ContactFactory(email="else@where.example", other_emails=["ann@acme.example"])
    ContactFactory(email="other@acme.example")

    assert set(likes(first)) == {second.pk, third.pk}
    assert set(likes(third)) == {first.pk, second.pk}


def test_people_are_alike_by_name_and_company_but_not_by_name_alone() -> None:
    account = AccountFactory()
    first = ContactFactory(first_name="Jo", last_name="Doe", email="", account=account)
    same = ContactFactory(first_name="jo", last_name="DOE", email="", account=account)
    ContactFactory(first_name="Jo", last_name="Doe", email="")

    assert likes(first) == {same.pk: "Same name and account."}


def test_a_free_mail_domain_is_no_company() -> None:
    first = ContactFactory(first_name="Jo", last_name="Doe", email="a@gmail.com")
    ContactFactory(first_name="Jo", last_name="Doe", email="b@gmail.com")
    third = ContactFactory(first_name="Jo", last_name="Doe", email="c@acme.example")
    fourth = ContactFactory(first_name="Jo", last_name="Doe", email="d@acme.example")

    assert likes(first) == {}
    assert likes(third) == {fourth.pk: "Same name and e-mail domain."}


def test_accounts_are_alike_by_domain_else_by_name() -> None:
    first = AccountFactory(name="Acme", website="https://www.acme.example")
    same = AccountFactory(name="Acme Inc", website="acme.example/about")
    named = AccountFactory(name="ACME")
    AccountFactory(name="Acme", website="acme-other.example")

    assert likes(first) == {same.pk: "Same domain.", named.pk: "Same name."}  # type: ignore[arg-type]


def test_what_is_alike_no_more_is_forgotten() -> None:
    first, second = ContactFactory(email="a@a.example"), ContactFactory(email="a@a.example")

    second.email = "b@b.example"
    second.save(update_fields=["email"])

    assert likes(first) == {}


def test_two_that_people_called_two_stay_two() -> None:
    first, second = ContactFactory(email="a@a.example"), ContactFactory(email="a@a.example")

    duplicates.dismiss(second, first)
    first.save()

    assert likes(first) == {}
    assert DuplicatePair.objects.get().dismissed_at


def test_a_merged_or_deleted_one_is_no_duplicate_any_more() -> None:
    first, second, third = (ContactFactory(email="a@a.example") for _ in range(3))

    merging.merge(first, second)
    delete_contact(third.pk)

    assert likes(first) == {}


def test_a_hundred_of_one_address_are_not_thousands_of_pairs() -> None:
    Contact.objects.bulk_create(Contact(last_name=f"{number}", email="info@a.example") for number in range(100))

    duplicates.find("contact", list(Contact.objects.values_list("pk", flat=True)), is_new=True)

    assert DuplicatePair.objects.count() <= 500


def test_the_timeline_tells_of_a_potential_duplicate() -> None:
    first, second = ContactFactory(email="a@a.example"), ContactFactory(email="a@a.example")

    entries, _ = timeline.entries(first)

    assert [entry.url for entry in entries if entry.title.startswith("Potential duplicate")] == [
        second.get_absolute_url()
    ]


def test_a_record_s_page_and_list_say_that_it_looks_like_others(client: Client) -> None:
    client.force_login(UserFactory())
    first, _, _ = (ContactFactory(email="a@a.example") for _ in range(3))
    ContactFactory()

    assertContains(client.get(f"/contacts/{first.pk}/"), "Potential duplicates: 2")
    assertContains(client.get("/contacts/"), "Potential duplicates: 2", count=3)
