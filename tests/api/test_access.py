"""Who may use the REST API, and what the others are told."""

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from rest_framework.test import APIClient

from common.api.throttling import PerProcessThrottle
from contacts.models import Contact
from tests.api.conftest import V1, Api
from tests.factories import ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db

RESOURCES = ["contacts", "accounts", "deals", "activities", "errors", "runs"]


@pytest.fixture
def _fresh_cache() -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()


@pytest.mark.parametrize("resource", RESOURCES)
def test_strangers_get_401(resource: str) -> None:
    answer = APIClient().get(f"{V1}{resource}/")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    assert answer.json()["status"] == 401


def test_a_wrong_token_gets_401() -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Token wrong")

    assert client.get(f"{V1}contacts/").status_code == 401


def test_somebody_who_left_gets_401(api: Api) -> None:
    User.objects.update(is_active=False)

    assert api.get(f"{V1}contacts/").status_code == 401


def test_members_and_admins_see_records(api: Api, admin_api: Api) -> None:
    contact = ContactFactory()

    assert api.ids("contacts") == admin_api.ids("contacts") == [contact.pk]


@pytest.mark.parametrize("path", ["errors/", "errors/1/", "runs/", "runs/1/"])
def test_the_log_and_the_runs_are_for_admins(api: Api, path: str) -> None:
    answer = api.get(V1 + path)

    assert answer.status_code == 403
    assert answer.json()["detail"] == "Only admins may do this."
    assert api.post(f"{V1}errors/1/retry/").status_code == 403


def test_a_session_reads_and_needs_the_csrf_token_to_write() -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(UserFactory())

    assert client.get(f"{V1}contacts/").status_code == 200
    answer = client.post(f"{V1}contacts/", {"last_name": "Roe"})

    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]
    assert not Contact.objects.exists()


def test_a_session_with_the_csrf_token_writes() -> None:
    client = APIClient(enforce_csrf_checks=True)
    user = UserFactory()
    client.force_login(user)
    client.cookies["csrftoken"] = "a" * 32

    answer = client.post(f"{V1}contacts/", {"last_name": "Roe"}, HTTP_X_CSRFTOKEN="a" * 32)

    assert answer.status_code == 201
    assert Contact.objects.get().owner == user


@pytest.mark.usefixtures("_fresh_cache")
def test_who_asks_too_often_is_told_when_to_come_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PerProcessThrottle, "THROTTLE_RATES", {"user": "2/min"})

    answers = [api.get(f"{V1}contacts/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert answers[-1]["Content-Type"] == "application/problem+json"
    assert "throttled" in answers[-1].json()["detail"]
    assert Api(UserFactory()).get(f"{V1}contacts/").status_code == 200
