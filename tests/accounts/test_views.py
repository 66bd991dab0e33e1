import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import Account
from common.slots import _fillers
from tests.factories import AccountFactory, ContactFactory, DealFactory, UserFactory
from tests.pages import CaptureQueries, shown
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def user(client: Client, request: pytest.FixtureRequest) -> User | None:
    if "stranger" in request.node.name:
        return None
    user = UserFactory(name="Kim")
    client.force_login(user)
    return user


@pytest.mark.parametrize("path", ["", "new/", "1/", "1/edit/", "1/delete/", "1/lines/name/"])
def test_a_stranger_signs_in_first(client: Client, path: str) -> None:
    assertRedirects(client.get(f"/accounts/{path}"), f"/auth/login/?next=/accounts/{path}")


def test_the_list_finds_by_the_words_of_a_domain(client: Client) -> None:
    AccountFactory(name="Acme", website="https://acme-widgets.example")
    AccountFactory(name="Other")

    response = client.get("/accounts/", {"q": "widg"}, headers=HTMX)

    assert [account.name for account in response.context["page"]] == ["Acme"]
    assertNotContains(response, "<html")


def test_the_queries_of_the_list_do_not_grow_with_its_rows(client: Client) -> None:
    AccountFactory.create_batch(3, owner=UserFactory())
    client.get("/accounts/")
    with CaptureQueries() as few:
        client.get("/accounts/")
    for _ in range(27):
        AccountFactory(owner=UserFactory())

    with CaptureQueries() as many:
        client.get("/accounts/")

    assert len(many) == len(few)


def test_badges_of_a_whole_list_are_asked_for_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    AccountFactory.create_batch(3)
    asked: list[int] = []

    def badges(request: object, records: list[Account]) -> list[str]:
        asked.append(len(records))
        return [f"badge-{record.pk}" for record in records]

    monkeypatch.setitem(_fillers, "record.badges", [badges])

    response = client.get("/accounts/")

    assert asked == [3]
    assertContains(response, "badge-", 3)


def test_the_page_shows_its_contacts_and_deals_but_not_hidden_ones(client: Client) -> None:
    account = AccountFactory(name="Acme", website="acme.example")
    ContactFactory(last_name="Seen", account=account)
    ContactFactory(last_name="Unseen", account=account, is_hidden=True)
    DealFactory(name="Big one", account=account)

    response = client.get(f"/accounts/{account.pk}/")

    assertContains(response, "Big one")
    assertContains(response, "Ann Seen")
    assertNotContains(response, "Ann Unseen")
    assertContains(response, 'href="https://acme.example"')


def test_a_new_account_gets_its_domain_and_its_maker(client: Client, user: User) -> None:
    client.post("/accounts/new/", {"name": "Acme", "website": "www.acme.example", "owner": user.pk})

    account = Account.objects.get()
    assert (account.name, account.domain, account.owner) == ("Acme", "acme.example", user)


@pytest.mark.parametrize("website", ["http://[::1", "https://acme.example:port", "http://"])
def test_a_website_that_no_browser_opens_is_refused_beside_its_field(website: str, client: Client, user: User) -> None:
    made = client.post("/accounts/new/", {"name": "Acme", "website": website, "owner": user.pk})
    account = AccountFactory(website="acme.example")
    edited = client.post(f"/accounts/{account.pk}/lines/website/", {"website": website}, headers=HTMX)

    assertContains(made, "is not the address of a website", status_code=422)
    assertContains(edited, "is not the address of a website", status_code=422)
    assert list(Account.objects.values_list("website", flat=True)) == ["acme.example"]


def test_a_website_that_was_pulled_bad_keeps_no_other_field_from_being_edited(client: Client) -> None:
    account = AccountFactory(website="http://[::1")

    client.post(f"/accounts/{account.pk}/lines/phone/", {"phone": "+1 555 0100"}, headers=HTMX)

    account.refresh_from_db()
    assert account.phone == "+1 555 0100"


def test_a_circle_of_parents_is_refused_beside_the_form(client: Client) -> None:
    top = AccountFactory()
    child = AccountFactory(parent=top)

    response = client.post(f"/accounts/{top.pk}/lines/parent/", {"parent": child.pk}, headers=HTMX)

    assertContains(response, "above itself", status_code=422)


def test_a_form_loaded_before_a_pull_reverts_nothing(client: Client) -> None:
    account = AccountFactory(website="old.example", city="Oslo")
    data = shown(client.get(f"/accounts/{account.pk}/edit/").context["form"])
    Account.objects.update(website="pulled.example", domain="pulled.example")

    client.post(f"/accounts/{account.pk}/edit/", data | {"city": "Bergen"})

    account.refresh_from_db()
    assert (account.website, account.domain, account.city) == ("pulled.example", "pulled.example", "Bergen")


def test_a_picker_offers_matches_and_keeps_what_is_chosen(client: Client) -> None:
    chosen = AccountFactory(name="Chosen")
    AccountFactory(name="Acme")
    AccountFactory(name="Acme hidden", is_hidden=True)

    response = client.get("/records/account/options/", {"name": "parent", "q": "acm", "parent": chosen.pk})

    assert shown(response.content.decode())["parent"] == [str(chosen.pk)]
    assertContains(response, "Acme", 1)
    assert client.get("/records/nonsense/options/").status_code == 404


def test_the_accounts_below_one_stand_on_its_page(client: Client) -> None:
    top = AccountFactory()
    AccountFactory(name="Daughter Ltd", parent=top)
    AccountFactory(name="Hidden Ltd", parent=top, is_hidden=True)

    page = client.get(f"/accounts/{top.pk}/")

    assertContains(page, "Daughter Ltd")
    assertNotContains(page, "Hidden Ltd")
    assertNotContains(client.get(AccountFactory().get_absolute_url()), "Accounts below")
