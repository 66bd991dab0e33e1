"""Pulling from the local org over real HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Account
from contacts.models import Contact, ContactEvent
from integrations import services, tasks
from integrations.models import (
    Connection,
    Cursor,
    ErrorEntry,
    FieldMapping,
    ObjectDescription,
    Outbox,
    PendingReference,
    RecordLink,
    Run,
    SyncEvent,
)
from integrations.providers import provider_for
from integrations.sync import leases
from integrations.sync import pull as pulling
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory, UserFactory
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def start(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(started_at=timezone.now())


def test_the_first_pull_brings_everything_once(synced: Connection, org: Org) -> None:
    remote = {row["Id"] for row in org.query("SELECT Id FROM Contact")}

    assert set(Contact.objects.filter(crm_object="Contact").values_list("crm_id", flat=True)) == remote
    assert Account.objects.count() == len(org.query("SELECT Id FROM Account"))
    assert synced.phase == Connection.Phase.SYNCING
    assert not Outbox.objects.exists()


def test_a_run_counts_what_it_looked_at(synced: Connection, org: Org) -> None:
    run = Run.objects.get(remote_object="Contact")

    assert run.state == Run.State.DONE
    assert run.looked_at == run.total == len(org.query("SELECT Id FROM Contact", with_deleted=True))


def test_an_unchanged_pull_changes_nothing_and_asks_once_an_object(synced: Connection, org: Org) -> None:
    before = list(Contact.objects.order_by("pk").values())
    org.forget_calls()

    pull_all()

    assert list(Contact.objects.order_by("pk").values()) == before
    assert sum(org.calls().values()) == Cursor.objects.count()
    assert not Outbox.objects.exists()


def test_an_edit_there_arrives_and_is_not_sent_back(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.update("Contact", contact.crm_id, Title="Chief of Tests")

    pull_all()

    contact.refresh_from_db()
    assert contact.title == "Chief of Tests"
    assert not Outbox.objects.exists()
    assert (
        SyncEvent.objects.get(record_id=contact.pk, kind=SyncEvent.Kind.PULLED).changes["Title"][1] == "Chief of Tests"
    )


def test_history_says_which_run_changed_a_field(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.update("Contact", contact.crm_id, Title="Chief of Tests")

    pull_all()

    event = ContactEvent.objects.filter(pgh_obj=contact).latest("pgh_id")
    assert event.title == contact.title
    assert event.pgh_context.metadata["run"] == Run.objects.filter(remote_object="Contact").first().pk


def test_a_pull_in_small_pages_brings_the_same(connection: Connection, org: Org, monkeypatch) -> None:
    monkeypatch.setattr(pulling, "PAGE", 3)
    start(connection)

    pull_all()

    assert Contact.objects.filter(crm_object="Contact").count() == len(org.query("SELECT Id FROM Contact"))
    assert RecordLink.objects.count() == RecordLink.objects.values("remote_id").distinct().count()


def test_a_pull_that_is_cut_off_goes_on_at_its_page(connection: Connection, org: Org, monkeypatch) -> None:
    monkeypatch.setattr(pulling, "PAGE", 5)
    start(connection)
    tasks.pull_due(600, only="Account", is_forced=True)
    tasks.pull_due(0, only="Contact", is_forced=True)  # no time for more than a page
    cut = Cursor.objects.get(remote_object="Contact")
    org.forget_calls()

    tasks.pull_due(600, only="Contact", is_forced=True)

    run = Run.objects.get(remote_object="Contact")
    assert cut.page_at is not None
    assert run.state == Run.State.DONE
    assert run.looked_at == len(org.query("SELECT Id FROM Contact"))


def test_a_reference_is_resolved_when_its_record_arrives(connection: Connection, org: Org) -> None:
    start(connection)
    tasks.pull_due(600, only="Contact", is_forced=True)
    waiting = PendingReference.objects.filter(field="account").count()

    tasks.pull_due(600, only="Account", is_forced=True)

    assert waiting > 0
    assert not PendingReference.objects.filter(field="account").exists()
    for contact in Contact.objects.exclude(account=None).select_related("account"):
        assert org.get("Contact", contact.crm_id)["AccountId"] == contact.account.crm_id


def test_a_reference_whose_record_another_worker_brought_meanwhile_is_resolved_when_the_pull_ends(
    synced: Connection, org: Org
) -> None:
    contact = Contact.objects.exclude(crm_id="").exclude(account=None).select_related("account").first()
    account = contact.account
    Contact.objects.filter(pk=contact.pk).update(account=None)  # neither worker saw what the other brought
    PendingReference.objects.create(
        connection=synced, record_kind="contact", record_id=contact.pk, field="account", remote_id=account.crm_id
    )

    tasks.pull_due(600, only="Account", is_forced=True)

    contact.refresh_from_db()
    assert contact.account == account
    assert not PendingReference.objects.exists()
    assert not Outbox.objects.exists()


def test_what_waits_for_a_record_that_was_deleted_here_goes_on_waiting(synced: Connection, org: Org) -> None:
    contact = Contact.objects.exclude(crm_id="").exclude(account=None).select_related("account").first()
    contact.account.delete()

    pull_all()

    contact.refresh_from_db()
    assert contact.account is None
    assert PendingReference.objects.filter(record_kind="contact", record_id=contact.pk).exists()


def test_a_waiting_reference_is_not_taken_for_an_edit(connection: Connection, org: Org) -> None:
    start(connection)
    tasks.pull_due(600, only="Contact", is_forced=True)
    reference = PendingReference.objects.filter(field="account").first()
    remote_id = Contact.objects.get(pk=reference.record_id).crm_id
    org.update("Contact", remote_id, Title="Changed meanwhile")

    tasks.pull_due(600, only="Contact", is_forced=True)

    assert PendingReference.objects.filter(record_id=reference.record_id).exists()
    assert not Outbox.objects.exists()


def test_a_known_person_is_linked_by_email_and_salesforce_wins(connection: Connection, org: Org) -> None:
    org.create("Contact", LastName="Remote", Email="Zed@Known.example", Title="Boss")
    mine = ContactFactory(last_name="Local", email="zed@known.example", title="Clerk", phone="123")

    start(connection)
    pull_all()
    push_all()

    mine.refresh_from_db()
    assert (mine.last_name, mine.title) == ("Remote", "Boss")
    assert org.get("Contact", mine.crm_id)["Phone"] == "123"
    assert Contact.objects.having_email(["zed@known.example"]).count() == 1


def test_a_secondary_address_recognises_a_person_too(connection: Connection, org: Org) -> None:
    remote_id = org.create("Contact", LastName="Remote", Email="old@known.example")
    mine = ContactFactory(email="new@known.example", other_emails=["old@known.example"])

    start(connection)
    pull_all()

    mine.refresh_from_db()
    assert mine.crm_id == remote_id


def test_a_company_is_recognised_by_its_domain(connection: Connection, org: Org) -> None:
    remote_id = org.create("Account", Name="Known Inc", Website="https://www.known-company.example/")
    mine = AccountFactory(name="Known Incorporated", website="known-company.example")

    start(connection)
    pull_all()

    mine.refresh_from_db()
    assert mine.crm_id == remote_id


def test_a_lead_and_a_contact_of_one_person_are_one_record(synced: Connection, org: Org) -> None:
    lead_id = org.create("Lead", LastName="Both", Company="Acme", Email="both@two.example")
    pull_all()
    contact_id = org.create("Contact", LastName="Both", Email="both@two.example")

    pull_all()

    person = Contact.objects.get(email="both@two.example")
    link = RecordLink.objects.get(record_kind="contact", record_id=person.pk)
    assert (person.crm_id, person.crm_object) == (contact_id, "Contact")
    assert (link.remote_id, link.also_lead_id) == (contact_id, lead_id)


def test_a_lead_beside_a_known_contact_makes_no_second_record(synced: Connection, org: Org) -> None:
    org.create("Contact", LastName="Both", Email="both@two.example")
    pull_all()
    lead_id = org.create("Lead", LastName="Both", Company="Acme", Email="BOTH@two.example")

    pull_all()

    assert Contact.objects.filter(email="both@two.example").count() == 1
    assert RecordLink.objects.get(also_lead_id=lead_id)


def test_a_converted_lead_is_followed_to_its_contact(synced: Connection, org: Org) -> None:
    lead_id = org.create("Lead", LastName="Convert", Company="Acme Conversions", Email="lead@convert.example")
    pull_all()
    person = Contact.objects.get(email="lead@convert.example")
    org.control("convert", lead=lead_id)

    pull_all()

    person.refresh_from_db()
    assert person.crm_object == "Contact"
    assert (
        person.crm_id
        == org.query(f"SELECT ConvertedContactId FROM Lead WHERE Id = '{lead_id}'")[0]["ConvertedContactId"]
    )
    assert Contact.objects.filter(email="lead@convert.example").count() == 1


def test_a_deleted_record_loses_its_link_and_stays(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.delete("Contact", contact.crm_id)

    pull_all()

    contact.refresh_from_db()
    assert contact.crm_id == ""
    assert SyncEvent.objects.get(record_id=contact.pk, kind=SyncEvent.Kind.UNLINKED).summary


def test_a_merge_moves_the_link_to_the_winner(synced: Connection, org: Org) -> None:
    loser = org.create("Contact", LastName="Loser", Email="loser@merge.example")
    pull_all()
    winner = org.create("Contact", LastName="Winner", Email="winner@merge.example")
    org.control("merge", object="Contact", master=winner, losers=[loser])

    pull_all()

    link = RecordLink.objects.get(remote_id=winner)
    assert loser in link.former_ids
    assert Contact.objects.get(pk=link.record_id).email == "winner@merge.example"
    assert Contact.objects.filter(email__endswith="@merge.example").count() == 1


def test_a_record_deleted_here_does_not_come_back(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    remote_id = contact.crm_id
    contact.delete()
    org.update("Contact", remote_id, Title="Still there")

    pull_all()

    assert not Contact.objects.filter(crm_id=remote_id).exists()


def test_a_lead_joins_the_account_of_its_email_domain(synced: Connection, org: Org) -> None:
    account_id = org.create("Account", Name="Domain Owner", Website="https://domain-owner.example")
    org.create("Lead", LastName="Member", Company="?", Email="member@domain-owner.example")
    org.create("Lead", LastName="Free", Company="?", Email="free@gmail.com")

    pull_all()

    assert Contact.objects.get(last_name="Member").account.crm_id == account_id
    assert Contact.objects.get(last_name="Free").account is None


def test_hidden_pulls_count_but_do_not_show(connection: Connection, org: Org) -> None:
    connection.object_settings.filter(record_kind="contact").update(is_visible=False)

    start(connection)
    pull_all()

    assert Contact.objects.exists()
    assert not Contact.objects.listed().exists()


@pytest.mark.connected_anew  # users are matched as it connects
def test_an_owner_is_the_user_with_the_same_email(org: Org, request) -> None:
    rows = org.query("SELECT Id, Email FROM User WHERE IsActive = true AND UserType = 'Standard'")
    someone = UserFactory(email=rows[-1]["Email"])
    request.getfixturevalue("synced")
    org.create("Contact", LastName="Owned", OwnerId=rows[-1]["Id"])

    pull_all()

    assert Contact.objects.get(last_name="Owned").owner == someone


@pytest.mark.parametrize(
    "fault", [{"do": "status", "status": 503}, {"do": "html"}, {"do": "drop_before"}, {"do": "limit"}]
)
def test_a_call_that_fails_pauses_and_the_pull_goes_on_later(connection: Connection, org: Org, fault: dict) -> None:
    start(connection)
    org.faults({"match": {"path": "queryAll", "object": "Contact"}, "times": 1, **fault})
    pull_all()
    paused = Connection.objects.get()

    Connection.objects.update(paused_until=None)
    pull_all()

    assert paused.paused_until is not None
    assert paused.pause_reason
    assert Contact.objects.filter(crm_object="Contact").count() == len(org.query("SELECT Id FROM Contact"))
    assert not ErrorEntry.objects.exists()


def test_an_expired_token_is_renewed_in_the_middle(connection: Connection, org: Org, monkeypatch) -> None:
    monkeypatch.setattr(pulling, "PAGE", 5)
    start(connection)
    org.faults({"match": {"path": "queryAll", "object": "Contact"}, "do": "expire", "times": 1})

    pull_all()

    assert Contact.objects.filter(crm_object="Contact").count() == 20


def test_a_repeated_page_does_no_harm(connection: Connection, org: Org, monkeypatch) -> None:
    monkeypatch.setattr(pulling, "PAGE", 5)
    start(connection)
    org.faults({"match": {"path": "queryAll", "object": "Contact"}, "do": "duplicate_page", "times": 2})

    pull_all()

    assert Contact.objects.filter(crm_object="Contact").count() == 20


def test_what_was_pulled_long_ago_is_not_read_again(synced: Connection, org: Org) -> None:
    Cursor.objects.update(position=timezone.now() + timedelta(hours=1))

    pull_all()

    assert Run.objects.filter(remote_object="Contact").first().looked_at == 0


def test_a_mapped_field_that_the_org_lost_is_left_out(synced: Connection, org: Org) -> None:
    described = ObjectDescription.objects.get(remote_object="Contact")
    title = next(field for field in described.content["fields"] if field["name"] == "Title")
    described.content["fields"].append({**title, "name": "Gone__c"})
    described.fetched_at = timezone.now() - timedelta(days=1)
    described.save()
    FieldMapping.objects.create(
        connection=synced, record_kind="contact", field="headline", remote_object="Contact", remote_field="Gone__c"
    )
    org.create("Contact", LastName="Newcomer")

    pull_all()

    assert Contact.objects.filter(last_name="Newcomer").exists()
    assert not Connection.objects.get().is_paused


def test_a_full_pull_that_is_cancelled_leaves_the_last_whole_one_in_force(synced: Connection, org: Org) -> None:
    cursor = Cursor.objects.get(remote_object="Contact")
    services.read_everything(Cursor.objects.filter(pk=cursor.pk))
    Cursor.objects.filter(pk=cursor.pk).update(page_at=timezone.now(), page_id="x")

    services.cancel_pull(cursor)

    after = Cursor.objects.get(pk=cursor.pk)
    assert (after.position, after.is_full, after.page_at) == (cursor.position, False, None)


def test_a_person_who_changes_a_pulls_course_ends_the_lease_of_the_worker_that_is_at_it(synced: Connection) -> None:
    lease = leases.take_lease(synced, "Contact")
    assert lease is not None

    services.hold_pull(lease.cursor)

    with pytest.raises(leases.LeaseLost):
        pulling.pull(synced, lease, provider_for(synced.team_credential))


def test_an_object_that_is_held_is_not_pulled_until_it_goes_on(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    cursor = Cursor.objects.get(remote_object="Contact")
    org.update("Contact", contact.crm_id, Title="Held Back")
    services.hold_pull(cursor)
    Cursor.objects.update(due_at=timezone.now())

    tasks.pull_due()
    assert not Contact.objects.filter(title="Held Back").exists()

    services.resume_pull(cursor)
    tasks.pull_due()
    assert Contact.objects.filter(title="Held Back").exists()


def test_an_idle_cycle_of_all_objects_is_one_call(synced: Connection, org: Org) -> None:
    Cursor.objects.update(due_at=timezone.now())
    org.forget_calls()

    runs = tasks.pull_due()

    assert {run.remote_object for run in runs} == set(Cursor.objects.values_list("remote_object", flat=True))
    assert sum(org.calls().values()) == 1


def test_somebody_new_there_comes_while_somebody_new_here_still_waits(synced: Connection, org: Org) -> None:
    ContactFactory(last_name="Waiting")
    created = org.create("Contact", LastName="Arriving")

    pull_all()

    assert Contact.objects.filter(crm_id=created).exists()


def test_a_record_that_waits_and_is_deleted_here_waits_no_more(synced: Connection) -> None:
    contact = ContactFactory(last_name="Waiting")

    contact.delete()

    assert not Outbox.objects.exists()


def test_one_record_can_be_pulled_alone(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.update("Contact", contact.crm_id, Title="At Once")
    before = list(Cursor.objects.values("position", "page_at"))

    run = tasks.pull_record("contact", contact.pk)

    contact.refresh_from_db()
    assert contact.title == "At Once"
    assert (run.looked_at, run.updated) == (1, 1)
    assert list(Cursor.objects.values("position", "page_at")) == before


def test_one_record_that_is_gone_there_is_unlinked_when_it_is_pulled(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.delete("Contact", contact.crm_id)

    tasks.pull_record("contact", contact.pk)

    contact.refresh_from_db()
    assert contact.crm_id == ""


def test_an_object_that_the_login_may_not_read_does_not_hold_up_the_end_of_the_first_pull(
    connection: Connection, org: Org
) -> None:
    start(connection)
    org.faults({"match": {"path": "query", "object": "Lead"}, "do": "status", "status": 403})

    pull_all()

    assert Connection.objects.get().phase == Connection.Phase.SYNCING
    assert Cursor.objects.get(remote_object="Lead").is_refused
    org.faults()
    pull_all()
    assert not Cursor.objects.get(remote_object="Lead").is_refused
