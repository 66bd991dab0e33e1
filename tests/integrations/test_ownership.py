"""Who owns a record in Salesforce, who creates it there, and whose login is used."""

import pytest

from accounts.models import Account
from common.models import Origin
from contacts.models import Contact
from integrations import tasks
from integrations.models import Connection, Credential, ErrorEntry, Outbox, UserMapping
from integrations.ownership import push_preview, remote_owners
from integrations.sync.credentials import TEAM_ORIGINS, Logins
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
