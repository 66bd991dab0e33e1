"""Whom of the directory the CRM has: kept however contacts come, change and go."""

from typing import Any

import pytest

from common import merging
from common.bulk import create_rows
from contacts.models import Contact
from directory.loading import load_companies, load_prospects
from directory.models import Company, Prospect
from tests.factories import AccountFactory, ContactFactory

pytestmark = pytest.mark.django_db


def load(*addresses: str) -> None:
    load_prospects([{"key": address, "last_name": "Sample", "email": address} for address in addresses])


def known() -> dict[str, int | None]:
    return dict(Prospect.objects.values_list("key", "contact_id"))


def test_whoever_is_a_contact_when_the_directory_is_loaded_is_known() -> None:
    ada = ContactFactory(email="Ada@acme.example")
    bo = ContactFactory(email="bo@acme.example", other_emails=["bo@old.example"])

    load("ADA@acme.example", "bo@old.example", "new@acme.example")

    assert known() == {"ADA@acme.example": ada.pk, "bo@old.example": bo.pk, "new@acme.example": None}


@pytest.mark.parametrize("values", [{"email": "Ada@acme.example"}, {"other_emails": ["ada@acme.example"]}])
def test_a_new_contact_is_known_at_once(values: dict[str, Any]) -> None:
    load("ada@acme.example")

    contact = ContactFactory(**values)

    assert known() == {"ada@acme.example": contact.pk}


def test_contacts_that_come_in_bulk_are_known() -> None:
    load("1@acme.example", "2@acme.example")

    create_rows(rows := [Contact(last_name="Sample", email=f"{number}@acme.example") for number in (1, 2)])

    assert known() == {"1@acme.example": rows[0].pk, "2@acme.example": rows[1].pk}


def test_an_address_that_a_contact_gets_makes_it_known() -> None:
    load("ada@acme.example")
    contact = ContactFactory(email="")

    Contact.objects.filter(pk=contact.pk).update(email="ada@acme.example")

    assert known() == {"ada@acme.example": contact.pk}


def test_who_is_deleted_is_net_new_again_unless_another_contact_has_the_address() -> None:
    load("ada@acme.example", "bo@acme.example")
    ada, bo = ContactFactory(email="ada@acme.example"), ContactFactory(email="bo@acme.example")
    second = ContactFactory(email="", other_emails=["bo@acme.example"])

    ada.delete()
    bo.delete()

    assert known() == {"ada@acme.example": None, "bo@acme.example": second.pk}


def test_after_a_merge_the_contact_that_stays_is_known() -> None:
    load("ada@acme.example", "ada@old.example")
    keep, other = ContactFactory(email="ada@acme.example"), ContactFactory(email="ada@old.example")

    merging.merge(keep, other)

    assert known() == {"ada@acme.example": keep.pk, "ada@old.example": keep.pk}


def test_companies_are_known_by_their_domain() -> None:
    load_companies([{"key": name, "name": name, "domain": f"{name}.example"} for name in ("acme", "beta")])

    account = AccountFactory(website="https://www.beta.example/about")

    assert dict(Company.objects.values_list("key", "account_id")) == {"acme": None, "beta": account.pk}


def test_without_an_address_nobody_is_taken_for_anybody() -> None:
    load_prospects([{"key": "1", "last_name": "Sample"}])
    ContactFactory(email="")

    assert known() == {"1": None}
