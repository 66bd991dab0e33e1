"""Changes that took effect while nobody here heard of it, and what people change next: their last word stands."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from contacts.models import Contact
from deals import services as deals
from integrations import tasks
from integrations.models import Connection, IngestJob, Lane, Outbox, RecordLink, SyncEvent
from integrations.providers import provider_for
from integrations.salesforce.provider import SalesforceProvider
from integrations.sync import ingested, outbox
from integrations.sync.page import Known
from integrations.sync.scope import Scope
from integrations.sync.singles import pull_records
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory
from tests.integrations.sync.activities.making import linked_contact
from tests.integrations.sync.conftest import Meanwhile
from tests.integrations.sync.dealing import pushable, roles_here, roles_there
from tests.integrations.sync.pushing import edit, last_edit_was, later
from tests.salesforce_org import Org

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
CHANGES = {"method": "PATCH", "path": "composite/sobjects"}


class Killed(BaseException):
    """No code of ours goes on after it."""


@pytest.fixture
def contact(synced: Connection) -> Contact:
    return linked_contact()


@pytest.fixture(params=["the answer is lost", "the worker is killed"])
def push_unheard(request: pytest.FixtureRequest, org: Org, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Send what is due; the org takes it, and nothing of that is stored here."""
    update_many = SalesforceProvider.update_many

    def killed_after(self: SalesforceProvider, *args: Any, **kwargs: Any) -> Iterator[Any]:
        list(update_many(self, *args, **kwargs))
        raise Killed

    def push() -> None:
        if request.param == "the answer is lost":
            org.faults({"match": CHANGES, "do": "drop_after", "times": 1})
            push_once(Lane.REAL_TIME)
        else:
            with monkeypatch.context() as patch:
                patch.setattr(SalesforceProvider, "update_many", killed_after)
                push_once(Lane.REAL_TIME)
        later()
        assert Outbox.objects.exists()

    return push


def push_once(lane: Lane) -> None:
    """What is due is sent; what failed, or has to be looked at, waits until later."""

    def stopped(seconds: float) -> None:
        raise Killed

    with pytest.raises(Killed):
        tasks.push_lane(lane, sleeper=stopped)


def entitle(contact: Contact, title: str) -> None:
    """A change that a person makes just before that of the org is stamped: the calls' ways are that long."""
    edit(contact, title=title)
    last_edit_was(contact, seconds=5)


def assert_last_word(org: Org, contact: Contact, title: str) -> None:
    """On both sides, for good, and nobody disputes it."""
    push_all()
    pull_all()
    contact.refresh_from_db()
    assert contact.title == title
    assert org.get("Contact", contact.crm_id)["Title"] == title
    assert not Outbox.objects.exists()
    assert not SyncEvent.objects.filter(kind=SyncEvent.Kind.CONFLICT).exists()


@pytest.mark.parametrize("is_pulled_before", [False, True])
def test_a_change_after_one_that_nobody_heard_of_stands(
    contact: Contact, org: Org, push_unheard: Callable[[], None], is_pulled_before: bool
) -> None:
    entitle(contact, "First")
    push_unheard()
    assert org.get("Contact", contact.crm_id)["Title"] == "First"

    entitle(contact, "Second")
    if is_pulled_before:
        pull_all()

    assert_last_word(org, contact, "Second")


@pytest.mark.parametrize("is_pulled_between", [False, True])
def test_so_does_the_third_after_two_of_them(
    contact: Contact, org: Org, push_unheard: Callable[[], None], is_pulled_between: bool
) -> None:
    for title in ("First", "Second"):
        entitle(contact, title)
        if is_pulled_between:
            pull_all()
        push_unheard()

    entitle(contact, "Third")

    assert_last_word(org, contact, "Third")


def test_so_does_one_after_a_second_that_never_arrived(
    contact: Contact, org: Org, push_unheard: Callable[[], None]
) -> None:
    entitle(contact, "First")
    push_unheard()
    entitle(contact, "Second")
    org.faults({"match": CHANGES, "do": "drop_before", "times": 1})
    push_once(Lane.REAL_TIME)
    later()

    entitle(contact, "Third")

    assert_last_word(org, contact, "Third")


def test_taking_a_change_back_that_nobody_heard_of_takes_it_back_there(
    contact: Contact, org: Org, push_unheard: Callable[[], None]
) -> None:
    before = contact.title
    entitle(contact, "First")
    push_unheard()

    entitle(contact, before)

    assert_last_word(org, contact, before)


def test_what_somebody_there_made_of_it_is_a_conflict_still(
    contact: Contact, org: Org, push_unheard: Callable[[], None]
) -> None:
    entitle(contact, "First")
    push_unheard()
    org.update("Contact", contact.crm_id, Title="Theirs", Department="Theirs")

    entitle(contact, "Second")
    push_all()

    contact.refresh_from_db()
    assert (contact.title, contact.department) == ("Theirs", "Theirs")
    conflict = SyncEvent.objects.get(kind=SyncEvent.Kind.CONFLICT)
    assert conflict.changes["Title"]["ours"] == "Second"


def test_a_pull_that_sees_a_change_before_its_answer_does_not_take_it_for_theirs(
    contact: Contact, org: Org, meanwhile: Meanwhile
) -> None:
    def edited_and_seen() -> None:
        entitle(contact, "Second")
        pull_all()

    entitle(contact, "First")
    meanwhile(SalesforceProvider, "update_many", edited_and_seen)
    tasks.push_lane(Lane.REAL_TIME)

    assert_last_word(org, contact, "Second")


def test_nor_one_that_a_job_makes(contact: Contact, org: Org, settings: Any) -> None:
    settings.SYNC_BULK_FROM = 1
    entitle(contact, "First")
    Outbox.objects.update(lane=Lane.BACKGROUND)
    org.faults({"match": {"method": "GET", "path": "jobs/ingest"}, "do": "drop_before", "times": 1})
    push_once(Lane.BACKGROUND)
    assert IngestJob.objects.exists()
    assert org.get("Contact", contact.crm_id)["Title"] == "First"

    entitle(contact, "Second")
    pull_all()
    IngestJob.objects.update(due_at=timezone.now(), leased_until=None)
    later()

    assert_last_word(org, contact, "Second")


def test_nor_what_became_of_a_job_that_was_given_up(contact: Contact, org: Org, settings: Any) -> None:
    settings.SYNC_BULK_FROM = 1
    entitle(contact, "First")
    Outbox.objects.update(lane=Lane.BACKGROUND)
    org.faults({"match": {"method": "GET", "path": "jobs/ingest"}, "do": "drop_before", "times": 1})
    push_once(Lane.BACKGROUND)

    with transaction.atomic():
        ingested.free(IngestJob.objects.get())
    settings.SYNC_BULK_FROM = 1_000
    entitle(contact, "Second")
    later()

    assert_last_word(org, contact, "Second")


def test_what_a_pull_wrote_while_they_were_compared_is_not_written_over(
    contact: Contact, org: Org, push_unheard: Callable[[], None], meanwhile: Meanwhile
) -> None:
    def changed_there_and_pulled() -> None:
        org.update("Contact", contact.crm_id, Department="Theirs")
        pull_all()

    entitle(contact, "First")
    push_unheard()
    entitle(contact, "Second")
    meanwhile(SalesforceProvider, "retrieve", changed_there_and_pulled)
    push_unheard()
    contact.refresh_from_db()
    edit(contact, department="Ours, knowing theirs")
    last_edit_was(contact, seconds=5)

    assert_last_word(org, contact, "Second")
    assert org.get("Contact", contact.crm_id)["Department"] == contact.department == "Ours, knowing theirs"


def pushed_titles(contact: Contact) -> list[Any]:
    events = SyncEvent.objects.filter(record_id=contact.pk, kind=SyncEvent.Kind.PUSHED).order_by("pk")
    return [event.changes["Title"][1] for event in events if "Title" in event.changes]


def test_what_a_pull_wrote_before_the_answer_came_is_not_written_over(
    contact: Contact, org: Org, meanwhile: Meanwhile
) -> None:
    def changed_there_pulled_and_changed_here() -> None:
        org.update("Contact", contact.crm_id, Department="Theirs")
        pull_all()
        contact.refresh_from_db()
        assert contact.department == "Theirs"
        edit(contact, department="Ours, knowing theirs")
        last_edit_was(contact, seconds=5)

    entitle(contact, "First")
    meanwhile(SalesforceProvider, "update_many", changed_there_pulled_and_changed_here)

    assert_last_word(org, contact, "First")
    assert org.get("Contact", contact.crm_id)["Department"] == contact.department == "Ours, knowing theirs"
    assert pushed_titles(contact) == ["First"]


def test_a_link_that_ended_before_the_answer_came_stays_so(contact: Contact, org: Org, meanwhile: Meanwhile) -> None:
    def deleted_there_and_pulled() -> None:
        org.delete("Contact", contact.crm_id)
        pull_all()

    entitle(contact, "First")
    meanwhile(SalesforceProvider, "update_many", deleted_there_and_pulled)
    push_all()

    contact.refresh_from_db()
    assert (contact.crm_id, contact.title) == ("", "First")
    assert not RecordLink.objects.live().filter(record_id=contact.pk).exists()
    assert not Outbox.objects.exists()


@pytest.mark.parametrize("there", [{}, {"Department": "Theirs"}], ids=["as agreed there", "changed there"])
def test_what_a_push_wrote_while_a_page_was_sorted_is_not_written_over(
    contact: Contact, org: Org, meanwhile: Meanwhile, there: dict[str, str]
) -> None:
    org.update("Contact", contact.crm_id, Phone="+1 555 0100")
    pull_all()
    entitle(contact, "First")
    if there:
        org.update("Contact", contact.crm_id, **there)
    meanwhile(Known, "load", push_all)
    connection = Connection.objects.get()
    pull_records(Scope.load(connection, "Contact"), [contact.crm_id], provider_for(connection.team_credential))

    link = RecordLink.objects.get(record_id=contact.pk)
    assert link.base["Title"] == "First"
    assert not Outbox.objects.exists()
    entitle(contact, "Second")
    assert_last_word(org, contact, "Second")


@pytest.mark.parametrize("is_pulled_before", [False, True])
def test_what_filled_a_record_that_was_there_already_is_still_ours_to_change(
    synced: Connection, org: Org, push_unheard: Callable[[], None], is_pulled_before: bool
) -> None:
    for number in range(2):
        org.create("Contact", LastName="Twin", Email=f"twin{number}@unheard.example", Phone="There")
    twins = [
        ContactFactory(last_name="Twin", email=f"twin{number}@unheard.example", title="First", phone="")
        for number in range(2)
    ]
    push_unheard()

    entitle(twins[0], "Second")
    entitle(twins[1], "")
    if is_pulled_before:
        pull_all()

    push_all()
    pull_all()
    titles = {
        row["Email"]: row["Title"] for row in org.query("SELECT Email, Title FROM Contact WHERE LastName = 'Twin'")
    }
    assert titles == {"twin0@unheard.example": "Second", "twin1@unheard.example": None}
    assert list(Contact.objects.filter(last_name="Twin").order_by("pk").values_list("title", "phone")) == [
        ("Second", "There"),
        ("", "There"),
    ]


def test_the_last_role_in_a_deal_stands(with_deals: Connection, org: Org, push_unheard: Callable[[], None]) -> None:
    person, other = Contact.objects.filter(crm_object="Contact").order_by("pk")[:2]
    deal = pushable(name="With people")
    deals.add_contact(deal.pk, person, role="Evaluator")
    deals.add_contact(deal.pk, other)
    push_all()
    deal.refresh_from_db()
    deals.change_role(deal.pk, person.pk, role="Decision Maker")
    deals.change_role(deal.pk, other.pk, is_primary=True)
    push_unheard()

    deals.change_role(deal.pk, person.pk, role="Other")
    push_all()
    pull_all()

    assert roles_there(org, deal) == roles_here(deal) == {person.crm_id: ("Other", False), other.crm_id: (None, True)}


def test_what_fills_a_twin_does_not_make_a_create_forgotten_that_may_still_arrive(synced: Connection) -> None:
    contact = ContactFactory()
    sent_at = timezone.now()
    Outbox.objects.filter(record_id=contact.pk).update(sent_at=sent_at, sent={"LastName": "Sent"})
    claim = outbox.claim(Lane.REAL_TIME)
    assert claim

    outbox.note_sent(claim, {row.pk: ({"Title": "Filled"}, row.external_id) for row in claim.rows})

    row = Outbox.objects.get(record_id=contact.pk)
    assert (row.sent_at, row.sent) == (sent_at, {"LastName": "Sent"})
