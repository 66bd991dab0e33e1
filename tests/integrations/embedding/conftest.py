"""The panel as its script drives it."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from integrations.embedding import sessions
from integrations.models import Connection
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
