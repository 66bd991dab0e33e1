"""Large backlogs: changes that go as one job, which Salesforce works off by itself."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from common.bulk import update_rows
from contacts.models import Contact
from integrations import services, tasks
from integrations.models import Connection, ErrorEntry, IngestJob, Lane, Outbox, RecordLink, Run, SyncEvent
from integrations.sync import ingested
from tests.conftest import pull_all, push_all
from tests.integrations.sync.pushing import last_edit_was, later
from tests.salesforce_org import Org

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
FIELD = "Tandem_Id__c"
JOBS = "jobs/ingest"


@pytest.fixture(autouse=True)
def large(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts as large, small enough for a test."""
    settings.SYNC_BULK_FROM = 4
    monkeypatch.setattr(ingested, "PART", 3)


@pytest.fixture
def edited(synced: Connection) -> list[Contact]:
    """Twelve contacts that wait to be pushed."""
    contacts = list(Contact.objects.filter(crm_object="Contact").order_by("pk")[:12])
    update_rows(Contact.objects.filter(pk__in=[contact.pk for contact in contacts]), title="One of Many")
    return contacts


def look_often(seconds: float = 0) -> None:
    """A worker's sleep: jobs are due to be looked at, and what was claimed by the dead is free."""
    IngestJob.objects.update(due_at=timezone.now(), leased_until=None)
    later()


def push_background(rounds: int = 1) -> None:
    for _ in range(rounds):
        look_often()
        tasks.push_lane(Lane.BACKGROUND, sleeper=look_often)


def titled(org: Org, title: str = "One of Many") -> int:
    return len(org.query(f"SELECT Id FROM Contact WHERE Title = '{title}'"))


def newcomers(synced: Connection, count: int = 6) -> list[Contact]:
    """New people in an org that has a field for our external id."""
    synced.object_settings.update(external_id_field=FIELD)
    people = Contact.objects.bulk_create(Contact(first_name=f"N{n}", last_name="Newcomer") for n in range(count))
    services.queue_push(people, lane=Lane.BACKGROUND)
    return people


def assert_all_is_told(org: Org, contacts: list[Contact]) -> None:
    assert titled(org) == len(contacts)
    assert not Outbox.objects.exists()
    assert not IngestJob.objects.exists()
    assert not ErrorEntry.objects.open().exists()
    for link in RecordLink.objects.of("contact", [contact.pk for contact in contacts]):
        assert link.base["Title"] == "One of Many"


def test_many_changes_go_as_one_job(synced: Connection, org: Org, edited: list[Contact]) -> None:
    org.forget_calls()

    push_background()

    assert_all_is_told(org, edited)
    calls = org.calls()
    assert any(JOBS in call for call in calls)
    assert not any(call.startswith("PATCH composite") for call in calls)
    assert sum(run.updated for run in Run.objects.filter(kind=Run.Kind.PUSH)) == len(edited)
    events = SyncEvent.objects.filter(kind=SyncEvent.Kind.PUSHED)
    assert {event.record_id for event in events} == {contact.pk for contact in edited}
    assert all(event.changes["Title"][1] == "One of Many" for event in events)


def test_few_changes_go_by_batches(synced: Connection, org: Org) -> None:
    update_rows(Contact.objects.filter(pk__in=Contact.objects.filter(crm_object="Contact")[:3]), title="One of Many")
    org.forget_calls()

    push_background()

    assert titled(org) == 3
    assert not any(JOBS in call for call in org.calls())


def test_what_people_wait_for_never_goes_as_a_job(synced: Connection, org: Org, edited: list[Contact]) -> None:
    Outbox.objects.update(lane=Lane.PEOPLE)
    org.forget_calls()

    tasks.push_lane(Lane.PEOPLE)

    assert_all_is_told(org, edited)
    assert not any(JOBS in call for call in org.calls())


def test_what_a_job_wrote_does_not_come_back_as_a_change(synced: Connection, org: Org, edited: list[Contact]) -> None:
    push_background()
    before = SyncEvent.objects.count()

    pull_all()

    assert not Outbox.objects.exists()
    assert SyncEvent.objects.count() == before


def test_values_arrive_as_they_are(synced: Connection, org: Org, edited: list[Contact]) -> None:
    odd = {
        edited[0].pk: 'comma, "quote"',
        edited[1].pk: "Bürgermeisterin 東京 😀",
        edited[2].pk: "=1+1",
        edited[3].pk: "#N/A",
        edited[4].pk: "",
    }
    for pk, title in odd.items():
        Contact.objects.filter(pk=pk).update(title=title, street="one\ntwo", updated_at=timezone.now())

    push_background(2)

    for pk, title in odd.items():
        contact = Contact.objects.get(pk=pk)
        remote = org.get("Contact", contact.crm_id)
        assert (remote["Title"] or "") == title
        assert remote["MailingStreet"].replace("\r\n", "\n") == "one\ntwo"
    assert not Outbox.objects.exists()


def test_a_conflict_is_settled_by_a_batch_beside_the_job(synced: Connection, org: Org, edited: list[Contact]) -> None:
    org.update("Contact", edited[0].crm_id, Title="Theirs")
    last_edit_was(edited[0], seconds=-5)

    push_background()

    assert_all_is_told(org, edited)
    conflict = SyncEvent.objects.get(kind=SyncEvent.Kind.CONFLICT)
    assert conflict.record_id == edited[0].pk


def edit_meanwhile(contact: Contact) -> None:
    contact.department = "Edited meanwhile"
    contact.save(update_fields=["department"])


def test_an_edit_while_a_job_is_under_way_is_not_lost(
    synced: Connection, org: Org, edited: list[Contact], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = ingested.look

    def edit_and_look(*args: Any) -> Any:
        edit_meanwhile(edited[0])
        monkeypatch.setattr(ingested, "look", look)
        return look(*args)

    monkeypatch.setattr(ingested, "look", edit_and_look)
    push_background()
    push_all()

    assert org.get("Contact", edited[0].crm_id)["Department"] == "Edited meanwhile"
    assert_all_is_told(org, edited)


def test_a_record_that_is_deleted_while_its_job_is_under_way_stays_deleted(
    synced: Connection, org: Org, edited: list[Contact], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = ingested.look

    def delete_and_look(*args: Any) -> Any:
        monkeypatch.setattr(ingested, "look", look)
        Contact.objects.get(pk=edited[0].pk).delete()
        return look(*args)

    monkeypatch.setattr(ingested, "look", delete_and_look)
    push_background()
    pull_all()

    assert not Contact.objects.filter(crm_id=edited[0].crm_id).exists()
    assert not Outbox.objects.exists()
    assert not IngestJob.objects.exists()


def test_a_record_that_is_refused_in_a_job_is_refused_as_in_a_batch(
    synced: Connection, org: Org, edited: list[Contact]
) -> None:
    org.faults(
        {
            "match": {"path": JOBS},
            "do": "refuse",
            "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "message": "No",
            "times": 2,
        }
    )

    push_background()

    entries = list(ErrorEntry.objects.open())
    assert [entry.code for entry in entries] == ["FIELD_CUSTOM_VALIDATION_EXCEPTION"] * 2
    assert entries[0].by == ErrorEntry.By.REMOTE
    assert entries[0].payload == {"Title": "One of Many"}
    assert titled(org) == len(edited) - 2
    assert not Outbox.objects.exists()
    assert sum(run.failed for run in Run.objects.filter(kind=Run.Kind.PUSH)) == 2


def test_a_record_that_is_locked_in_a_job_is_tried_again(synced: Connection, org: Org, edited: list[Contact]) -> None:
    org.faults({"match": {"path": JOBS}, "do": "lock", "times": 3})

    push_background()
    waiting = Outbox.objects.count()
    push_background()

    assert waiting == 3
    assert_all_is_told(org, edited)


@pytest.mark.parametrize("fault", ["job_fail", "job_stall"])
def test_what_a_job_does_not_do_goes_by_batches(
    synced: Connection, org: Org, edited: list[Contact], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(ingested, "PATIENCE", timedelta() if fault == "job_stall" else timedelta(hours=1))
    org.faults({"match": {"path": JOBS}, "do": fault, "times": None})

    push_background(2)

    assert_all_is_told(org, edited)


CALLS = {
    "begin": {"method": "POST", "path": f"{JOBS}$"},
    "fill": {"method": "PUT", "path": JOBS},
    "close": {"method": "PATCH", "path": f"{JOBS}/\\w+$", "object": None},
    "look": {"method": "GET", "path": f"{JOBS}/\\w+$"},
    "results": {"method": "GET", "path": "successfulResults"},
}
FAULTS: list[dict[str, Any]] = [
    {"do": "drop_before"},
    {"do": "drop_after"},
    {"do": "status", "status": 503},
    {"do": "html"},
    {"do": "truncate"},
    {"do": "expire"},
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["do"])
def test_every_change_arrives_whatever_happens_to_one_call(
    synced: Connection, org: Org, edited: list[Contact], call: str, fault: dict[str, Any]
) -> None:
    match = {name: value for name, value in CALLS[call].items() if value}
    org.faults({"match": match, "times": 1, **fault})

    push_background(3)

    assert_all_is_told(org, edited)


def test_creates_under_an_external_id_go_as_one_job(synced: Connection, org: Org) -> None:
    people = newcomers(synced)
    org.forget_calls()

    push_background()

    made = {row["Id"]: row[FIELD] for row in org.query(f"SELECT Id, {FIELD} FROM Contact WHERE LastName = 'Newcomer'")}
    links = RecordLink.objects.of("contact", [person.pk for person in people])
    assert {link.remote_id: str(link.external_id) for link in links} == made
    assert len(made) == len(people)
    assert any(JOBS in call for call in org.calls())
    assert not Outbox.objects.exists()
    assert sum(run.created for run in Run.objects.filter(kind=Run.Kind.PUSH)) == len(people)


def test_creates_that_could_not_be_told_apart_never_go_as_a_job(synced: Connection, org: Org) -> None:
    newcomers(synced)
    synced.object_settings.update(external_id_field="")
    org.forget_calls()

    push_background()

    assert len(org.query("SELECT Id FROM Contact WHERE LastName = 'Newcomer'")) == 6
    assert not any(JOBS in call for call in org.calls())


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "status"])
def test_every_record_is_made_once_whatever_happens_to_one_call(
    synced: Connection, org: Org, call: str, fault: str
) -> None:
    people = newcomers(synced)
    match = {name: value for name, value in CALLS[call].items() if value}
    org.faults({"match": match, "times": 1, "do": fault})

    push_background(3)

    made = [row["FirstName"] for row in org.query("SELECT FirstName FROM Contact WHERE LastName = 'Newcomer'")]
    assert sorted(made) == sorted(person.first_name for person in people)
    assert not Outbox.objects.exists()
    assert not Contact.objects.filter(crm_id="").exists()


def test_a_person_who_is_edited_while_the_job_makes_them_is_told(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = newcomers(synced)[0]
    look = ingested.look

    def edit_and_look(*args: Any) -> Any:
        monkeypatch.setattr(ingested, "look", look)
        edit_meanwhile(person)
        return look(*args)

    monkeypatch.setattr(ingested, "look", edit_and_look)
    push_background()
    push_all()

    person.refresh_from_db()
    assert org.get("Contact", person.crm_id)["Department"] == "Edited meanwhile"
    assert len(org.query("SELECT Id FROM Contact WHERE LastName = 'Newcomer'")) == 6


def test_a_person_who_is_deleted_while_the_job_makes_them_does_not_come_back(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = newcomers(synced)[0]
    look = ingested.look

    def delete_and_look(*args: Any) -> Any:
        monkeypatch.setattr(ingested, "look", look)
        Contact.objects.get(pk=person.pk).delete()
        return look(*args)

    monkeypatch.setattr(ingested, "look", delete_and_look)
    push_background()
    pull_all()

    assert Contact.objects.filter(last_name="Newcomer").count() == 5
    assert not Outbox.objects.exists()
