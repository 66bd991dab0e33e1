"""Settings > Salesforce > Logins > People: which Salesforce user is which person here, and the gaps."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import Connection, UserMapping
from tests.factories import UserFactory
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(admin: User) -> Connection:
    """Connected to an org that need not be asked."""
    connection = Connection.objects.create(org_id="00D000000000001AAA", org_name="Acme")
    for number, name in enumerate(["Ada", "Bo", "Cy"], 1):
        email = f"{name.lower()}@acme.example"
        UserMapping.objects.create(
            connection=connection, remote_id=f"00500000000000{number}AAA", name=name, email=email
        )
    UserMapping.objects.create(connection=connection, remote_id="00G000000000001AAA", name="Inbound queue")
    return connection


def row(name: str) -> UserMapping:
    return UserMapping.objects.get(name=name)


def page_of(client: Client, **query: str) -> str:
    return client.get(reverse("integrations:people"), query).content.decode()


def save(client: Client, typed: dict[str, str], shown: dict[str, str] | None = None) -> Any:
    """Send the form as the browser does: each field with the value that it was shown with."""
    form = {f"user-{row(name).pk}": email for name, email in typed.items()}
    form |= {f"initial-user-{row(name).pk}": (shown or {}).get(name, "") for name in typed}
    return client.post(reverse("integrations:people"), form)


def test_a_pair_that_is_set_by_hand_stays_so(admin_client: Client, connection: Connection) -> None:
    kim = UserFactory(email="kim@home.example")

    save(admin_client, {"Ada": "Kim@home.example"})
    admin_client.post(reverse("integrations:people_match"))

    assert (row("Ada").user, row("Ada").is_by_hand) == (kim, True)


def test_an_address_of_nobody_is_refused_beside_the_field(admin_client: Client, connection: Connection) -> None:
    UserFactory(email="gone@home.example", is_active=False)

    for email in ("nobody@home.example", "gone@home.example", "\x00", "é@home.example"):
        response = save(admin_client, {"Ada": email})
        assert response.status_code == 422

    assert row("Ada").user is None


def test_what_another_admin_set_meanwhile_is_left_alone(admin_client: Client, connection: Connection) -> None:
    kim, lee = UserFactory(email="kim@home.example"), UserFactory(email="lee@home.example")
    UserMapping.objects.filter(name="Ada").update(user=kim, is_by_hand=True)

    save(admin_client, {"Ada": "", "Bo": "lee@home.example"})  # shown before Ada was paired

    assert row("Ada").user == kim
    assert row("Bo").user == lee


def test_clearing_a_pair_keeps_e_mail_from_making_it_again(admin_client: Client, connection: Connection) -> None:
    ada = UserFactory(email="ada@acme.example")
    UserMapping.objects.filter(name="Ada").update(user=ada)

    save(admin_client, {"Ada": ""}, shown={"Ada": "ada@acme.example"})
    admin_client.post(reverse("integrations:people_match"))
    by_hand = row("Ada").user
    admin_client.post(reverse("integrations:people_match"), {"mapping": row("Ada").pk})

    assert by_hand is None
    assert (row("Ada").user, row("Ada").is_by_hand) == (ada, False)


def test_the_gaps_are_shown(admin_client: Client, connection: Connection) -> None:
    UserFactory(name="Nobody There")
    UserMapping.objects.filter(name="Bo").update(is_active=False, user=UserFactory(name="Bo Here"))
    UserMapping.objects.filter(name="Cy").update(user=UserFactory(name="Cy Here", is_active=False))

    everything = page_of(admin_client)

    assert "Nobody There" in everything
    assert "Salesforce refuses an inactive owner: records that Bo Here owns" in everything
    assert "Cy Here is deactivated here." in everything
    assert "Inbound queue" not in page_of(admin_client, show="unmatched")
    assert "Inbound queue" in page_of(admin_client, show="queues")
    assert "Ada" in page_of(admin_client, show="unmatched")
    assert "Ada" not in page_of(admin_client, q="bo@acme")
    assert "Nobody fits." in page_of(admin_client, q="zzz")


def test_a_large_org_costs_what_a_small_one_costs(admin_client: Client, connection: Connection) -> None:
    page_of(admin_client)
    with CaptureQueries() as few:
        page_of(admin_client)
    UserMapping.objects.bulk_create(
        UserMapping(connection=connection, remote_id=f"0051{number:014}", name=f"User {number:05}", is_active=True)
        for number in range(5_000)
    )
    with CaptureQueries() as many:
        page = page_of(admin_client)

    assert len(many) == len(few)
    assert "Next" in page
