"""Tokens of browser extensions: what they open, what they leave shut, and what is made with them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains
from rest_framework.test import APIClient

from accounts.models import Account
from activities.models import Activity, RecordList
from contacts.models import Contact
from tests.api.conftest import V1, Api
from tests.factories import ContactFactory, RecordListFactory, UserFactory
from tests.test_readers import ROUTES, filled
from users import extensions, services
from users.models import ExtensionToken, User

pytestmark = pytest.mark.django_db
OPEN = {
    ("get", "contacts/"), ("post", "contacts/"), ("get", "contacts/<int:pk>/"),
    ("get", "accounts/"), ("post", "accounts/"), ("get", "accounts/<int:pk>/"),
    ("get", "activities/"), ("post", "activities/"), ("get", "activities/<int:pk>/"),
    ("get", "lists/"), ("post", "lists/"), ("get", "lists/<int:pk>/"),
    ("get", "lists/<int:pk>/members/"), ("post", "lists/<int:pk>/add/"),
}  # fmt: skip
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()


def extension_of(user: User, scope: str = "extension_gmail") -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {extensions.make(user, name='Laptop', scope=scope)[1]}")
    return client


@pytest.fixture
def extension(user: User) -> APIClient:
    return extension_of(user)


@pytest.mark.parametrize("scope", ExtensionToken.Scope.values)
def test_what_is_made_has_the_origin_of_the_token_whatever_the_request_says(user: User, scope: str) -> None:
    extension = extension_of(user, scope)

    account = extension.post(f"{V1}accounts/", {"name": "Acme", "origin": "manual"}).json()
    contact = extension.post(f"{V1}contacts/", {"last_name": "Roe", "account": account["id"], "origin": "api"}).json()
    activity = extension.post(f"{V1}activities/", {"kind": "note", "subject": "Met", "contact": contact["id"]}).json()

    assert {row["origin"] for row in (account, contact, activity)} == {scope}
    made = Account.objects.get(), Contact.objects.get(), Activity.objects.get()
    assert {row.origin for row in made} == {scope}
    assert {row.owner for row in made} == {user}


def test_it_reads_and_puts_people_on_lists(extension: APIClient, user: User) -> None:
    contact, listed = ContactFactory(email="roe@acme.example"), RecordListFactory()

    found = extension.get(f"{V1}contacts/", {"email": "roe@acme.example"}).json()["results"]
    assert [row["id"] for row in found] == [contact.pk]
    assert extension.get(f"{V1}contacts/{contact.pk}/").status_code == 200
    assert extension.post(f"{V1}lists/", {"name": "From mail", "record_kind": "contact"}).status_code == 201
    assert extension.post(f"{V1}lists/{listed.pk}/add/", {"ids": [contact.pk]}).json() == {"changed": 1}
    assert extension.get(f"{V1}lists/{listed.pk}/members/").json()["results"][0]["id"] == contact.pk
    assert RecordList.objects.get(name="From mail").owner == user


def test_every_other_address_of_the_api_refuses_it_with_a_problem(user: User) -> None:
    user.role = User.Role.ADMIN
    user.save(update_fields=["role"])
    extension = extension_of(user)
    api = [route.removeprefix("api/v1/") for route in ROUTES if route.startswith("api/v1/") and route != "api/v1/"]
    tried = [(method, route) for route in api for method in METHODS if (method, route) not in OPEN]

    answers = {(method, route): _asked(extension, method, route) for method, route in tried}

    assert len(tried) > 200
    assert {asked: status for asked, (status, _) in answers.items() if status != 403} == {}
    assert {kind for _, kind in answers.values()} == {"application/problem+json"}


def _asked(client: APIClient, method: str, route: str) -> tuple[int, str]:
    caches["process"].clear()
    call: Callable[..., Any] = getattr(client, method)
    answer = call(f"{V1}{filled(route)}")
    return answer.status_code, answer["Content-Type"]


def test_it_opens_no_page(extension: APIClient) -> None:
    assert extension.get("/contacts/").status_code == 302


def test_it_does_not_change_or_delete(extension: APIClient) -> None:
    contact = ContactFactory(last_name="Roe")

    answer = extension.patch(f"{V1}contacts/{contact.pk}/", {"last_name": "Doe"})
    assert answer.status_code == 403
    assert "browser extension" in answer.json()["detail"]
    assert extension.delete(f"{V1}contacts/{contact.pk}/").status_code == 403
    assert extension.post(f"{V1}contacts/bulk/", {"records": []}).status_code == 403
    assert Contact.objects.get().last_name == "Roe"


def test_ordinary_tokens_stay_as_they_are(api: Api) -> None:
    made = api.make("contacts", last_name="Roe", origin="email")

    assert made["origin"] == "email"
    assert api.change("contacts", made["id"], last_name="Doe")["last_name"] == "Doe"
    assert api.make("contacts", last_name="Poe")["origin"] == "api"


def test_a_revoked_or_wrong_one_and_that_of_somebody_who_left_get_401(extension: APIClient, user: User) -> None:
    colleague = UserFactory()
    theirs = extension_of(colleague)
    services.deactivate(colleague, heir=user)
    assert theirs.get(f"{V1}contacts/").status_code == 401

    ExtensionToken.objects.filter(user=user).delete()
    assert extension.get(f"{V1}contacts/").status_code == 401
    for text in ("", "wrong", "tdmx_é"):
        extension.credentials(HTTP_AUTHORIZATION=f"Bearer {text}".encode().decode("latin-1"))
        assert extension.get(f"{V1}contacts/").status_code == 401


def test_whoever_may_only_read_adds_nothing(extension: APIClient, user: User) -> None:
    user.role = User.Role.READ_ONLY
    user.save(update_fields=["role"])

    assert extension.get(f"{V1}contacts/").status_code == 200
    assert extension.post(f"{V1}contacts/", {"last_name": "Roe"}).status_code == 403


def test_each_scope_has_a_rate_of_its_own(user: User, settings: Any) -> None:
    settings.EXTENSION_RATES = {"extension": "3/min", "extension_linkedin": "1/min"}
    gmail, linkedin = extension_of(user), extension_of(user, "extension_linkedin")

    assert [gmail.get(f"{V1}lists/").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert [linkedin.get(f"{V1}lists/").status_code for _ in range(2)] == [200, 429]
    assert Api(user).get(f"{V1}lists/").status_code == 200


def test_only_a_digest_is_kept_and_the_last_use_is_noted(user: User) -> None:
    token, text = extensions.make(user, name="Laptop", scope="extension_gmail")
    row = ExtensionToken.objects.get()

    assert text not in str(vars(row))
    assert row.digest == extensions.digest_of(text)
    assert extensions.find(text) == token
    first = ExtensionToken.objects.get().last_used_at
    extensions.find(text)
    assert first
    assert ExtensionToken.objects.get().last_used_at == first  # not with every request


def test_nobody_has_more_than_twenty(user: User) -> None:
    for n in range(20):
        extensions.make(user, name=str(n), scope="extension_gmail")

    with pytest.raises(ValidationError, match="Revoke one"):
        extensions.make(user, name="One more", scope="extension_gmail")


def test_the_page_shows_a_new_token_once_and_revokes_it(client: Client, user: User) -> None:
    page = client.post("/settings/you/tokens/", {"name": "Laptop", "scope": "extension_gmail"})
    text = page.context["text"]

    assertContains(page, text)
    assert "no-store" in page["Cache-Control"]
    again = client.get("/settings/you/")
    assertContains(again, "Laptop")
    assertNotContains(again, text)
    token = ExtensionToken.objects.get()
    client.post(f"/settings/you/tokens/{token.pk}/revoke/")
    assert not ExtensionToken.objects.exists()


def test_what_is_wrong_is_said_at_the_field(client: Client, user: User) -> None:
    page = client.post("/settings/you/tokens/", {"name": "", "scope": "api"}, headers={"HX-Request": "true"})

    assert page.status_code == 422
    assertContains(page, "This field is required.", status_code=422)
    assertContains(page, "Select a valid choice.", status_code=422)


def test_nobody_revokes_the_tokens_of_others(client: Client, user: User) -> None:
    token, _ = extensions.make(UserFactory(), name="Theirs", scope="extension_gmail")

    client.post(f"/settings/you/tokens/{token.pk}/revoke/")

    assert ExtensionToken.objects.filter(pk=token.pk).exists()


def test_the_description_names_the_token_where_it_is_good_and_nowhere_else() -> None:
    paths = APIClient().get(f"{V1}schema/?format=json").json()["paths"]

    named = {
        (method, path.removeprefix(V1).replace("{id}", "<int:pk>"))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in METHODS and {"extensionToken": []} in operation.get("security", [])
    }
    assert named == OPEN
