"""“Why is this record not in Salesforce?”: the first rule that keeps it out, and where that is set."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from contacts.models import Contact, Stage
from integrations import services, tuning
from integrations.models import Connection, ErrorEntry, ObjectSettings, Outbox, SkippedRecord
from integrations.sync.state import sync_states
from tests.conftest import push_all
from tests.factories import AccountFactory, ContactFactory, DealFactory, UserFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
Sync = ObjectSettings.Sync


def left_alone(record: Any) -> Any:
    """It waits for nothing."""
    Outbox.objects.all().delete()
    return record


def choose(connection: Connection, kind: str, **values: Any) -> None:
    settings = connection.object_settings.get(record_kind=kind)
    for name, value in values.items():
        setattr(settings, name, value)
    tuning.save_settings(settings, list(values))


def card(client: Client, kind: str, record: Any) -> str:
    return client.get(reverse("integrations:panel", args=[kind, record.pk]), headers=HTMX).content.decode()


RULES: list[tuple[str, Callable[[], Any], dict[str, Any], str, str]] = [
    ("contact", ContactFactory, {"push_new": False}, "Pushing new contacts is off", "#push"),
    ("account", AccountFactory, {"push_new": False}, "Pushing new accounts is off", "#push"),
    ("deal", DealFactory, {"sync": Sync.OFF}, "Syncing deals is off", "#direction"),
    ("deal", DealFactory, {"sync": Sync.PULL}, "Deals are only pulled", "#direction"),
    ("contact", ContactFactory, {"push_by_stage": True, "push_stages": []}, "Its stage (No stage)", "#push"),
    (
        "contact",
        lambda: ContactFactory(email="a@gmail.com"),
        {"without_account": ObjectSettings.WithoutAccount.HOLD},
        "It has no account",
        "#push",
    ),
]


@pytest.mark.parametrize(("kind", "make", "chosen", "reason", "anchor"), RULES)
def test_the_first_rule_is_told_with_a_link_to_it(
    admin_client: Client,
    synced: Connection,
    kind: str,
    make: Callable[[], Any],
    chosen: dict[str, Any],
    reason: str,
    anchor: str,
) -> None:
    choose(synced, kind, **chosen)
    record = left_alone(make())

    page = card(admin_client, kind, record)

    assert "Why is this record not in Salesforce?" in page
    assert reason in page
    assert f'href="{reverse("integrations:object", args=[kind])}{anchor}"' in page


@pytest.mark.parametrize(
    ("kind", "places"), [("contact", "push fields once"), ("account", "push fields once"), ("deal", "direction push")]
)
def test_the_places_that_links_lead_to_exist(admin_client: Client, synced: Connection, kind: str, places: str) -> None:
    page = admin_client.get(reverse("integrations:object", args=[kind])).content.decode()

    assert [place for place in places.split() if f'id="{place}"' not in page] == []


def test_what_the_engine_leaves_out_is_what_the_card_says(synced: Connection) -> None:
    choose(synced, "contact", without_account=ObjectSettings.WithoutAccount.HOLD)
    lonely = ContactFactory(email="a@gmail.com")
    known = ContactFactory(email="a@acme.example")

    push_all()

    lonely.refresh_from_db()
    known.refresh_from_db()
    assert (bool(lonely.crm_id), bool(known.crm_id)) == (False, True)
    assert "It has no account" in sync_states([lonely])[lonely.pk].reason


def test_members_are_told_whom_to_ask(client: Client, synced: Connection) -> None:
    client.force_login(UserFactory())
    choose(synced, "contact", push_new=False)

    page = card(client, "contact", left_alone(ContactFactory()))

    assert "An admin can change that" in page
    assert reverse("integrations:object", args=["contact"]) not in page


def test_records_of_before_are_told_what_sends_them(admin_client: Client, synced: Connection) -> None:
    page = card(admin_client, "account", left_alone(AccountFactory()))

    assert "made before pushing was on" in page
    assert "Push it now" in page
    assert f'href="{reverse("integrations:object", args=["account"])}#once"' in page


@pytest.mark.parametrize("is_waiting", [True, False])
def test_what_waits_or_was_refused_is_asked_too(admin_client: Client, synced: Connection, is_waiting: bool) -> None:
    contact = ContactFactory()
    if not is_waiting:
        left_alone(contact)
        ErrorEntry.objects.create(connection=synced, record_kind="contact", record_id=contact.pk, message="No.")

    assert "Why is this record not in Salesforce?" in card(admin_client, "contact", contact)


def test_a_record_that_is_in_salesforce_is_asked_nothing(admin_client: Client, synced: Connection) -> None:
    assert "Why is this record" not in card(admin_client, "contact", Contact.objects.exclude(crm_id="").first())


def test_every_state_has_its_reason(synced: Connection) -> None:
    records = [left_alone(ContactFactory()) for _ in range(3)]
    services.skip(records[0], UserFactory())
    ErrorEntry.objects.create(
        connection=synced,
        record_kind="contact",
        record_id=records[1].pk,
        remote_object="Contact",
        code="X",
        message="No.",
    )

    states = sync_states(records)

    assert [states[record.pk].state for record in records] == ["skipped", "failed", "not_eligible"]
    assert all(state.reason for state in states.values())


class TestSkipping:
    def test_anybody_who_sees_it_keeps_it_out_and_lets_it_in_again(self, client: Client, synced: Connection) -> None:
        member = UserFactory(name="Kim Roe")
        client.force_login(member)
        contact = ContactFactory(account=Account.objects.exclude(crm_id="").first())

        page = client.post(reverse("integrations:skip", args=["contact", contact.pk]), headers=HTMX).content.decode()
        push_all()
        contact.refresh_from_db()
        assert (contact.crm_id, SkippedRecord.objects.get().user) == ("", member)
        assert "Kim Roe keeps it out of the sync since" in page
        assert f"{timezone.now():%Y}" in page

        client.post(reverse("integrations:unskip", args=["contact", contact.pk]), headers=HTMX)
        push_all()
        contact.refresh_from_db()
        assert contact.crm_id
        assert not SkippedRecord.objects.exists()

    def test_a_second_click_changes_nothing(self, client: Client, synced: Connection) -> None:
        first, second = UserFactory(), UserFactory()
        contact = ContactFactory()
        for user in (first, second):
            client.force_login(user)
            client.post(reverse("integrations:skip", args=["contact", contact.pk]), headers=HTMX)
        assert SkippedRecord.objects.get().user == first
        for _ in range(2):
            response = client.post(reverse("integrations:unskip", args=["contact", contact.pk]), headers=HTMX)
        assert response.status_code == 200

    @pytest.mark.parametrize("name", ["skip", "unskip"])
    def test_a_link_does_nothing_and_strangers_neither(self, client: Client, synced: Connection, name: str) -> None:
        url = reverse(f"integrations:{name}", args=["contact", ContactFactory().pk])
        assert client.post(url, headers=HTMX)["HX-Redirect"].startswith("/auth/login/")
        client.force_login(UserFactory())
        assert client.get(url).status_code == 405

    def test_the_badge_of_a_skipped_record_says_so(self, admin_client: Client, synced: Connection) -> None:
        contact = ContactFactory(stage=Stage.objects.first())
        services.skip(contact, UserFactory())

        assert "Skipped" in admin_client.get(contact.get_absolute_url()).content.decode()
