"""The sync through the REST API, with the local org over real HTTP on the other side."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Contact
from integrations import api as sync_api
from integrations import services
from integrations.models import Connection, ErrorEntry, FieldMapping, Outbox, Run
from tests.api.conftest import V1, Api
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory, CustomFieldFactory, DealFactory
from tests.pages import CaptureQueries
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker does its work while the request waits."""
    for view in (sync_api.PushView, sync_api.ErrorView):
        monkeypatch.setattr(view, "sleeper", staticmethod(lambda seconds: push_all()))


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No worker is there: how often the request looks, in a clock that goes on by itself."""
    slept: list[float] = []
    for view in (sync_api.PushView, sync_api.ErrorView):
        monkeypatch.setattr(view, "sleeper", staticmethod(slept.append))
    monkeypatch.setattr(sync_api, "monotonic", lambda: sum(slept))
    return slept


@pytest.fixture
def refused(synced: Connection, admin_api: Api) -> dict[str, Any]:
    """A contact whose level the org's restricted picklist does not allow, pushed and refused."""
    CustomFieldFactory(key="level", label="Level")
    FieldMapping.objects.create(
        connection=synced, record_kind="contact", field="custom.level", remote_object="Contact", remote_field="Level__c"
    )
    row = admin_api.make("contacts", last_name="Refused", email="level@pick.example", custom={"level": "Fourth"})
    push_all()
    return row


def test_the_round_trip(synced: Connection, org: Org, admin_api: Api) -> None:
    account = admin_api.make("accounts", name="Round Trip Ltd", website="round-trip.example")
    row = admin_api.make("contacts", last_name="Trip", email="trip@round-trip.example", account=account["id"])
    assert row["sync"]["state"] == "waiting"

    push_all()

    row = admin_api.one("contacts", row["id"])
    remote = org.get("Contact", row["crm_id"])
    assert (row["sync"]["state"], row["crm_object"]) == ("synced", "Contact")
    assert (remote["LastName"], remote["Email"]) == ("Trip", "trip@round-trip.example")
    assert org.get("Account", remote["AccountId"])["Name"] == "Round Trip Ltd"

    org.update("Contact", row["crm_id"], Title="Edited there")
    pull_all()
    assert admin_api.one("contacts", row["id"])["title"] == "Edited there"

    admin_api.change("contacts", row["id"], title="Edited here")
    push_all()
    assert org.get("Contact", row["crm_id"])["Title"] == "Edited here"
    assert admin_api.ids("contacts", crm_id=row["crm_id"][:15], synced="true") == [row["id"]]


def test_pushing_by_hand_answers_the_outcome(synced: Connection, org: Org, api: Api, worker_wakes: None) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_by_stage=True, push_stages=[])
    contact = ContactFactory(email="hand@push.example")
    push_all()
    assert api.one("contacts", contact.pk)["sync"]["state"] == "not_eligible"

    answer = api.post(f"{V1}contacts/{contact.pk}/push/")

    assert answer.status_code == 202
    body = answer.json()
    assert body["sync"]["state"] == "synced"
    assert body["error"] is None
    assert org.get("Contact", body["crm_id"])["Email"] == "hand@push.example"


def test_the_outcome_may_be_a_refusal(synced: Connection, org: Org, api: Api, worker_wakes: None) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    contact.email = "not-an-address"
    contact.save(update_fields=["email"])

    body = api.post(f"{V1}contacts/{contact.pk}/push/").json()

    assert body["sync"] == {"state": "failed", "reason": body["error"]["message"]}
    assert body["error"]["code"] == "INVALID_EMAIL_ADDRESS"
    assert body["error"]["explanation"]["fix"]


def test_who_pushes_by_hand_is_the_one_who_pushed(synced: Connection, api: Api, naps: list[float]) -> None:
    contact = ContactFactory()
    Outbox.objects.all().delete()

    api.post(f"{V1}contacts/{contact.pk}/push/")

    row = Outbox.objects.get()
    assert (row.actor, row.lane, row.is_manual) == (api.user, "people", True)


def test_without_a_worker_the_answer_says_that_it_waits(synced: Connection, api: Api, naps: list[float]) -> None:
    contact = ContactFactory()

    body = api.post(f"{V1}contacts/{contact.pk}/push/").json()

    assert body["sync"]["state"] == "waiting"
    assert (body["crm_id"], body["error"]) == ("", None)
    assert sum(naps) == pytest.approx(sync_api.PATIENCE, abs=0.2)


def test_nobody_waits_for_what_is_put_off(synced: Connection, api: Api, naps: list[float]) -> None:
    contact = ContactFactory()
    services.queue_push(contact)
    Outbox.objects.update(next_attempt_at=timezone.now() + timezone.timedelta(hours=1))

    outcome = sync_api.outcome_of(contact, "contact", naps.append)

    assert outcome.sync.state == "waiting"
    assert naps == []


@pytest.mark.parametrize(
    ("resource", "make"), [("contacts", ContactFactory), ("accounts", AccountFactory), ("deals", DealFactory)]
)
def test_in_the_setup_window_a_push_is_refused_with_the_reason(
    connection: Connection, api: Api, naps: list[float], resource: str, make: Callable
) -> None:
    record = make()

    answer = api.post(f"{V1}{resource}/{record.pk}/push/")

    assert answer.status_code == 409
    assert "setup window" in answer.json()["detail"]
    assert naps == []


def test_without_a_connection_a_push_is_refused(api: Api) -> None:
    answer = api.post(f"{V1}contacts/{ContactFactory().pk}/push/")

    assert answer.status_code == 409
    assert answer.json()["detail"] == "Salesforce is not connected."


def test_the_sync_state_of_many_costs_what_that_of_one_costs(synced: Connection, api: Api) -> None:
    def queries(limit: int) -> int:
        with CaptureQueries() as captured:
            rows = api.page("contacts", limit=limit)["results"]
        assert {row["sync"]["state"] for row in rows} == {"synced"}
        return len(captured)

    assert queries(1) == queries(15) <= 9


def test_runs_tell_what_happened(synced: Connection, admin_api: Api) -> None:
    run = Run.objects.filter(remote_object="Contact").latest("id")

    row = admin_api.one("runs", run.pk)

    assert (row["kind"], row["object"], row["state"]) == ("pull", "Contact", "done")
    assert row["looked_at"] == run.looked_at > 0
    assert row["id"] in admin_api.ids("runs", kind="pull", object="Contact", state="done")
    assert admin_api.ids("runs", kind="push", object="Contact", state="running") == []


def test_a_refused_value_is_found_mended_and_gone(
    refused: dict[str, Any], org: Org, admin_api: Api, worker_wakes: None
) -> None:
    entry = admin_api.page("errors")["results"][0]
    assert entry["code"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert (entry["record_kind"], entry["record_id"], entry["object"]) == ("contact", refused["id"], "Contact")
    assert (entry["details"]["value"], entry["payload"]["Level__c"]) == ("Fourth", "Fourth")
    assert "Primary" in entry["details"]["allowed"]
    assert admin_api.one("contacts", refused["id"])["sync"] == {"state": "failed", "reason": entry["message"]}

    admin_api.change("contacts", refused["id"], custom={"level": "Primary"})
    answer = admin_api.post(f"{V1}errors/{entry['id']}/retry/")

    assert answer.status_code == 202
    body = answer.json()
    assert (body["sync"]["state"], body["error"], body["warning"]) == ("synced", None, "")
    assert org.get("Contact", body["crm_id"])["Level__c"] == "Primary"
    assert admin_api.ids("errors") == []
    assert admin_api.ids("errors", state="closed") == [entry["id"]]


def test_a_retry_without_a_fix_says_that_it_will_fail(
    refused: dict[str, Any], admin_api: Api, monkeypatch: pytest.MonkeyPatch, worker_wakes: None
) -> None:
    monkeypatch.setattr(sync_api.causes, "is_anything_changed", lambda entry: False)
    entry = ErrorEntry.objects.get()

    body = admin_api.post(f"{V1}errors/{entry.pk}/retry/").json()

    assert body["warning"] == sync_api.HOPELESS
    assert body["sync"]["state"] == "failed"
    assert body["error"]["id"] == entry.pk
    assert body["error"]["attempts"] == 2


def test_a_closed_error_is_not_retried(refused: dict[str, Any], admin_api: Api, naps: list[float]) -> None:
    entry = ErrorEntry.objects.get()
    ErrorEntry.objects.update(closed_at=timezone.now(), closed_reason="Pushed.")

    answer = admin_api.post(f"{V1}errors/{entry.pk}/retry/")

    assert answer.status_code == 409
    assert answer.json()["detail"] == "It is closed: Pushed."


def test_the_error_log_has_filters(refused: dict[str, Any], admin_api: Api) -> None:
    entry = ErrorEntry.objects.get()
    ErrorEntry.objects.create(
        connection=entry.connection, record_kind="account", record_id=1, remote_object="Account", code="X", message="no"
    )

    for query in ({"object": "Contact"}, {"code": entry.code}, {"record_id": entry.record_id}, {"q": "refused"}):
        assert admin_api.ids("errors", **query) == [entry.pk]
    assert admin_api.ids("errors", record_kind="deal") == []
    assert admin_api.get(f"{V1}errors/", {"state": "lost"}).status_code == 400
    assert admin_api.get(f"{V1}errors/", {"record_id": "0.5"}).status_code == 400
