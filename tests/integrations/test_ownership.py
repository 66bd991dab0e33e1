"""Who owns a record in Salesforce, who creates it there, and whose login is used."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Account
from common.models import Origin
from common.owning import reassign
from common.visibility import let_see_pulled
from contacts.models import Contact
from integrations import tasks
from integrations.models import Connection, Credential, DeletionSettings, ErrorEntry, Outbox, SyncEvent, UserMapping
from integrations.ownership import push_preview, remote_owners
from integrations.sync.credentials import TEAM_ORIGINS, Logins
from tests.api.conftest import V1, Api
from tests.conftest import push_all
from tests.factories import AdminFactory, ContactFactory, UserFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
CREATE, UPDATE, DELETE = Outbox.Operation.CREATE, Outbox.Operation.UPDATE, Outbox.Operation.DELETE


@pytest.fixture
def logins(db: None, admin: User) -> dict[str, Credential | int]:
    """A team's login, a stronger one that nobody chose, and a seller's own."""
    connection = Connection.objects.create(org_id="00D000000000001AAA")
    make = Credential.objects.create
    team = make(connection=connection, remote_user_id="005000000000001AAA", name="team")
    make(connection=connection, remote_user_id="005000000000002AAA", name="strongest", power=2)
    make(connection=connection, remote_user_id="005000000000003AAA", name="own", user=admin)
    Connection.objects.update(team_credential=team)
    return {"actor": admin.pk}


@pytest.mark.parametrize("origin", Origin.values)
@pytest.mark.parametrize("operation", [CREATE, UPDATE, DELETE])
@pytest.mark.parametrize("actor", ["with a login", "without one", "nobody"])
def test_the_origin_decides_the_login_of_a_create_and_the_actor_that_of_everything_else(
    logins: dict[str, int], origin: str, operation: str, actor: str
) -> None:
    actor_id = {"with a login": logins["actor"], "without one": UserFactory().pk, "nobody": None}[actor]
    of_the_team = operation == CREATE and origin in TEAM_ORIGINS
    expected = "own" if actor == "with a login" and not of_the_team else "team"

    choice = Logins(Connection.objects.get()).choose(operation, origin, actor_id)

    assert (choice.credential.name, bool(choice.reason)) == (expected, True)


@pytest.mark.parametrize("origin", Origin.values)
def test_what_is_logged_goes_by_the_acting_user_whatever_its_origin(logins: dict[str, int], origin: str) -> None:
    of = Logins(Connection.objects.get())
    assert of.choose(CREATE, origin, logins["actor"], is_log=True).credential.name == "own"
    assert of.choose(CREATE, origin, None, is_log=True).credential.name == "team"


def test_a_login_that_is_not_the_present_choice_is_not_given_its_reason(logins: dict[str, int]) -> None:
    of = Logins(Connection.objects.get())
    own = Credential.objects.get(name="own")
    assert of.reason_for(own, UPDATE, Origin.MANUAL, logins["actor"]) == "the acting user's own login"
    assert "queued" in of.reason_for(own, UPDATE, Origin.MANUAL, None)


def test_without_a_team_login_the_one_with_the_highest_permission_is_used(logins: dict[str, int]) -> None:
    Connection.objects.update(team_credential=None)
    choice = Logins(Connection.objects.get()).choose(CREATE, Origin.PROSPECTING, logins["actor"])
    assert choice.credential.name == "strongest"
    assert "highest permission" in choice.reason


def linked() -> Contact:
    return Contact.objects.filter(crm_object="Contact").first()


def somebody(org: Org, *, is_active: bool) -> UserMapping:
    """A user of the org who is a user here too."""
    mapping = UserMapping.objects.filter(user=None, remote_id__startswith="005", is_active=is_active).first()
    mapping.user = UserFactory()
    mapping.save(update_fields=["user"])
    return mapping


def test_an_owner_who_is_nobody_here_is_told_by_name(synced: Connection, org: Org) -> None:
    contact = linked()
    stranger = UserMapping.objects.filter(user=None, remote_id__startswith="005", is_active=True).first()
    org.update("Contact", contact.crm_id, OwnerId=stranger.remote_id)
    tasks.pull_record("contact", contact.pk)
    told = remote_owners([contact])
    preview = push_preview(Contact.objects.get(pk=contact.pk), None)
    UserMapping.objects.filter(pk=stranger.pk).update(user=UserFactory())

    assert told == {contact.pk: stranger.name}
    assert preview.owner == stranger.name
    assert remote_owners([contact]) == {}


def test_a_lead_in_a_queue_is_told_by_the_queues_name(synced: Connection, org: Org) -> None:
    queue = {"Id": org.create("Group", Name="Newcomers", Type="Queue"), "Name": "Newcomers"}
    org.create("QueueSobject", QueueId=queue["Id"], SobjectType="Lead")
    tasks.read_metadata()
    lead = Contact.objects.filter(crm_object="Lead").first()
    org.update("Lead", lead.crm_id, OwnerId=queue["Id"])
    tasks.pull_record("contact", lead.pk)
    owner = Contact.objects.get(pk=lead.pk).owner

    assert remote_owners([lead]) == {lead.pk: queue["Name"]}
    assert owner is None or owner == lead.owner


def test_an_owner_who_left_the_org_is_refused_before_sending_and_not_left_out(synced: Connection, org: Org) -> None:
    contact, left = linked(), somebody(org, is_active=True)
    UserMapping.objects.filter(pk=left.pk).update(is_active=False)
    before = org.get("Contact", contact.crm_id)["OwnerId"]
    contact.owner = left.user
    contact.save(update_fields=["owner"])

    push_all()

    entry = ErrorEntry.objects.open().get(record_id=contact.pk)
    assert (entry.code, entry.by) == ("INACTIVE_OWNER_OR_USER", "tandem")
    assert left.name in entry.message
    assert org.get("Contact", contact.crm_id)["OwnerId"] == before


def test_a_record_whose_owner_left_the_org_takes_other_changes(synced: Connection, org: Org) -> None:
    contact, left = linked(), somebody(org, is_active=True)
    contact.owner = left.user
    contact.save(update_fields=["owner"])
    push_all()
    UserMapping.objects.filter(pk=left.pk).update(is_active=False)
    contact.title = "Still here"
    contact.save(update_fields=["title"])

    push_all()

    there = org.get("Contact", contact.crm_id)
    assert (there["Title"], there["OwnerId"]) == ("Still here", left.remote_id)


@pytest.mark.parametrize("is_given", [False, True])
def test_an_account_made_for_a_contact_is_the_integrations_unless_a_setting_gives_it_to_the_owner(
    synced: Connection, org: Org, is_given: bool
) -> None:
    synced.object_settings.filter(record_kind="account").update(push_automatic_owner=is_given)
    owner = somebody(org, is_active=True)
    contact = ContactFactory(owner=owner.user, email="eve@made-for-her.example", company_name="Made for her")

    push_all()

    contact.refresh_from_db()
    there = org.get("Account", Account.objects.get(pk=contact.account_id).crm_id)["OwnerId"]
    assert there == (owner.remote_id if is_given else synced.team_credential.remote_user_id)


def test_before_a_push_one_sees_who_creates_and_who_will_own(synced: Connection, org: Org) -> None:
    owner, actor = somebody(org, is_active=True), AdminFactory()
    new = push_preview(ContactFactory(owner=owner.user), actor)
    unknown = push_preview(ContactFactory(owner=UserFactory()), actor)
    known = push_preview(linked(), actor)

    assert (new.operation, new.created_by, new.owner) == ("create", str(synced.team_credential), owner.name)
    assert unknown.owner == str(synced.team_credential)
    assert (known.operation, known.created_by) == ("update", "")
    assert "no login of their own" in new.reason


def test_many_records_given_to_somebody_go_there_with_their_new_owner(synced: Connection, org: Org) -> None:
    heir = somebody(org, is_active=True)
    contacts = list(Contact.objects.filter(crm_object="Contact").exclude(owner=heir.user)[:3])
    api = Api(AdminFactory())

    answer = api.post(f"{V1}contacts/reassign/", {"ids": [one.pk for one in contacts], "owner": heir.user.email})
    push_all()

    assert answer.json() == {"changed": 3}
    assert {org.get("Contact", one.crm_id)["OwnerId"] for one in contacts} == {heir.remote_id}
    event = SyncEvent.objects.filter(record_id=contacts[0].pk, kind=SyncEvent.Kind.PUSHED).latest("pk")
    assert (event.actor, event.credential) == (api.user, synced.team_credential)
    assert event.credential_reason.endswith("the acting user has no login of their own")


def test_many_given_to_somebody_who_left_the_org_are_refused_each_with_the_name(synced: Connection, org: Org) -> None:
    left = somebody(org, is_active=True)
    UserMapping.objects.filter(pk=left.pk).update(is_active=False)
    contacts = list(Contact.objects.filter(crm_object="Contact")[:2])

    reassign(Contact, [one.pk for one in contacts], left.user, user=None)
    push_all()

    entries = ErrorEntry.objects.open().filter(record_id__in=[one.pk for one in contacts])
    assert {entry.code for entry in entries} == {"INACTIVE_OWNER_OR_USER"}
    assert all(left.name in entry.message for entry in entries)
    assert len(entries) == 2


def test_reassigning_is_all_or_nothing_and_counts_what_changed(django_assert_max_num_queries: Any) -> None:
    api, heir = Api(UserFactory()), UserFactory()
    mine = [ContactFactory(owner=api.user) for _ in range(20)]
    theirs = ContactFactory(owner=heir)
    path = f"{V1}contacts/reassign/"

    missing = api.post(path, {"ids": [mine[0].pk, 10**9], "owner": heir.pk})
    with django_assert_max_num_queries(14):
        given = api.post(path, {"ids": [one.pk for one in [*mine, theirs]], "owner": heir.pk})
    nobody = api.post(path, {"ids": [mine[0].pk], "owner": None})

    assert (missing.status_code, given.json(), nobody.json()) == (400, {"changed": 20}, {"changed": 1})
    assert "1000000000" in str(missing.json())
    assert Contact.objects.filter(owner=heir).count() == 20
    assert Contact.objects.get(pk=mine[1].pk).events.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": []},
        {"ids": [1]},
        {"ids": ["x"], "owner": None},
        {"ids": [2**70], "owner": None},
        {"ids": [True], "owner": 0},
    ],
)
def test_a_reassignment_that_makes_no_sense_is_refused(body: dict[str, Any]) -> None:
    assert Api(UserFactory()).post(f"{V1}accounts/reassign/", body).status_code == 400


def test_an_empty_text_takes_no_owner_away_but_null_does() -> None:
    api = Api(UserFactory())
    contact = ContactFactory(owner=api.user)
    path = f"{V1}contacts/reassign/"

    refused = api.post(path, {"ids": [contact.pk], "owner": ""})
    kept = Contact.objects.get().owner
    taken = api.post(path, {"ids": [contact.pk], "owner": None})

    assert (refused.status_code, kept) == (400, api.user)
    assert (taken.status_code, Contact.objects.get().owner) == (200, None)


def test_nobody_takes_what_they_do_not_see_and_the_deactivated_take_nothing() -> None:
    kim, lee = UserFactory(), UserFactory()
    pulled = ContactFactory(owner=kim, origin=Origin.CRM_PULL)
    let_see_pulled("owners")

    taken = Api(lee).post(f"{V1}contacts/reassign/", {"ids": [pulled.pk], "owner": lee.pk})
    kim.is_active = False
    with pytest.raises(ValidationError, match="deactivated"):
        reassign(Contact, [pulled.pk], kim, user=None)

    assert taken.status_code == 400
    assert Contact.objects.get().owner_id == kim.pk


def test_a_delete_says_whose_login_it_used_and_why(synced: Connection, org: Org) -> None:
    DeletionSettings.objects.create(connection=synced, remote_object="Contact", sync_deletes=True)
    contact = linked()

    contact.delete()
    push_all()

    event = SyncEvent.objects.filter(kind=SyncEvent.Kind.UNLINKED).latest("pk")
    assert event.credential == synced.team_credential
    assert event.credential_reason == "the team's login: nobody was acting"
