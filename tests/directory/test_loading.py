"""Loading the directory: made once, brought up to date after, and what a change of company leaves behind."""

from typing import Any

import pytest
from django.core.management import call_command

from directory import made_up
from directory.loading import load_companies, load_prospects
from directory.models import Company, Move, Prospect
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def _companies() -> None:
    load_companies([{"key": "a", "name": "Acme", "domain": "www.acme.example"}, {"key": "b", "name": "Beta"}])


def ada(**values: Any) -> dict[str, Any]:
    return {"key": "1", "first_name": "Ada", "last_name": "Sample", "company_key": "a", **values}


@pytest.mark.usefixtures("_companies")
def test_a_company_is_known_by_its_registered_domain() -> None:
    assert Company.objects.get(key="a").domain == "acme.example"


@pytest.mark.usefixtures("_companies")
def test_loading_again_brings_up_to_date_and_doubles_nothing() -> None:
    load_prospects([ada(title="Engineer")])
    load_prospects([ada(title="Director"), ada(title="Chief")])

    assert list(Prospect.objects.values_list("title", "company__name", "company_name")) == [("Chief", "Acme", "Acme")]


@pytest.mark.usefixtures("_companies")
def test_loading_again_keeps_whom_the_crm_has() -> None:
    load_prospects([ada()])
    contact = ContactFactory()
    Prospect.objects.update(contact_id=contact.pk)

    load_prospects([ada(title="Director")])

    assert Prospect.objects.get().contact_id == contact.pk


@pytest.mark.usefixtures("_companies")
def test_who_is_at_another_company_than_before_has_moved() -> None:
    load_prospects([ada(title="Engineer", email="ada@acme.example")])
    load_prospects([ada(title="Director", company_key="b")])
    load_prospects([ada(title="Director", company_key="b")])

    move = Move.objects.get()
    assert (move.from_company, move.from_title, move.from_email) == (
        Company.objects.get(key="a"),
        "Engineer",
        "ada@acme.example",
    )


@pytest.mark.usefixtures("_companies")
def test_a_company_that_becomes_known_is_no_move() -> None:
    load_prospects([ada(company_key="unknown", company_name="Acme")])
    load_prospects([ada()])

    assert not Move.objects.exists()


def test_two_sources_may_use_the_same_key() -> None:
    load_prospects([ada()])
    load_prospects([ada()], source="other")

    assert Prospect.objects.count() == 2


def test_the_demo_has_people_at_companies_of_names_of_their_own() -> None:
    call_command("demo_directory", people=60, companies=30)
    call_command("demo_directory", people=60, companies=30)

    known_companies, known_people = 3, 4  # of the demo's CRM
    assert Company.objects.count() == 30 + known_companies
    assert Prospect.objects.exclude(company=None).count() == 60 + known_people
    assert Move.objects.count() == 2
    assert len({company["name"] for company in made_up.companies(2_000)}) == 2_000
