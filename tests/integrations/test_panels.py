"""What the sync says in other apps' pages."""

import re
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from contacts.models import Contact
from integrations import tasks
from integrations.models import Connection, ErrorEntry, Outbox, Run
from tests.conftest import push_all
from tests.factories import ContactFactory, UserFactory
from tests.pages import timeline_of
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def member_client(client: Client) -> Client:
    client.force_login(UserFactory())
    return client


def panel(client: Client, record: Any, query: str = "") -> Any:
    return client.get(reverse("integrations:panel", args=["contact", record.pk]) + query, headers=HTMX)


def test_without_an_org_pages_say_nothing_of_it(member_client: Client) -> None:
    contact = ContactFactory()

    page = member_client.get(contact.get_absolute_url()).content.decode()

    assert "sync-panel" not in page
    assert "Not pushed" not in page


def test_strangers_see_no_panel(client: Client) -> None:
    assert panel(client, ContactFactory())["HX-Redirect"].startswith("/auth/login/")


def test_an_unknown_kind_is_not_found(member_client: Client) -> None:
    assert member_client.get(reverse("integrations:panel", args=["user", 1])).status_code == 404


def test_a_pulled_record_links_to_its_twin(member_client: Client, synced: Connection) -> None:
    contact = Contact.objects.exclude(crm_id="").first()

    page = member_client.get(contact.get_absolute_url()).content.decode()

    assert f"{synced.instance_url}/{contact.crm_id}" in page
    assert "Synced" in page


def test_the_card_says_as_whom_a_push_would_write_once_it_is_asked(
    member_client: Client, synced: Connection, django_assert_max_num_queries: Any
) -> None:
    contact = Contact.objects.exclude(crm_id="").first()
    url = contact.get_absolute_url()
    member_client.get(url)
    with django_assert_max_num_queries(40):
        page = member_client.get(url).content.decode()
    asked = reverse("integrations:push_notes", args=["contact", contact.pk])

    assert f'hx-get="{asked}"' in page
    assert "the acting user has no login of their own" in member_client.get(asked, headers=HTMX).content.decode()


def test_badges_of_a_list_cost_the_same_for_any_number(
    member_client: Client, synced: Connection, django_assert_num_queries: Any
) -> None:
    url = reverse("contacts:list")
    member_client.get(url)
    with CaptureQueriesContext(database) as few:
        member_client.get(url)
    ContactFactory.create_batch(20)
    with django_assert_num_queries(len(few.captured_queries)):
        member_client.get(url)


def test_push_now_waits_then_tells_the_outcome(member_client: Client, org: Org, synced: Connection) -> None:
    contact = ContactFactory(account=Account.objects.exclude(crm_id="").first())
    Outbox.objects.all().delete()

    pushed = member_client.post(reverse("integrations:push", args=["contact", contact.pk]), headers=HTMX)
    assert "?waiting" in pushed.content.decode()
    assert "HX-Trigger" not in panel(member_client, contact, "?waiting")
    push_all()

    done = panel(member_client, contact, "?waiting")
    contact.refresh_from_db()
    assert org.get("Contact", contact.crm_id)["LastName"] == contact.last_name
    assert "every 2s" not in done.content.decode()
    assert "record-synced" in done["HX-Trigger"]
    assert 'hx-swap-oob="true"' in done.content.decode()


@pytest.mark.parametrize("method", ["setup", "first pull", "off"])
def test_push_now_is_disabled_with_its_reason(method: str, member_client: Client, connection: Connection) -> None:
    contact = ContactFactory()
    words = "setup window"
    if method == "first pull":
        words = "The first pull is still running"
        Connection.objects.update(started_at="2026-01-01T00:00Z")
    elif method == "off":
        words = "is off in the settings"
        Connection.objects.update(started_at="2026-01-01T00:00Z", first_pull_finished_at="2026-01-01T00:00Z")

    shown = panel(member_client, contact).content.decode()
    pushed = member_client.post(reverse("integrations:push", args=["contact", contact.pk]), headers=HTMX)

    assert words in shown
    assert "disabled" in shown
    assert words in pushed.content.decode()
    assert not Outbox.objects.filter(is_manual=True).exists()


def test_only_admins_get_the_link_to_the_error(client: Client, admin: User, synced: Connection) -> None:
    contact = ContactFactory()
    Outbox.objects.all().delete()
    entry = ErrorEntry.objects.create(
        connection=synced,
        record_kind="contact",
        record_id=contact.pk,
        remote_object="Contact",
        code="STRING_TOO_LONG",
        message="Too long.",
    )
    url = reverse("integrations:error", args=[entry.pk])

    client.force_login(UserFactory())
    assert url not in panel(client, contact).content.decode()
    client.force_login(admin)
    assert url in panel(client, contact).content.decode()


def test_the_timeline_tells_of_the_sync(member_client: Client, org: Org, synced: Connection) -> None:
    contact = ContactFactory(account=Account.objects.exclude(crm_id="").first())
    push_all()

    told = timeline_of(member_client, contact)

    assert "Created in Salesforce" in told
    assert "the team&#x27;s login" in told


def test_the_home_page_calls_to_connect_only_who_may(client: Client, admin: User) -> None:
    client.force_login(admin)
    assert reverse("salesforce:connect") in client.get("/").content.decode()
    client.force_login(UserFactory())
    assert reverse("salesforce:connect") not in client.get("/").content.decode()


def test_pull_now_asks_for_the_one_record_and_loads_the_page_anew(
    member_client: Client, org: Org, synced: Connection, django_capture_on_commit_callbacks: Any
) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.update("Contact", contact.crm_id, Title="Edited there")
    url = reverse("integrations:record_pull", args=["contact", contact.pk])

    with django_capture_on_commit_callbacks() as asked:
        card = member_client.post(url, headers=HTMX).content.decode()
    again = re.search(r'hx-get="([^"]+\?pulling=[^"]+)"', card)[1]  # type: ignore[index]
    assert "every 2s" in card
    assert len(asked) == 1
    assert "Pulling…" in member_client.get(again, headers=HTMX).content.decode()
    tasks.pull_record("contact", contact.pk)

    assert member_client.get(again, headers=HTMX)["HX-Refresh"] == "true"
    contact.refresh_from_db()
    assert contact.title == "Edited there"


def test_pull_now_is_refused_with_its_reason(member_client: Client, connection: Connection) -> None:
    contact = ContactFactory(crm_id="003" + "A" * 15)

    answer = member_client.post(reverse("integrations:record_pull", args=["contact", contact.pk]), headers=HTMX)

    assert "setup window is still open" in answer.content.decode()


@pytest.mark.parametrize("moment", ["x", "2026-99-01T00:00Z", "2026-01-01", "2026-01-01T00:00Z"])
def test_a_card_that_waits_for_an_old_or_broken_moment_ends(
    moment: str, member_client: Client, synced: Connection
) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    Run.objects.all().delete()

    assert "every 2s" not in panel(member_client, contact, f"?pulling={moment}").content.decode()
