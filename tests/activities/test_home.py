"""The home page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import Account
from common.models import Origin, Workspace
from contacts.models import Contact
from deals.models import Deal, Stage
from tests.factories import AccountFactory, ContactFactory, DealFactory, TaskFactory, UserFactory
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db


def test_a_stranger_signs_in_first(client: Client) -> None:
    assertRedirects(client.get("/"), "/auth/login/?next=/")


def test_it_tells_what_is_due_and_what_is_overdue(client: Client, user: User) -> None:
    today = timezone.localdate()
    for days in (-2, 0, 3):
        TaskFactory(owner=user, due_on=today + timedelta(days=days), subject=f"In {days}")
    TaskFactory(owner=UserFactory(), due_on=today, subject="Theirs")

    response = client.get("/")

    assert (response.context["due"].number, response.context["overdue"].number) == (2, 1)
    headings = [(heading, [task.subject for task in tasks]) for heading, tasks in response.context["tasks"]]
    assert headings == [("Overdue", ["In -2"]), ("Today", ["In 0"]), ("Next", ["In 3"])]
    assertNotContains(response, "Theirs")


def test_my_deals_stand_by_close_date_and_count_in_the_usual_currency(client: Client, user: User) -> None:
    Workspace.objects.create(pk=1, currency="EUR")
    today = timezone.localdate()
    DealFactory(name="Later", owner=user, close_on=today + timedelta(days=90), amount=1, currency="USD")
    DealFactory(name="Now", owner=user, close_on=today, amount=1000, currency="EUR")
    DealFactory(name="Won", owner=user, close_on=today, amount=70, currency="EUR", stage=Stage.objects.get(name="Won"))
    near = {"owner": user, "stage": Stage.objects.get(name="Negotiation")}
    DealFactory(name="Late", close_on=today - timedelta(days=62), amount=5, currency="EUR", **near)
    DealFactory(name="Last", close_on=today + timedelta(days=900), amount=1, currency="USD", **near)
    DealFactory(name="Theirs", owner=UserFactory(), close_on=today, amount=9, currency="EUR")

    context = client.get("/").context

    assert [deal.name for deal in context["deals"]] == ["Late", "Now", "Later", "Last"]
    month = context["this_month"]
    assert (context["currency"], month.won, month.expected, context["late"].deals) == ("EUR", 70, 100, 1)


def test_the_only_currency_there_is_comes_before_the_usual_one(client: Client, user: User) -> None:
    DealFactory(owner=user, amount=5, currency="JPY")

    assert client.get("/").context["currency"] == "JPY"


def test_what_changed_last_is_told_of_every_kind_as_far_as_one_sees_it(client: Client, user: User) -> None:
    Workspace.objects.create(pk=1, pulled_seen_by=Workspace.SeenBy.OWNERS)
    rows = [AccountFactory(name="Acme"), ContactFactory(last_name="Roe"), DealFactory(name="Pilot")]
    AccountFactory(name="Theirs", origin=Origin.CRM_PULL, owner=UserFactory())
    ContactFactory(last_name="Hidden", is_hidden=True)
    for age, model in enumerate((Deal, Account, Contact)):
        model.objects.filter(pk__in=[row.pk for row in rows]).update(updated_at=timezone.now() - timedelta(hours=age))

    found = client.get("/").context["changed"]

    assert [str(row["record"]) for row in found] == ["Pilot", "Acme", "Ann Roe"]


def test_its_queries_do_not_grow(client: Client, user: User) -> None:
    DealFactory(owner=user, account=AccountFactory())
    TaskFactory(owner=user)
    ContactFactory(owner=user, account=AccountFactory())
    client.get("/")
    with CaptureQueries() as few:
        client.get("/")
    for _ in range(6):
        DealFactory(owner=user, account=AccountFactory())
        TaskFactory(owner=user)
        ContactFactory(owner=user, account=AccountFactory())

    with CaptureQueries() as many:
        client.get("/")

    assert len(many) == len(few)


def test_an_empty_workspace_is_welcomed(client: Client, user: User) -> None:
    response = client.get("/")

    assertContains(response, "Welcome to Tandem")
    assertContains(response, "You have no open deals.")
