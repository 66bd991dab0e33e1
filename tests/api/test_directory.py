"""The directory in the REST API: searched, read, saved from."""

from typing import Any

import pytest

from common.models import Workspace
from common.visibility import let_see_pulled
from contacts.models import Contact
from directory.loading import load_companies, load_prospects
from directory.models import Company, Prospect
from tests.api.conftest import V1, Api
from tests.factories import ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _directory(db: None) -> None:
    load_companies(
        [
            {"key": "a", "name": "Acme", "domain": "acme.example", "industry": "Energy", "employees": 40},
            {"key": "b", "name": "Beta", "domain": "beta.example", "industry": "Retail", "employees": 9_000},
        ]
    )
    load_prospects(
        [
            {"key": "1", "last_name": "Berg", "email": "berg@acme.example", "seniority": "VP", "company_key": "a"},
            {"key": "2", "last_name": "Adler", "title": "Head of Sales", "seniority": "Head", "company_key": "b"},
            {"key": "3", "last_name": "Cohn", "seniority": "Senior", "company_key": "b"},
        ]
    )


def key(name: str) -> int:
    return Prospect.objects.get(last_name=name).pk


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Adler", "Berg", "Cohn"]),
        ({"ordering": "-name"}, ["Cohn", "Berg", "Adler"]),
        ({"q": "head sales"}, ["Adler"]),
        ({"seniority": ["VP", "Senior"]}, ["Berg", "Cohn"]),
        ({"industry": "Retail", "size": "5001+"}, ["Adler", "Cohn"]),
        ({"email": "BERG@acme.example"}, ["Berg"]),
        ({"in_crm": "yes"}, []),
        ({"key": "3", "source": "loaded"}, ["Cohn"]),
    ],
)
def test_people_are_searched_as_on_the_page(api: Api, query: dict[str, Any], found: list[str]) -> None:
    assert [one["last_name"] for one in api.page("prospects", **query)["results"]] == found


def test_people_come_in_pages(api: Api) -> None:
    first = api.page("prospects", limit=2)

    second = api.get(first["next"]).json()

    assert [one["last_name"] for one in first["results"] + second["results"]] == ["Adler", "Berg", "Cohn"]


def test_companies_are_searched_and_read(api: Api) -> None:
    (acme,) = api.page("companies", industry="Energy", size="11-50")["results"]

    assert api.one("companies", acme["id"]) == acme
    assert (acme["domain"], acme["in_crm"]) == ("acme.example", False)
    assert api.ids("companies", q="nothing") == []


def test_a_misspelt_filter_is_refused(api: Api) -> None:
    assert api.get(f"{V1}prospects/", {"senority": "VP"}).status_code == 400


def test_who_is_saved_becomes_a_contact_once(api: Api) -> None:
    berg = key("Berg")

    answers = [api.post(f"{V1}prospects/{berg}/save/") for _ in range(2)]

    contact = Contact.objects.get()
    assert [(one.status_code, one.json()["is_new"]) for one in answers] == [(201, True), (200, False)]
    assert {one.json()["contact"] for one in answers} == {contact.pk}
    assert (contact.owner, contact.origin, contact.account and contact.account.name) == (
        api.user,
        "prospecting",
        "Acme",
    )
    assert api.one("prospects", berg)["in_crm"]


def test_many_are_saved_by_one_request(api: Api) -> None:
    chosen = [key("Berg"), key("Cohn"), 2**40]

    results = api.post(f"{V1}prospects/save/", {"ids": chosen}).json()["results"]

    assert [one["prospect"] for one in results] == chosen[:2]
    assert {one["contact"] for one in results} == set(Contact.objects.values_list("pk", flat=True))


def test_whom_somebody_else_has_is_not_shown_to_who_may_not_see(api: Api) -> None:
    let_see_pulled(Workspace.SeenBy.OWNERS)
    ContactFactory(email="berg@acme.example", origin="crm_pull", owner=UserFactory())

    answer = api.post(f"{V1}prospects/{key('Berg')}/save/")

    assert (answer.status_code, answer.json()["contact"]) == (200, None)


def test_who_may_only_read_saves_nobody() -> None:
    reader = Api(UserFactory(role=User.Role.READ_ONLY))

    assert reader.post(f"{V1}prospects/{key('Berg')}/save/").status_code == 403
    assert len(reader.ids("prospects")) == 3


def test_what_is_gone_is_not_found(api: Api) -> None:
    pk = key("Berg")
    Prospect.objects.all().delete()
    Company.objects.all().delete()

    assert api.post(f"{V1}prospects/{pk}/save/").status_code == 404
    assert api.get(f"{V1}prospects/{pk}/").status_code == 404


def test_a_page_costs_the_same_whatever_is_on_it(api: Api, django_assert_num_queries: Any) -> None:
    api.page("prospects")
    for limit in (1, 3):
        with django_assert_num_queries(2):
            api.page("prospects", limit=limit)
