from typing import Any

import pytest
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.factories import UserFactory
from users.models import User

V1 = "/api/v1/"


class Api(APIClient):
    """A script with somebody's token."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self.user = user
        self.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.get_or_create(user=user)[0].key}")

    def page(self, resource: str, **query: Any) -> dict[str, Any]:
        answer = self.get(f"{V1}{resource}/", query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def ids(self, resource: str, **query: Any) -> list[int]:
        return [row["id"] for row in self.page(resource, **query)["results"]]

    def one(self, resource: str, pk: int) -> dict[str, Any]:
        answer = self.get(f"{V1}{resource}/{pk}/")
        assert answer.status_code == 200, answer.content
        return answer.json()

    def make(self, resource: str, **fields: Any) -> dict[str, Any]:
        answer = self.post(f"{V1}{resource}/", fields)
        assert answer.status_code == 201, answer.content
        return answer.json()

    def change(self, resource: str, pk: int, **fields: Any) -> dict[str, Any]:
        answer = self.patch(f"{V1}{resource}/{pk}/", fields)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def refused(self, resource: str, **fields: Any) -> dict[str, Any]:
        """The messages by field of a create that is refused."""
        answer = self.post(f"{V1}{resource}/", fields)
        assert answer.status_code == 400, answer.content
        return answer.json()["errors"]


@pytest.fixture
def api(db: None) -> Api:
    """The API, as a member uses it."""
    return Api(UserFactory())


@pytest.fixture
def admin_api(admin: User) -> Api:
    return Api(admin)
