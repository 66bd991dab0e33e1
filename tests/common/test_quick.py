"""Quick search."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from common import quick
from common.models import Origin, Workspace
from tests.factories import AccountFactory, AdminFactory, ContactFactory, DealFactory, UserFactory
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def found(client: Client, text: str) -> dict[str, list[str]]:
    groups = client.get("/search/", {"q": text}, headers=HTMX).context["groups"]
    return {group.title: [hit.label for hit in group.hits] for group in groups}


def test_a_stranger_signs_in_first(client: Client) -> None:
    assertRedirects(client.get("/search/?q=a"), "/auth/login/?next=/search/%3Fq%3Da")


@pytest.mark.usefixtures("user")
class TestSearch:
    def test_it_finds_records_of_every_kind_with_what_tells_them_apart(self, client: Client) -> None:
        account = AccountFactory(name="Ácme Robots", website="https://acme.example", city="Hamburg")
        ContactFactory(first_name="Ann", last_name="Roe", title="CEO", account=account, email="ann@acme.example")
        DealFactory(name="Acme pilot", amount=1200, currency="EUR")

        response = client.get("/search/", {"q": "acm"}, headers=HTMX)

        groups = {group.title: [(hit.label, hit.hint) for hit in group.hits] for group in response.context["groups"]}
        assert groups == {
            "Contacts": [("Ann Roe", "CEO · Ácme Robots")],
            "Accounts": [("Ácme Robots", "acme.example · Hamburg")],
            "Deals": [("Acme pilot", "Qualification · 1,200 EUR")],
        }

    def test_whose_name_begins_so_comes_first_and_the_rest_is_in_the_list(self, client: Client) -> None:
        for number in range(quick.SHOWN + 1):
            ContactFactory(last_name=f"Abel {number}", company_name="Zeta & Co")
        ContactFactory(last_name="Zeta")

        response = client.get("/search/", {"q": "zeta & co"}, headers=HTMX)
        group = client.get("/search/", {"q": "zet"}, headers=HTMX).context["groups"][0]

        assertContains(response, "/contacts/?q=zeta+%26+co")
        assert group.hits[0].label == "Ann Zeta"
        assert len(group.hits) == quick.SHOWN

    def test_pages_and_commands_are_found_by_the_beginnings_of_their_words(self, client: Client) -> None:
        assert found(client, "new co") == {"Do": ["New contact"]}
        assert found(client, "dea")["Go to"] == ["Deals"]
        assert found(client, "settings yo")["Go to"] == ["You"]
        assert found(client, "eal") == {}

    def test_without_letters_it_offers_what_there_is(self, client: Client) -> None:
        ContactFactory()

        groups = found(client, "")

        assert list(groups) == ["Do", "Go to"]
        assert "Contacts" in groups["Go to"]
        assert "You" not in groups["Go to"]

    def test_one_letter_searches_no_records(self, client: Client) -> None:
        ContactFactory(last_name="Xu")

        assertContains(client.get("/search/", {"q": "x"}, headers=HTMX), "at least two letters")

    @pytest.mark.parametrize("text", ["\x00", "'; drop", "a" * 5000, "\\", ":* & |", "Ω≈ç√", "𝔸𝔹"])
    def test_whatever_is_typed_is_searched_for(self, client: Client, text: str) -> None:
        assert client.get("/search/", {"q": text}).status_code == 200

    def test_its_queries_do_not_grow_with_what_it_finds(self, client: Client) -> None:
        account = AccountFactory(name="Acme")
        ContactFactory(company_name="Acme", account=account)
        with CaptureQueries() as few:
            client.get("/search/", {"q": "acme"})
        for _ in range(4):
            ContactFactory(company_name="Acme", account=AccountFactory(name="Acme"))
            DealFactory(name="Acme")

        with CaptureQueries() as many:
            client.get("/search/", {"q": "acme"})

        assert len(many) == len(few)

    def test_without_javascript_it_is_a_page(self, client: Client) -> None:
        AccountFactory(name="Acme")

        response = client.get("/search/", {"q": "acme"})

        assertContains(response, "<h1")
        assertContains(response, 'value="acme"')


def test_members_find_what_they_may_see(client: Client, user: User) -> None:
    Workspace.objects.create(pk=1, pulled_seen_by=Workspace.SeenBy.OWNERS)
    ContactFactory(last_name="Acme theirs", origin=Origin.CRM_PULL, owner=UserFactory())
    ContactFactory(last_name="Acme hidden", is_hidden=True)
    ContactFactory(last_name="Acme mine", origin=Origin.CRM_PULL, owner=user)

    assert found(client, "acme") == {"Contacts": ["Ann Acme mine"]}


def test_pages_of_admins_are_found_by_admins_alone(client: Client, user: User) -> None:
    assert "Go to" not in found(client, "people")
    client.force_login(AdminFactory())

    assert found(client, "people")["Go to"] == ["People"]


def test_every_page_offers_it(client: Client, user: User) -> None:
    assertContains(client.get("/"), 'id="quick"')
    client.logout()
    assertNotContains(client.get("/auth/login/"), 'id="quick"')
