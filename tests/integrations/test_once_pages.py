"""The one-time pull and push on the page of an object: counted first, then begun, held, taken up again, cancelled."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from contacts.models import Contact, Stage
from integrations import everything, services, tasks
from integrations.models import Connection, Cursor, Outbox, Run
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory, UserFactory
from tests.integrations.sync.dealing import turn
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def older(synced: Connection) -> list[Contact]:
    """Three contacts from before pushing was on."""
    synced.object_settings.filter(record_kind="contact").update(push_new=False)
    contacts = [ContactFactory(last_name=f"Older {number}") for number in range(3)]
    push_all()
    synced.object_settings.filter(record_kind="contact").update(push_new=True)
    return contacts


def push_url(kind: str = "contact") -> str:
    return reverse("integrations:once_push", args=[kind])


def pull_url(remote_object: str = "Contact") -> str:
    return reverse("integrations:once_pull", args=[remote_object])


def do(client: Client, url: str, what: str) -> str:
    response = client.post(url, {"do": what})
    assert response.status_code == 200
    return response.content.decode()


def counted(client: Client, url: str) -> str:
    return client.get(url, {"count": "1"}).content.decode()


def cursor(remote_object: str = "Contact") -> Cursor:
    return Cursor.objects.get(remote_object=remote_object)


class TestPush:
    def test_counting_says_what_is_created_and_skipped_and_marks_nothing(
        self, admin_client: Client, synced: Connection, older: list[Contact], admin: User
    ) -> None:
        services.skip(older[0], admin)

        page = counted(admin_client, push_url())

        assert "Created in Salesforce</dt>" in page
        assert "<strong>2</strong>" in page
        assert "Skipped: Kept out of the sync by a person" in page
        assert not Outbox.objects.exists()

    def test_started_held_resumed_and_done(
        self, admin_client: Client, synced: Connection, older: list[Contact], org: Org
    ) -> None:
        page = do(admin_client, push_url(), "start")
        assert "It begins in a moment." not in page
        assert 'hx-trigger="every 2s"' in page
        tasks.mark_everything()

        page = do(admin_client, push_url(), "hold")
        push_all()
        assert "Paused." in page
        assert "every 2s" not in page
        assert Outbox.objects.count() == 3
        assert not org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Older%'")

        do(admin_client, push_url(), "resume")
        push_all()
        tasks.tick()

        assert len(org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Older%'")) == 3
        assert "done, 3 created" in admin_client.get(push_url()).content.decode()

    def test_held_while_it_is_still_choosing_it_chooses_no_more(
        self, admin_client: Client, synced: Connection, older: list[Contact], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(everything, "CHUNK", 1)
        do(admin_client, push_url(), "start")
        everything.mark_some(synced)
        do(admin_client, push_url(), "hold")

        tasks.mark_everything()
        assert Outbox.objects.count() == 1
        do(admin_client, push_url(), "resume")
        tasks.mark_everything()

        assert Outbox.objects.count() == 3

    def test_cancelled_it_takes_back_what_was_not_sent_and_says_so(
        self, admin_client: Client, synced: Connection, older: list[Contact]
    ) -> None:
        do(admin_client, push_url(), "start")
        tasks.mark_everything()

        page = do(admin_client, push_url(), "cancel")

        assert not Outbox.objects.exists()
        assert "cancelled, 0 created, 0 updated, 3 skipped" in page

    def test_an_edit_goes_while_it_is_held(
        self, admin_client: Client, synced: Connection, older: list[Contact], org: Org
    ) -> None:
        do(admin_client, push_url(), "start")
        tasks.mark_everything()
        do(admin_client, push_url(), "hold")

        older[0].title = "Head"
        older[0].save(update_fields=["title"])
        push_all()

        (row,) = org.query("SELECT LastName, Title FROM Contact WHERE LastName LIKE 'Older%'")
        assert row["Title"] == "Head"

    def test_over_a_tenth_more_than_was_counted_stops_it(
        self, admin_client: Client, synced: Connection, older: list[Contact]
    ) -> None:
        assert 'name="shown" value="3"' in counted(admin_client, push_url())

        admin_client.post(push_url(), {"do": "start", "shown": "2"})
        tasks.mark_everything()

        run = Run.objects.get(kind=Run.Kind.EVERYTHING)
        assert (run.state, run.total) == (Run.State.INCOMPLETE, 0)
        assert "over a tenth more" in run.message

    def test_a_second_click_on_start_marks_each_record_once(
        self, admin_client: Client, synced: Connection, older: list[Contact]
    ) -> None:
        do(admin_client, push_url(), "start")
        do(admin_client, push_url(), "start")
        tasks.mark_everything()

        assert Outbox.objects.count() == 3
        assert Run.objects.filter(kind=Run.Kind.EVERYTHING).count() == 1

    def test_while_pushing_is_off_the_button_says_why_and_where_to_turn_it_on(
        self, admin_client: Client, synced: Connection
    ) -> None:
        synced.object_settings.filter(record_kind="contact").update(push_new=False)

        page = admin_client.get(push_url()).content.decode()
        do(admin_client, push_url(), "start")

        assert 'disabled aria-describedby="push-why-contact"' in page
        assert 'id="push-why-contact"' in page
        assert '<a href="#push">Turn it on</a>' in page
        assert not Run.objects.filter(kind=Run.Kind.EVERYTHING).exists()

    def test_what_is_counted_costs_a_fixed_number_of_queries(
        self, admin_client: Client, synced: Connection, older: list[Contact], django_assert_max_num_queries: Any
    ) -> None:
        for number in range(20):
            ContactFactory(last_name=f"More {number}", stage=Stage.objects.all()[number % 4])

        with django_assert_max_num_queries(30):
            counted(admin_client, push_url())


class TestPull:
    def test_counting_asks_the_org_once_and_changes_nothing(
        self, admin_client: Client, synced: Connection, org: Org
    ) -> None:
        org.create("Contact", LastName="New")
        total = len(org.query("SELECT Id FROM Contact"))
        org.forget_calls()

        page = counted(admin_client, pull_url())

        assert f"Salesforce has <strong>{total}</strong> contacts" in page
        assert "About <strong>1</strong> are not here" in page
        assert sum(org.calls().values()) == 1
        assert not cursor().is_full

    def test_started_it_reads_everything_again(self, admin_client: Client, synced: Connection, org: Org) -> None:
        Contact.objects.filter(crm_object="Contact").update(title="Lost")  # by hand in SQL: no pull would look again
        Cursor.objects.update(position=F("position") + timedelta(hours=1))

        page = do(admin_client, pull_url(), "start")
        assert "It begins in a moment." in page
        pull_all()

        run = Run.objects.filter(remote_object="Contact", kind=Run.Kind.PULL).latest("pk")
        assert (run.is_first, run.state) == (True, Run.State.DONE)
        assert run.looked_at == len(org.query("SELECT Id FROM Contact"))
        assert "Last on" in admin_client.get(pull_url()).content.decode()

    def test_held_it_waits_and_the_pages_say_so(self, admin_client: Client, synced: Connection) -> None:
        do(admin_client, pull_url(), "start")

        page = do(admin_client, pull_url(), "hold")
        tasks.pull_due(600, only="Contact")

        assert "Paused." in page
        assert "Go on" in page
        assert cursor().is_full
        overview = admin_client.get(reverse("integrations:overview")).content.decode()
        assert ">paused</a>" in overview
        settings = admin_client.get(reverse("integrations:object", args=["contact"])).content.decode()
        assert "The pull of Contact is paused" in settings

        do(admin_client, pull_url(), "resume")
        tasks.pull_due(600, only="Contact")
        assert not cursor().is_full

    def test_what_is_held_goes_on_when_somebody_pulls_it_by_hand(
        self, admin_client: Client, synced: Connection
    ) -> None:
        do(admin_client, pull_url(), "start")
        do(admin_client, pull_url(), "hold")

        admin_client.post(reverse("integrations:pull"), {"object": "Contact"})

        assert not cursor().is_held

    def test_cancelled_it_goes_back_to_what_is_new(self, admin_client: Client, synced: Connection, org: Org) -> None:
        do(admin_client, pull_url(), "start")
        do(admin_client, pull_url(), "hold")

        do(admin_client, pull_url(), "cancel")

        assert (cursor().is_full, cursor().is_held) == (False, False)
        made = org.create("Contact", LastName="After")
        pull_all()
        assert Contact.objects.filter(crm_id=made).exists()

    def test_a_fault_of_the_org_is_said_and_counts_nothing(
        self, admin_client: Client, synced: Connection, org: Org
    ) -> None:
        org.faults({"match": {"path": "query"}, "do": "status", "status": 503, "times": None})

        page = counted(admin_client, pull_url())

        assert 'role="alert"' in page
        assert "would be pulled" not in page

    def test_deals_that_are_off_say_where_to_turn_them_on(self, admin_client: Client, synced: Connection) -> None:
        page = admin_client.get(pull_url("Opportunity")).content.decode()

        assert "Deals are not pulled." in page
        assert 'href="#direction"' in page
        turn(synced, "both")
        assert "Deals are not pulled." not in admin_client.get(pull_url("Opportunity")).content.decode()

    def test_before_syncing_starts_the_button_says_so_and_leads_to_the_overview(
        self, admin_client: Client, connection: Connection
    ) -> None:
        page = admin_client.get(pull_url()).content.decode()
        do(admin_client, pull_url(), "start")

        assert "The setup window is still open" in page
        assert f'href="{reverse("integrations:overview")}"' in page
        assert not cursor().is_full


@pytest.mark.parametrize("url", ["pull", "push"])
def test_members_reach_none_of_it(url: str, client: Client, synced: Connection) -> None:
    where = pull_url() if url == "pull" else push_url()
    client.force_login(UserFactory())

    assert client.get(where).status_code == 403
    assert client.post(where, {"do": "start"}).status_code == 403
    assert not cursor().is_full
    assert not Run.objects.filter(kind=Run.Kind.EVERYTHING).exists()


@pytest.mark.parametrize("url", [("once_pull", "Nonsense"), ("once_push", "task")])
def test_what_there_is_not_has_no_page(url: tuple[str, str], admin_client: Client, connection: Connection) -> None:
    assert admin_client.get(reverse(f"integrations:{url[0]}", args=[url[1]])).status_code == 404
