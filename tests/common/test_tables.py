"""List pages: what is shown, filtered and kept of them, whatever the kind of record."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from common.models import CustomField, Origin, SavedView
from common.visibility import let_see_pulled
from tests.factories import (
    AccountFactory,
    AdminFactory,
    ContactFactory,
    CustomFieldFactory,
    DealFactory,
    UserFactory,
)
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
VIEWS = "/records/contact/views/"


def names(client: Client, **query: str) -> list[str]:
    return [contact.last_name for contact in client.get("/contacts/", query, headers=HTMX).context["page"]]


def heads(client: Client, address: str = "/contacts/") -> list[str]:
    return [column.label for column in client.get(address, headers=HTMX).context["columns"]]


@pytest.mark.usefixtures("user")
class TestFilters:
    def test_hidden_records_are_listed_when_they_are_asked_for(self, client: Client) -> None:
        ContactFactory(last_name="Abel")
        ContactFactory(last_name="Hidden", is_hidden=True)

        assert names(client) == ["Abel"]
        assert names(client, hidden="yes") == ["Hidden"]

    def test_records_are_found_by_their_origin(self, client: Client) -> None:
        ContactFactory(last_name="Abel")
        ContactFactory(last_name="Pulled", origin=Origin.CRM_PULL)

        assert names(client, origin="crm_pull") == ["Pulled"]

    def test_contacts_are_found_by_words_of_their_account(self, client: Client) -> None:
        ContactFactory(last_name="Abel", account=AccountFactory(name="Élan Vital"))
        ContactFactory(last_name="Other", account=AccountFactory(name="Acme"))

        assert names(client, of_company="elan") == ["Abel"]

    @pytest.mark.parametrize(
        ("type_", "stored", "asked"),
        [
            ("picklist", "Gold", "Gold"),
            ("multi_picklist", ["Gold", "Silver"], "Silver"),
            ("boolean", True, "yes"),
            ("number", 5, "5.0"),
            ("date", "2026-03-01", "2026-03-01"),
            ("text", "Blue", "Blue"),
        ],
    )
    def test_records_are_found_by_a_custom_field(self, client: Client, type_: str, stored: object, asked: str) -> None:
        CustomFieldFactory(key="tier", type=CustomField.Type(type_), choices=["Gold", "Silver"])
        ContactFactory(last_name="Abel", custom={"tier": stored})
        ContactFactory(last_name="Other", custom={})

        assert names(client, custom_tier=asked) == ["Abel"]
        assert names(client, custom_tier="") == ["Abel", "Other"]

    @pytest.mark.parametrize("type_", ["long_text", "datetime"])
    def test_nobody_filters_by_whole_texts_or_moments_and_the_page_says_so(self, client: Client, type_: str) -> None:
        CustomFieldFactory(key="notes", label="Last seen", type=CustomField.Type(type_))
        CustomFieldFactory(key="tier", type="text")
        ContactFactory(last_name="Abel")

        page = client.get(reverse("record_filters", args=["contact"]))

        assertContains(page, 'name="custom_tier"')
        assertNotContains(page, 'name="custom_notes"')
        assertContains(page, "No filter finds the values of Last seen")

    def test_filters_that_are_folded_away_come_when_they_are_unfolded_or_in_use(self, client: Client) -> None:
        CustomFieldFactory(key="tier", type="text")
        ContactFactory(last_name="Abel", custom={"tier": "Gold"})

        assertNotContains(client.get("/contacts/"), 'name="custom_tier"')
        assertContains(client.get("/contacts/?custom_tier=Gold"), 'name="custom_tier" value="Gold"')
        assert client.get(reverse("record_filters", args=["nothing"])).status_code == 404

    @pytest.mark.parametrize(
        ("most", "plenty", "count"),
        [(10_000, 10_000, "52"), (20, 10_000, ("about", "over")), (20, 0, ("about", "over"))],
    )
    def test_what_a_value_finds_is_counted_and_stands_in_order_page_by_page(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, most: int, plenty: int, count: str
    ) -> None:
        monkeypatch.setattr("common.paging.READ_COUNT", most)
        monkeypatch.setattr("common.paging.PLENTY", plenty)
        CustomFieldFactory(key="tier", type="text")
        for number in (51, *range(51)):
            ContactFactory(last_name=f"Roe {number:02}", custom={"tier": "Gold"})
        ContactFactory(last_name="Roe 07", custom={"tier": "Silver"})
        ContactFactory(last_name="Roe 08", custom={"tier": "Gold"}, is_hidden=True)

        first = client.get("/contacts/", {"custom_tier": "Gold"}).context["page"]
        second = client.get(f"/contacts/{first.next_url}").context["page"]

        assert str(first.count).startswith(count)
        assert [contact.last_name for contact in [*first, *second]] == [f"Roe {number:02}" for number in range(52)]

    def test_what_a_value_finds_is_kept_to_whom_it_is_seen_by(self, client: Client, user: User) -> None:
        let_see_pulled("owners")
        CustomFieldFactory(key="tier", type="text")
        gold = {"custom": {"tier": "Gold"}, "origin": Origin.CRM_PULL}
        ContactFactory(last_name="Abel", owner=user, **gold)
        ContactFactory(last_name="Other", owner=AdminFactory(), **gold)

        assert names(client, custom_tier="Gold") == ["Abel"]

    def test_one_letter_is_not_searched_for_and_the_page_says_so(self, client: Client) -> None:
        ContactFactory(last_name="Abel")

        assertContains(client.get("/contacts/", {"q": "x"}), "Type at least two letters")
        assertNotContains(client.get("/contacts/", {"q": "ab"}), "Type at least two letters")

    def test_a_search_that_finds_very_many_shows_names_that_begin_so_and_says_that_there_are_more(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("common.search.FOUND", 2)
        for title in ("Ring maker", "Ringer"):
            ContactFactory(last_name="Abel", title=title)
        for last_name in ("Ringo", "Ring"):
            ContactFactory(last_name=last_name)

        response = client.get("/contacts/", {"q": "ring"}, headers=HTMX)

        assert [contact.last_name for contact in response.context["page"]] == ["Ring", "Ringo"]
        assertContains(response, "More than 1,000 contacts match")

    def test_of_very_many_names_that_begin_so_the_first_are_shown(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("common.search.FOUND", 2)
        for last_name in ("Ringo", "Ring", "Ringer"):
            ContactFactory(last_name=last_name)

        response = client.get("/contacts/", {"q": "ring"}, headers=HTMX)

        assert [contact.last_name for contact in response.context["page"]] == ["Ring", "Ringer"]
        assertContains(response, "More than 1,000 contacts match")

    def test_what_is_filtered_stays_when_the_next_page_is_asked_for(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(51):
            ContactFactory(last_name=f"Roe {number:02}", title="Buyer")
        ContactFactory(last_name="Abel")

        page = client.get("/contacts/", {"q": "buyer"}).context["page"]

        assert [contact.last_name for contact in client.get(f"/contacts/{page.next_url}").context["page"]] == ["Roe 50"]


@pytest.mark.usefixtures("user")
class TestColumns:
    def test_they_are_chosen_and_stay_chosen(self, client: Client) -> None:
        CustomFieldFactory(key="tier", label="Tier")
        ContactFactory(last_name="Abel", custom={"tier": "Gold"}, phone="+1 555 0100")

        answer = client.post("/records/contact/columns/", {"columns": ["custom_tier", "phone", "x"], "query": "q=abel"})

        assertRedirects(answer, "/contacts/?q=abel")
        response = client.get("/contacts/")
        assert heads(client) == ["Tier", "Phone"]
        assertContains(response, "Gold")
        assertContains(response, "tel:+15550100")

    def test_they_stand_in_the_order_that_was_chosen_and_are_offered_in_it(self, client: Client) -> None:
        ContactFactory()
        client.post("/records/contact/columns/", {"columns": ["phone", "title", "account"]})

        offered = client.get("/contacts/").context["offered"]

        assert heads(client) == ["Phone", "Title", "Account"]
        assert [column.key for column, is_chosen in offered if is_chosen] == ["phone", "title", "account"]
        assert [column.key for column, _ in offered[:3]] == ["phone", "title", "account"]
        assert len({column.key for column, _ in offered}) == len(offered) > 3

    def test_none_are_those_at_first(self, client: Client) -> None:
        ContactFactory()
        client.post("/records/contact/columns/", {"columns": ["phone"]})
        client.post("/records/contact/columns/", {})

        assert heads(client) == ["Account", "Stage", "Owner"]

    def test_they_are_each_persons_own(self, client: Client) -> None:
        ContactFactory()
        client.post("/records/contact/columns/", {"columns": ["phone"]})
        client.force_login(UserFactory())

        assert heads(client) == ["Account", "Stage", "Owner"]

    def test_a_column_whose_custom_field_is_gone_is_left_out(self, client: Client) -> None:
        field = CustomFieldFactory(key="tier")
        ContactFactory()
        client.post("/records/contact/columns/", {"columns": ["custom_tier", "phone"]})
        field.delete()

        assert heads(client) == ["Phone"]

    @pytest.mark.parametrize("path", ["/contacts/", "/accounts/", "/deals/"])
    def test_all_of_them_cost_the_same_number_of_queries_whatever_the_rows(self, client: Client, path: str) -> None:
        kind = path.strip("/")[:-1]
        owner, account = UserFactory(), AccountFactory(parent=AccountFactory())
        make = {
            "contact": lambda: ContactFactory(owner=owner, account=AccountFactory()),
            "account": lambda: AccountFactory(owner=owner, parent=account),
            "deal": lambda: DealFactory(owner=owner, account=AccountFactory()),
        }[kind]
        make()
        offered = [column.key for column, _ in client.get(path).context["offered"]]
        client.post(f"/records/{kind}/columns/", {"columns": offered})
        with CaptureQueries() as few:
            assert len(client.get(path).context["columns"]) == len(offered)
        for _ in range(5):
            make()
        with CaptureQueries() as many:
            client.get(path)

        assert len(many) == len(few)


class TestViews:
    def save(self, client: Client, name: str = "Buyers", **values: object) -> SavedView:
        client.post(VIEWS, {"name": name, "query": "q=buyer&after=x&owner=", **values})
        return SavedView.objects.get(name=name)

    def test_a_view_shows_what_was_asked_for_with_its_columns(self, client: Client, user: User) -> None:
        ContactFactory(last_name="Abel", title="Buyer")
        ContactFactory(last_name="Other", title="Boss")

        answer = client.post(VIEWS, {"name": "Buyers", "query": "q=buyer&after=x&owner=", "columns": ["title", "nope"]})

        view = SavedView.objects.get()
        assertRedirects(answer, f"/contacts/?q=buyer&view={view.pk}")
        response = client.get(f"/contacts/{view.address}")
        assert [contact.last_name for contact in response.context["page"]] == ["Abel"]
        assert heads(client, f"/contacts/{view.address}") == ["Title"]
        assertContains(response, "Buyers")

    def test_it_is_the_persons_own_until_it_is_shared(self, client: Client, user: User) -> None:
        view, other = self.save(client), Client()
        other.force_login(UserFactory())
        assertNotContains(other.get(f"/contacts/{view.address}"), "Buyers")

        client.post(f"{VIEWS}{view.pk}/", {"is_shared": "yes"})

        ContactFactory()
        assertContains(other.get("/contacts/"), "Buyers")

    @pytest.mark.parametrize(("role", "status"), [("member", 404), ("admin", 302)])
    def test_others_do_not_change_a_shared_view_but_admins_may_delete_it(
        self, client: Client, user: User, role: str, status: int
    ) -> None:
        view = self.save(client, is_shared="on")
        client.force_login(AdminFactory() if role == "admin" else UserFactory())

        assert client.post(f"{VIEWS}{view.pk}/", {"query": "q=x"}).status_code == 404
        assert client.post(f"{VIEWS}{view.pk}/delete/").status_code == status
        assert SavedView.objects.exists() is (status == 404)

    def test_a_view_that_is_not_shared_is_not_even_an_admins(self, client: Client, user: User) -> None:
        view = self.save(client)
        client.force_login(AdminFactory())

        assert client.post(f"{VIEWS}{view.pk}/delete/").status_code == 404

    def test_a_changed_view_is_saved_or_left(self, client: Client, user: User) -> None:
        view = self.save(client)
        ContactFactory(title="Buyer")
        assertNotContains(client.get(f"/contacts/{view.address}"), "Save changes")
        assertContains(client.get(f"/contacts/?view={view.pk}&q=boss"), "Save changes")

        client.post(f"{VIEWS}{view.pk}/", {"query": "q=boss"})

        view.refresh_from_db()
        assert view.query == "q=boss"

    def test_a_view_of_the_same_name_is_replaced_and_one_without_a_name_refused(
        self, client: Client, user: User
    ) -> None:
        self.save(client)
        client.post(VIEWS, {"name": "Buyers", "query": "q=boss"})
        client.post(VIEWS, {"name": " ", "query": "q=x"})

        assert SavedView.objects.get().query == "q=boss"

    def test_columns_chosen_on_ones_view_are_the_views(self, client: Client, user: User) -> None:
        view = self.save(client)
        ContactFactory(title="Buyer")

        client.post("/records/contact/columns/", {"columns": ["phone"], "query": view.query, "view": view.pk})

        assert heads(client, f"/contacts/{view.address}") == ["Phone"]
        assert heads(client) == ["Account", "Stage", "Owner"]

    def test_views_of_a_kind_stay_with_it(self, client: Client, user: User) -> None:
        view = self.save(client)
        AccountFactory()

        assert client.get("/accounts/").context["views"] == []
        assert client.post(f"/records/account/views/{view.pk}/delete/").status_code == 404
        assert client.post("/records/nonsense/views/", {"name": "x"}).status_code == 404
