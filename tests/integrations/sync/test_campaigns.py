"""People are added to campaigns: once, under the right login, whoever lacks is pushed first."""

from collections import Counter
from typing import Any

import pytest

from common import erasing
from common.merging import merge
from contacts.models import Contact
from integrations import services, tasks
from integrations.models import (
    Campaign,
    CampaignMember,
    Connection,
    Credential,
    ErrorEntry,
    ObjectSettings,
    Run,
    SyncEvent,
)
from integrations.salesforce.provider import SalesforceProvider
from integrations.sync import members
from integrations.sync.state import State, sync_states
from tests.conftest import push_all
from tests.factories import ContactFactory, UserFactory
from tests.integrations.sync.joining import ask, in_salesforce, later, make_campaign, members_of, states, work
from tests.integrations.test_permissions import login_of, restrict
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
NO_WRITES = dict.fromkeys(
    ("PermissionsCreate", "PermissionsEdit", "PermissionsDelete", "PermissionsModifyAllRecords"), False
)
WRITES = {"method": "POST", "path": "composite/sobjects$"}


@pytest.fixture
def campaign(synced: Connection, org: Org, admin: User) -> Campaign:
    return make_campaign(org, admin)


def test_leads_and_contacts_become_members_with_the_status(campaign: Campaign, org: Org, admin: User) -> None:
    (person,) = in_salesforce(org)
    ObjectSettings.objects.filter(record_kind="contact").update(create_as="Lead")
    lead = ContactFactory(last_name="A lead", email="lead@join.example")
    push_all()
    lead.refresh_from_db()

    ask(campaign, [person, lead], admin, "Responded")
    work()

    assert lead.crm_object == "Lead"
    assert members_of(org, campaign) == {person.crm_id: "Responded", lead.crm_id: "Responded"}
    assert states([person, lead]) == ["added", "added"]
    events = SyncEvent.objects.filter(kind="campaign")
    assert {event.record_id for event in events} == {person.pk, lead.pk}
    assert {event.summary for event in events} == {"Added to “Spring Webinar”, as “Responded”."}
    runs = Run.objects.filter(remote_object="CampaignMember")
    assert [(run.created, run.failed, run.state) for run in runs] == [(2, 0, "done")]


def test_two_hundred_people_cost_two_calls(campaign: Campaign, org: Org, admin: User) -> None:
    people = Contact.objects.bulk_create(
        Contact(last_name=f"Many {n}", email=f"many{n}@join.example") for n in range(201)
    )
    services.queue_push(people)
    push_all()
    ask(campaign, people, admin)
    org.forget_calls()

    work()

    assert sum(org.calls().values()) == 4
    assert len(members_of(org, campaign)) == 201


def test_who_is_not_in_salesforce_is_pushed_first(campaign: Campaign, org: Org, admin: User) -> None:
    ObjectSettings.objects.filter(record_kind="contact").update(push_stages=[])
    new = ContactFactory(last_name="New", email="new@join.example")

    ask(campaign, [new], admin)
    work()
    assert states([new]) == ["waiting"]
    push_all()
    work()

    new.refresh_from_db()
    assert members_of(org, campaign) == {new.crm_id: "Sent"}


def test_who_cannot_be_pushed_is_refused_and_follows_when_that_is_mended(
    campaign: Campaign, org: Org, admin: User
) -> None:
    wrong = ContactFactory(last_name="Wrong", email="not an address")

    ask(campaign, [wrong], admin)
    push_all()
    work()

    assert states([wrong]) == ["refused"]
    entry = ErrorEntry.objects.get(record_kind="member")
    assert (entry.code, entry.by) == ("PERSON_NOT_SYNCED", "tandem")
    assert entry.record_name == f"{wrong}, for “Spring Webinar”"

    wrong.email = "right@join.example"
    wrong.save(update_fields=["email"])
    push_all()
    work()

    wrong.refresh_from_db()
    assert members_of(org, campaign) == {wrong.crm_id: "Sent"}
    entry.refresh_from_db()
    assert entry.closed_at


def test_who_is_kept_out_of_the_sync_is_refused_with_the_reason(campaign: Campaign, admin: User) -> None:
    kept_out = ContactFactory(last_name="Private")
    services.skip(kept_out, admin)

    ask(campaign, [kept_out], admin)
    push_all()
    work()

    assert "keeps it out of the sync" in CampaignMember.objects.get().message


def test_who_is_in_it_already_stays_as_they_are(campaign: Campaign, org: Org, admin: User) -> None:
    (person,) = in_salesforce(org)
    org.create("CampaignMember", CampaignId=campaign.remote_id, ContactId=person.crm_id, Status="Responded")

    ask(campaign, [person], admin, "Sent")
    work()

    assert states([person]) == ["present"]
    assert members_of(org, campaign) == {person.crm_id: "Responded"}
    assert CampaignMember.objects.get().status == "Responded"
    assert not ErrorEntry.objects.exists()


def test_who_is_added_by_somebody_else_between_question_and_call_is_recognised(
    campaign: Campaign, org: Org, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = in_salesforce(org, 2)
    ask(campaign, [first, second], admin)
    create = SalesforceProvider.create

    def late(self: SalesforceProvider, *args: Any, **kwargs: Any) -> Any:
        org.create("CampaignMember", CampaignId=campaign.remote_id, ContactId=first.crm_id)
        return create(self, *args, **kwargs)

    monkeypatch.setattr(SalesforceProvider, "create", late)
    work()

    assert set(members_of(org, campaign)) == {first.crm_id, second.crm_id}
    assert not CampaignMember.objects.waiting().exists()
    assert not ErrorEntry.objects.exists()


def test_a_lost_reply_adds_nobody_twice(campaign: Campaign, org: Org, admin: User) -> None:
    people = in_salesforce(org, 3)
    ask(campaign, people, admin)
    org.faults({"match": WRITES, "do": "drop_after", "times": 1})
    org.forget_calls()

    work()
    later()
    work()

    assert org.calls()["POST composite/sobjects"] == 1
    assert len(members_of(org, campaign)) == 3
    assert states(people) == ["added"] * 3  # by us, though the answer was lost


def test_a_call_that_failed_is_tried_again_and_blames_nobody(campaign: Campaign, org: Org, admin: User) -> None:
    people = in_salesforce(org, 4)
    ask(campaign, people, admin)
    org.faults({"match": WRITES, "do": "status", "status": 503, "times": 1})

    work()
    assert not ErrorEntry.objects.exists()
    later()
    for _ in range(3):
        work()

    assert states(people) == ["added"] * 4


def test_a_locked_row_is_tried_again(campaign: Campaign, org: Org, admin: User) -> None:
    people = in_salesforce(org, 2)
    ask(campaign, people, admin)
    org.faults({"match": {**WRITES, "object": "CampaignMember"}, "do": "lock", "times": 1})

    work()
    assert "waiting" in states(people)
    later()
    work()

    assert states(people) == ["added"] * 2


def test_a_campaign_that_is_gone_refuses_each_and_a_retry_says_how_it_stands(
    campaign: Campaign, org: Org, admin: User
) -> None:
    (person,) = in_salesforce(org)
    org.delete("Campaign", campaign.remote_id)

    ask(campaign, [person], admin)
    work()

    entry = ErrorEntry.objects.get(record_kind="member")
    assert entry.by == "remote"
    assert entry.payload == {"CampaignId": campaign.remote_id, "ContactId": person.crm_id, "Status": "Sent"}
    assert sync_states([person])[person.pk].state == State.SYNCED  # nothing is wrong with the person
    assert SyncEvent.objects.filter(record_id=person.pk, kind="refused").count() == 1

    org.control("undelete", ids=[campaign.remote_id])
    assert services.retry([entry], admin) == 1
    work()

    assert members_of(org, campaign) == {person.crm_id: "Sent"}
    entry.refresh_from_db()
    assert entry.closed_at


def test_the_acting_users_own_login_adds_them(campaign: Campaign, org: Org) -> None:
    seller = UserFactory()
    own = login_of(campaign.connection, org, "Standard User", seller)
    (person,) = in_salesforce(org)

    ask(campaign, [person], seller)
    work()

    (row,) = org.query(f"SELECT CreatedById FROM CampaignMember WHERE CampaignId = '{campaign.remote_id}'")
    assert row["CreatedById"] == own.remote_user_id
    event = SyncEvent.objects.get(kind="campaign")
    assert (event.credential, event.credential_reason) == (own, "the acting user's own login")


def test_without_a_login_of_their_own_the_teams_does(campaign: Campaign, org: Org) -> None:
    (person,) = in_salesforce(org)

    ask(campaign, [person], UserFactory())
    work()

    assert CampaignMember.objects.get().credential == campaign.connection.team_credential


def test_a_broken_login_is_waited_for_and_holds_up_nobody_else(campaign: Campaign, org: Org, admin: User) -> None:
    seller = UserFactory()
    login_of(campaign.connection, org, "Standard User", seller)
    theirs, mine = in_salesforce(org, 2)
    Credential.objects.filter(user=seller).update(broken_reason="Revoked.")

    ask(campaign, [theirs], seller)
    ask(campaign, [mine], admin)
    work()
    assert states([theirs, mine]) == ["waiting", "added"]

    Credential.objects.filter(user=seller).update(broken_reason="")
    work()
    assert states([theirs]) == ["added"]


def test_a_login_without_the_right_is_refused_by_salesforce_and_said(campaign: Campaign, org: Org) -> None:
    seller = UserFactory()
    login_of(campaign.connection, org, "Standard User", seller)
    restrict(org, "Standard User", "Campaign", **NO_WRITES)
    (person,) = in_salesforce(org)

    ask(campaign, [person], seller)
    work()

    assert states([person]) == ["refused"]


def test_who_is_asked_for_twice_is_added_once(campaign: Campaign, org: Org, admin: User) -> None:
    (person,) = in_salesforce(org)

    ask(campaign, [person], admin)
    ask(campaign, [person], admin)
    for _ in range(2):
        work()

    assert Counter(CampaignMember.objects.values_list("state", flat=True)) == {"added": 1, "present": 1}
    assert members_of(org, campaign) == {person.crm_id: "Sent"}


def test_what_was_stopped_is_not_sent(campaign: Campaign, org: Org, admin: User) -> None:
    (person,) = in_salesforce(org)
    job = ask(campaign, [person], admin)
    type(job).objects.filter(pk=job.pk).update(state="stopped")

    work()

    assert states([person]) == ["waiting"]
    assert not members_of(org, campaign)


def test_who_is_deleted_meanwhile_is_left_out(campaign: Campaign, org: Org, admin: User) -> None:
    gone, kept = in_salesforce(org, 2)
    ask(campaign, [gone, kept], admin)
    gone.delete()

    work()

    assert list(CampaignMember.objects.order_by("pk").values_list("state", flat=True)) == ["gone", "added"]
    assert list(members_of(org, campaign)) == [kept.crm_id]


def test_who_is_merged_goes_with_whoever_is_left(campaign: Campaign, org: Org, admin: User) -> None:
    kept, dropped = in_salesforce(org, 2)
    ask(campaign, [dropped], admin)
    merge(kept, dropped)

    work()

    assert set(members_of(org, campaign)) == {kept.crm_id}


def test_of_who_is_erased_nothing_is_kept(campaign: Campaign, org: Org, admin: User) -> None:
    wrong = ContactFactory(last_name="Wrong", email="not an address")
    ask(campaign, [wrong], admin)
    push_all()
    work()

    erasing.erase("contact", wrong.pk, elsewhere=False)

    assert not CampaignMember.objects.exists()
    assert not ErrorEntry.objects.filter(record_kind="member").exists()


def test_the_minute_finds_who_came_by_a_pull(campaign: Campaign, org: Org, admin: User) -> None:
    wrong = ContactFactory(last_name="Wrong", email="not an address")
    ask(campaign, [wrong], admin)
    push_all()
    work()
    Contact.objects.filter(pk=wrong.pk).update(crm_id=org.create("Contact", LastName="Wrong"), crm_object="Contact")

    tasks.tick()
    work()

    assert states([wrong]) == ["added"]


def test_a_claim_that_was_taken_over_settles_nothing(campaign: Campaign, org: Org, admin: User) -> None:
    people = in_salesforce(org, 2)
    ask(campaign, people, admin)
    lost = members.claim(campaign.connection, "people")
    assert lost
    later()

    work()

    assert members.note_sent(lost, lost.rows) == []
    assert states(people) == ["added"] * 2
