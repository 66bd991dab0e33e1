"""The panel as its script drives it."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from contacts.models import Contact
from directory.loading import load_companies, load_prospects
from directory.models import Prospect
from integrations.embedding import sessions
from integrations.models import Connection
from tests.factories import UserFactory
from users.models import User

ACCOUNT = "001000000000001AAA"


class Frame:
    """A frame of the panel: no cookies, and a token in each request's header."""

    def __init__(self, account: Account, user: User | None = None) -> None:
        self.account, self.client = account, Client()
        self.token = sign_in(user) if user else ""

    def get(self, name: str, /, *args: Any, **values: Any) -> Any:
        return self.client.get(reverse(f"embedding:{name}", args=args), self._with_id(values), headers=self._headers)

    def post(self, name: str, /, *args: Any, **values: Any) -> Any:
        return self.client.post(reverse(f"embedding:{name}", args=args), self._with_id(values), headers=self._headers)

    def _with_id(self, values: dict[str, Any]) -> dict[str, Any]:
        return {"crm_object_id": self.account.crm_id, **values}

    @property
    def _headers(self) -> dict[str, str]:
        return {"HX-Request": "true"} | ({"Authorization": f"Panel {self.token}"} if self.token else {})


def sign_in(user: User) -> str:
    verifier = secrets.token_urlsafe(32)
    code = sessions.issue_code(user, sessions.challenge_of(verifier))
    return sessions.exchange(code, verifier)[0]


@pytest.fixture
def account(synced: Connection) -> Account:
    """One that was pulled, with contacts."""
    found = Account.objects.filter(contacts__isnull=False).exclude(crm_id="").order_by("pk").first()
    assert found is not None
    return found


@pytest.fixture
def frame(account: Account) -> Callable[..., Frame]:
    return lambda user=None: Frame(account, user)


@pytest.fixture
def kim(synced: Connection) -> User:
    return UserFactory(name="Kim Example")


@pytest.fixture
def prospect(account: Account) -> Prospect:
    """Somebody of the account whom the CRM lacks."""
    Account.objects.filter(pk=account.pk).update(website="https://acme.example", domain="acme.example")
    account.refresh_from_db()
    load_companies([{"key": "a", "name": account.name, "domain": "acme.example"}])
    load_prospects([{"key": "1", "first_name": "Nils", "last_name": "Nygren", "email": "nils@acme.example",
                     "title": "Buyer", "company_key": "a"}])  # fmt: skip
    return Prospect.objects.get()


def own(account: Account) -> Contact:
    return account.contacts.exclude(crm_id="").first()


def body(answer: Any) -> str:
    return answer.content.decode()
