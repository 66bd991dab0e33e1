"""Searching the directory."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from common import paging
from directory import facets
from directory.loading import load_companies, load_prospects
from directory.models import Prospect
from tests.factories import ContactFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client) -> Client:
    load_companies(
        [
            {"key": "a", "name": "Acme", "industry": "Energy", "employees": 40, "country": "Sweden"},
            {"key": "b", "name": "Beta", "industry": "Retail", "employees": 9_000, "country": "Japan"},
        ]
    )
    load_prospects(
        [
            {"key": "1", "last_name": "Nilsson", "title": "Head of Sales", "seniority": "Head", "company_key": "a"},
            {"key": "2", "last_name": "Mori", "title": "Engineer", "seniority": "Senior", "company_key": "b"},
            {"key": "3", "last_name": "Sato", "title": "Sales Manager", "seniority": "Manager", "company_key": "b"},
        ]
    )
    client.force_login(UserFactory())
    return client


def found(page: Client, query: str, path: str = "/directory/") -> set[str]:
    rows = page.get(f"{path}?{query}").context["page"]
    return {str(row) for row in rows}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Nilsson", "Mori", "Sato"}),
        ("q=acme", {"Nilsson"}),
        ("title=sales", {"Nilsson", "Sato"}),
        ("seniority=Head&seniority=Senior", {"Nilsson", "Mori"}),
        ("industry=Retail", {"Mori", "Sato"}),
        ("size=11-50", {"Nilsson"}),
        ("size=11-50&size=5001%2B", {"Nilsson", "Mori", "Sato"}),
        ("industry=Mining", set()),
    ],
)
def test_people_are_found_by_what_they_and_their_companies_are(page: Client, query: str, names: set[str]) -> None:
    assert found(page, query) == names


def test_companies_are_found_by_size_and_country(page: Client) -> None:
    assert found(page, "size=5001%2B&country=Japan", "/directory/companies/") == {"Beta"}


def test_whom_the_crm_has_is_marked_and_can_be_left_out(page: Client) -> None:
    Prospect.objects.filter(key="1").update(contact_id=ContactFactory().pk)

    assert found(page, "known=no") == {"Mori", "Sato"}
    assert "In CRM" in page.get("/directory/?known=yes").content.decode()


def test_facets_count_what_matches_and_keep_what_is_chosen(page: Client) -> None:
    found_facets = page.get("/directory/facets/?industry=Retail&seniority=Head").context["found"].facets
    values = {facet.name: [(one.value, one.count, one.is_chosen) for one in facet.values] for facet in found_facets}

    assert values["industry"] == [("Retail", 0, True)]
    assert values["seniority"] == [("Head", 0, True)]


def test_facets_of_everything(page: Client) -> None:
    by_name = {facet.name: facet for facet in page.get("/directory/facets/").context["found"].facets}

    assert [(one.value, one.count) for one in by_name["industry"].values] == [("Retail", 2), ("Energy", 1)]
    assert [(one.value, one.count) for one in by_name["size"].values] == [("11-50", 1), ("5001+", 2)]


@pytest.mark.parametrize(("most", "is_exact", "told"), [(3, True, "3"), (2, False, ("about", "over"))])
def test_of_very_many_some_are_counted_and_it_is_said(
    page: Client, monkeypatch: pytest.MonkeyPatch, most: int, is_exact: bool, told: str | tuple[str, ...]
) -> None:
    for module in (facets, paging):
        monkeypatch.setattr(module, "READ_COUNT", most)

    assert page.get("/directory/facets/").context["found"].is_exact is is_exact
    assert str(page.get("/directory/").context["page"].count).startswith(told)
    assert found(page, "") == {"Nilsson", "Mori", "Sato"}


def test_what_one_filter_finds_is_not_counted_where_plenty_is_expected(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PLENTY", 0)

    with CaptureQueriesContext(connection) as asked:
        sales = page.get("/directory/", {"title": "sales"}).context["page"]
        both = page.get("/directory/", {"title": "sales", "has_email": "no"}).context["page"]

    assert [person.last_name for person in sales] == [person.last_name for person in both] == ["Nilsson", "Sato"]
    assert not sales.count.is_exact
    assert both.count.is_exact
    assert sum("LIMIT 5001" in query["sql"] for query in asked) == 1


@pytest.mark.parametrize("path", ["/directory/", "/directory/facets/"])
def test_filters_that_exclude_each_other_do_not_read_the_whole_table(page: Client, path: str) -> None:
    with CaptureQueriesContext(connection) as asked:
        page.get(path, {"has_email": "no", "email_status": "verified"})

    texts = [query["sql"] for query in asked]
    counting = next(text for text in texts if "LIMIT 5001" in text)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {counting}")  # where no table may be read from end to end, as it was asked
        plan = str(cursor.fetchall())
    assert texts.index("SET LOCAL enable_seqscan = off") < texts.index(counting)
    assert "prospect_without_email" in plan


def test_a_page_costs_the_same_queries_however_many_are_on_it(
    page: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    load_prospects([{"key": f"x{number}", "last_name": "More", "company_key": "a"} for number in range(40)])
    for number, pk in enumerate(Prospect.objects.values_list("pk", flat=True)[:20]):
        Prospect.objects.filter(pk=pk).update(contact_id=ContactFactory(email=f"{number}@x.example").pk)

    with django_assert_max_num_queries(20):
        page.get("/directory/")


@pytest.mark.parametrize("key", ["1", "2"])
def test_a_person_has_a_page(page: Client, key: str) -> None:
    person = Prospect.objects.select_related("company").get(key=key)

    text = page.get(person.get_absolute_url()).content.decode()

    assert person.title in text
    assert person.company
    assert str(person) in page.get(person.company.get_absolute_url()).content.decode()
