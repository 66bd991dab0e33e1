"""What each login may do, and which of them is the team's."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import requests
from defusedxml import ElementTree
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from common.acting import acting_as
from contacts.models import Contact
from integrations import checking, connecting, tasks
from integrations.models import (
    Connection,
    Credential,
    DeletionSettings,
    ErrorEntry,
    FieldMapping,
    LoginDescription,
    ObjectSettings,
    SyncEvent,
)
from integrations.ownership import push_preview
from integrations.permissions import LoginRights, ObjectRights, rights_of
from integrations.salesforce import oauth
from integrations.salesforce.permission_set import archive
from integrations.sync.provider import Description
from integrations.views import logins as logins_page
from tests.api.conftest import V1, Api
from tests.conftest import push_all
from tests.factories import AdminFactory, ContactFactory, UserFactory
from tests.integrations.sync.test_own_logins import permit
from tests.pages import CaptureQueries
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
METADATA = "{http://soap.sforce.com/2006/04/metadata}"


def tokens_of(org: Org, profile: str) -> oauth.TokenSet:
    """What the org gives to a user of this profile who signs in."""
    who = next(user for user in org.users if user["profile"] == profile)
    form = {"grant_type": "password", "username": who["username"], "password": who["password"]}
    form |= {"client_id": org.client_id, "client_secret": org.client_secret}
    answer = requests.post(f"{org.url}/services/oauth2/token", data=form, timeout=10).json()
    org_id, user_id = answer["id"].rsplit("/", 2)[-2:]
    return oauth.TokenSet(
        access_token=answer["access_token"],
        refresh_token="",
        instance_url=answer["instance_url"],
        org_id=org_id,
        user_id=user_id,
        identity_url=answer["id"],
        issued_at=answer["issued_at"],
        signature=answer["signature"],
    )


def login_of(connection: Connection, org: Org, profile: str, user: User | None = None) -> Credential:
    return connecting.connect_personal(connection, user or UserFactory(), tokens_of(org, profile))


def restrict(org: Org, profile: str, name: str, **rights: bool) -> None:
    """Set object permissions, as a Salesforce admin does."""
    (owner,) = org.query(f"SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true AND Profile.Name = '{profile}'")
    (row,) = org.query(f"SELECT Id FROM ObjectPermissions WHERE ParentId = '{owner['Id']}' AND SobjectType = '{name}'")
    org.update("ObjectPermissions", row["Id"], **rights)


def of(rights: LoginRights, name: str) -> ObjectRights:
    return next(one for one in rights.objects if one.remote_object == name)


POWERS = [Credential.Power.MODIFY_ALL, Credential.Power.MODIFY_OBJECTS, Credential.Power.VIEW_OBJECTS]
PROFILES = ["System Administrator", "Standard User", "Read Only"]


def test_the_teams_login_is_the_one_with_the_highest_permission_until_an_admin_chooses(
    connection: Connection, org: Org, admin: User
) -> None:
    strong = connection.team_credential
    standard = login_of(connection, org, "Standard User")
    Connection.objects.update(team_credential=standard)
    Credential.objects.filter(pk=strong.pk).update(power=Credential.Power.STANDARD)
    login_of(connection, org, "Read Only")
    still = Connection.objects.get()
    login_of(connection, org, "System Administrator", admin)
    by_default = Connection.objects.get()
    connecting.choose_team_login(Connection.objects.get(), standard)
    chosen = Connection.objects.get()

    assert still.team_credential == standard  # another that may as much takes nothing over
    assert by_default.team_credential == strong
    assert by_default.team_login_reason == "Modify All Data: the highest permission of the connected logins."
    assert (chosen.team_credential, chosen.team_login_reason) == (standard, "An admin chose it.")


def test_what_an_admin_chose_stays_when_a_stronger_login_is_connected(
    connection: Connection, org: Org, admin: User
) -> None:
    standard = login_of(connection, org, "Standard User")
    connecting.choose_team_login(connection, standard)

    login_of(connection, org, "System Administrator", admin)

    assert Connection.objects.get().team_credential == standard


def test_when_the_chosen_login_leaves_the_strongest_takes_over(connection: Connection, org: Org) -> None:
    standard = login_of(connection, org, "Standard User")
    connecting.choose_team_login(connection, standard)

    connecting.disconnect_personal(standard)

    now = Connection.objects.get()
    assert now.team_credential != standard
    assert now.team_credential.power == Credential.Power.MODIFY_ALL
    assert not now.is_team_login_chosen


@pytest.mark.parametrize(("profile", "power"), zip(PROFILES, POWERS, strict=True))
def test_the_power_of_every_profile_is_known_even_of_those_who_may_not_look(
    connection: Connection, org: Org, admin: User, profile: str, power: int
) -> None:
    login = login_of(connection, org, profile, admin if profile == "System Administrator" else None)
    checking.check(login)
    login.refresh_from_db()
    assert login.power == power


def test_the_administrator_lacks_nothing(connection: Connection, org: Org) -> None:
    rights = rights_of(connection.team_credential)
    assert rights.is_teams
    assert [(one.remote_object, one.lacks) for one in rights.objects if one.lacks] == []
    assert all(one.may_read and one.may_create and one.may_edit and one.may_delete for one in rights.objects)


def test_what_lacks_is_said_by_object_and_field_for_each_login(connection: Connection, org: Org) -> None:
    permit(org, "Standard User", "Title", read=True, edit=False)
    permit(org, "Standard User", "Department", read=False, edit=False)
    restrict(org, "Standard User", "Account", PermissionsDelete=False, PermissionsModifyAllRecords=False)
    DeletionSettings.objects.create(connection=connection, remote_object="Account", sync_deletes=True)
    login = login_of(connection, org, "Standard User")

    checking.check(login)
    rights = rights_of(login)

    fields = {row.field: row for row in of(rights, "Contact").fields}
    title, department, email = fields["title"], fields["department"], fields["email"]
    assert (title.may_read, title.may_edit) == (True, False)
    assert "Give Edit Access to “Title”" in title.lacks
    assert (department.may_read, department.may_edit) == (False, False)
    assert "does not see the field" in department.lacks
    assert (email.may_create, email.lacks) == (True, "")
    assert any("Give Delete on Account" in line for line in of(rights, "Account").lacks)
    assert any("only where sharing allows" in line for line in rights.lacks)
    assert rights.count >= 4


def test_a_reader_may_neither_create_nor_edit(connection: Connection, org: Org) -> None:
    login = login_of(connection, org, "Read Only")
    checking.check(login)
    account = of(rights_of(login), "Account")
    assert (account.may_read, account.may_create, account.may_edit) == (True, False, False)
    assert any(line.startswith("Give Edit on Account") for line in account.lacks)
    assert any(line.startswith("Give Create on Account") for line in account.lacks)


def test_an_object_that_a_login_does_not_see_is_said_and_hurts_nobody(synced: Connection, org: Org) -> None:
    member = UserFactory()
    restrict(org, "Standard User", "Lead", PermissionsRead=False, PermissionsCreate=False, PermissionsEdit=False,
             PermissionsDelete=False, PermissionsViewAllRecords=False, PermissionsModifyAllRecords=False)  # fmt: skip
    login = login_of(synced, org, "Standard User", member)
    lead = Contact.objects.filter(crm_object="Lead").first()

    checking.check(login)
    with acting_as(member):
        lead.title = "Unseen"
        lead.save()
    push_all()

    assert "does not see the object" in of(rights_of(login), "Lead").lacks[0]
    entry = ErrorEntry.objects.open().get(record_id=lead.pk)
    assert (entry.code, entry.by) == ("INSUFFICIENT_ACCESS_OR_READONLY", "tandem")
    assert "does not see" in entry.message


def test_a_create_that_the_login_may_not_make_is_refused_before_it_is_sent(synced: Connection, org: Org) -> None:
    member = UserFactory()
    login = login_of(synced, org, "Read Only", member)
    with acting_as(member):
        contact = ContactFactory(last_name="Nobody's")
    before = push_preview(contact, member)
    org.forget_calls()
    push_all()

    preview = push_preview(contact, member)
    assert before.lacking == ()  # nothing was known of it yet
    assert preview.lacking == (f"{login} may not create records of Contact in Salesforce.",)
    assert ErrorEntry.objects.open().get(record_id=contact.pk).by == "tandem"
    assert not any("POST" in resource and "sobjects" in resource for resource in org.calls())


def test_when_the_salesforce_admin_has_granted_it_a_retry_goes_through(synced: Connection, org: Org) -> None:
    member = UserFactory()
    login_of(synced, org, "Standard User", member)
    restrict(org, "Standard User", "Contact", PermissionsCreate=False, PermissionsModifyAllRecords=False)
    with acting_as(member):
        contact = ContactFactory(last_name="Granted")
    push_all()
    refused = ErrorEntry.objects.open().filter(record_id=contact.pk).exists()

    restrict(org, "Standard User", "Contact", PermissionsCreate=True)
    LoginDescription.objects.update(fetched_at="2026-01-01T00:00:00Z")
    with acting_as(member):
        contact.save()
    push_all()

    contact.refresh_from_db()
    assert (refused, bool(contact.crm_id)) == (True, True)


def test_a_check_costs_a_call_an_object_and_reading_the_matrix_none(connection: Connection, org: Org) -> None:
    login = login_of(connection, org, "Standard User")
    org.forget_calls()
    checking.check(login)
    calls = sum(org.calls().values())
    objects = connection.field_mappings.values("remote_object").distinct().count()
    org.forget_calls()

    rights_of(login)

    assert calls <= objects + 1
    assert sum(org.calls().values()) == 0


def test_every_login_is_checked_with_the_daily_reading(connection: Connection, org: Org) -> None:
    first, second = login_of(connection, org, "Standard User"), login_of(connection, org, "Read Only")
    tasks.read_metadata()
    described = LoginDescription.objects.order_by().values_list("credential", flat=True).distinct()
    assert set(described) == {first.pk, second.pk}


def test_an_object_that_the_team_sees_no_more_stays_mapped_and_is_said(connection: Connection, org: Org) -> None:
    row = connection.descriptions.get(remote_object="Lead")
    connecting._store_descriptions(connection, [])
    row.refresh_from_db()
    lead = of(rights_of(connection.team_credential), "Lead")
    assert row.content["fields"]
    assert "does not see the object" in lead.lacks[0]


def test_the_matrix_by_the_rest_api_is_for_admins(connection: Connection, org: Org, admin: User) -> None:
    login = login_of(connection, org, "Standard User")
    api, member = Api(admin), Api(UserFactory())
    for address in ("", f"{login.pk}/", f"{login.pk}/permissions/"):
        assert member.get(f"{V1}logins/{address}").status_code == 403
    for action in ("check", "use-for-team"):
        assert member.post(f"{V1}logins/{login.pk}/{action}/").status_code == 403

    checked: dict[str, Any] = api.post(f"{V1}logins/{login.pk}/check/").json()
    chosen = api.post(f"{V1}logins/{login.pk}/use-for-team/").json()
    listed = {row["id"]: row for row in api.page("logins")["results"]}

    contact = next(one for one in checked["objects"] if one["object"] == "Contact")
    assert {row["field"] for row in contact["fields"]} >= {"email", "title", "owner"}
    assert (chosen["is_teams"], listed[login.pk]["reason"]) == (True, "An admin chose it.")
    assert all("token" not in name for row in listed.values() for name in row)
    Credential.objects.filter(pk=login.pk).update(broken_reason="revoked")
    assert api.post(f"{V1}logins/{login.pk}/check/").status_code == 409
    assert api.post(f"{V1}logins/{login.pk}/use-for-team/").status_code == 409


def test_the_page_of_a_login_shows_what_to_ask_for(client: Any, connection: Connection, org: Org, admin: User) -> None:
    login = login_of(connection, org, "Read Only")
    client.force_login(admin)
    page = f"/settings/integrations/salesforce/logins/{login.pk}/"
    before = client.get(page).content.decode()
    after = client.post(page, follow=True).content.decode()
    client.force_login(UserFactory())

    assert "Not known yet" in before
    assert "Give Edit on Account" in after
    assert client.get(page).status_code == 403
    assert client.post(page).status_code == 403


def test_of_many_fields_that_lack_a_right_ten_are_shown_and_all_come_when_they_are_unfolded(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    login = login_of(connection, org, "Standard User")
    page = reverse("integrations:login", args=[login.pk])
    admin_client.post(page)
    described = LoginDescription.objects.get(credential=login, remote_object="Contact")
    described.content["fields"] = [
        field | {"is_updateable": False, "is_createable": False} for field in described.content["fields"]
    ]
    described.save()
    mapped = connection.field_mappings.filter(remote_object="Contact")

    body = " ".join(admin_client.get(page).content.decode().split())
    unfolded = admin_client.get(reverse("integrations:login_fields", args=[login.pk, "Contact"])).content.decode()
    strange = admin_client.get(reverse("integrations:login_fields", args=[login.pk, "Nothing"]))

    card = body[body.index(">Contact</h3>") : body.index(">Lead</h3>")]
    assert card.count("<tr>") - 1 == 10
    assert f"And {len(of(rights_of(login), 'Contact').lacking_fields) - 10} more" in card
    assert unfolded.count("<tr>") - 1 == mapped.count()
    assert strange.status_code == 404


def test_a_push_says_whose_login_it_used_and_why(synced: Connection, org: Org) -> None:
    member = AdminFactory()
    login = login_of(synced, org, "Standard User", member)
    with acting_as(member):
        contact = ContactFactory(last_name="Signed")
    push_all()
    event = SyncEvent.objects.get(record_id=contact.pk, kind=SyncEvent.Kind.CREATED)
    assert (event.credential, event.credential_reason, event.actor) == (
        login,
        "the acting user's own login",
        member,
    )


# --- all logins beside each other -------------------------------------------------------------------------------------


def test_the_page_tells_what_each_login_may_do_and_what_to_ask_for_without_a_call(
    connection: Connection, org: Org, admin: User, client: Client
) -> None:
    weak = login_of(connection, org, "Read Only")
    checking.check(weak)
    client.force_login(admin)
    org.forget_calls()

    answer = client.get(reverse("integrations:permissions"), {"object": "Contact"})

    page = answer.content.decode()
    assert org.calls() == {}
    rows = {str(login): one for login, one in answer.context["standings"]}
    assert (rows[str(weak)].may_read, rows[str(weak)].may_edit) == (True, False)
    assert rows[str(connection.team_credential)].count == 0
    assert "Give Edit on Contact" in answer.context["request_text"]
    assert weak.username in page


def test_many_logins_and_fields_cost_the_page_no_more_queries(
    connection: Connection, org: Org, admin: User, client: Client
) -> None:
    client.force_login(admin)
    described = connection.descriptions.get(remote_object="Contact").content
    field = described["fields"][0]
    described["fields"] += [field | {"name": f"Field{number}__c"} for number in range(800)]

    def queries() -> int:
        with CaptureQueries() as captured:
            client.get(reverse("integrations:permissions"), {"object": "Contact"})
        return len(captured)

    few = queries()
    for number in range(9):
        login = Credential.objects.create(connection=connection, user=UserFactory(), remote_user_id=f"005{number}")
        LoginDescription.objects.create(credential=login, remote_object="Contact", content=described)

    assert queries() == few


def test_checking_again_is_left_to_a_worker(
    connection: Connection, admin: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(logins_page, "async_task", asked.append)
    client.force_login(admin)

    client.post(reverse("integrations:permissions"))

    assert asked == ["integrations.tasks.read_metadata"]


def deployed(content: bytes) -> tuple[dict[str, bool], dict[str, set[str]], dict[str, str]]:
    """Of a permission set as it is downloaded: fields and whether they are edited, rights by object, package.xml."""
    with ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["package.xml", "permissionsets/Tandem.permissionset"]
        package, given = (ElementTree.fromstring(archive.read(name)) for name in archive.namelist())
    assert {given.tag, package.tag} == {f"{METADATA}PermissionSet", f"{METADATA}Package"}
    parts = [(part.tag, {leaf.tag.removeprefix(METADATA): leaf.text or "" for leaf in part}) for part in given]
    fields = {row["field"]: row["editable"] == "true" for tag, row in parts if tag == f"{METADATA}fieldPermissions"}
    objects = {
        row["object"]: {name for name, value in row.items() if value == "true"}
        for tag, row in parts
        if tag == f"{METADATA}objectPermissions"
    }
    assert [tag for tag, _ in parts] == sorted(tag for tag, _ in parts)  # Salesforce wants those of a kind together
    return fields, objects, {leaf.tag.removeprefix(METADATA): leaf.text or "" for part in package for leaf in part}


def test_the_permission_set_has_exactly_the_mapped_fields(connection: Connection, org: Org, admin_client) -> None:
    connection.object_settings.filter(record_kind="contact").update(create_as="Contact", source_field="LeadSource")
    mappings = connection.field_mappings.filter(remote_object="Contact")
    mappings.filter(remote_field="Title").update(direction=FieldMapping.Direction.IN)
    mappings.exclude(remote_field__in=["LastName", "Title", "MailingCity", "MailingStreet", "Phone"]).delete()

    answer = admin_client.get(reverse("integrations:permission_set"))

    fields, objects, package = deployed(answer.content)
    assert {name for name in fields if name.startswith("Contact.")} == {
        "Contact.LeadSource", "Contact.MailingAddress", "Contact.Phone", "Contact.Title"
    }  # fmt: skip
    assert (fields["Contact.Title"], fields["Contact.MailingAddress"]) == (False, True)
    read_and_written = {"allowRead", "allowEdit", "viewAllRecords"}
    assert objects["Contact"] == read_and_written | {"allowCreate"}
    assert objects["Lead"] == read_and_written
    assert package["members"] == "Tandem"
    assert answer["Content-Disposition"] == 'attachment; filename="tandem-permission-set.zip"'


def test_the_permission_set_follows_what_is_synced(connection: Connection, org: Org) -> None:
    connection.object_settings.filter(record_kind="deal").update(sync=ObjectSettings.Sync.PULL)
    connection.object_settings.filter(record_kind="account").update(sync=ObjectSettings.Sync.OFF)
    DeletionSettings.objects.create(connection=connection, remote_object="Contact", sync_deletes=True)

    fields, objects, _ = deployed(archive(connection))

    assert objects["Opportunity"] == objects["Account"] == {"allowRead", "viewAllRecords"}
    assert not any(is_edited for name, is_edited in fields.items() if name.startswith("Opportunity."))
    assert not any(name.startswith("Account.") for name in fields)  # contacts can't be read without it
    assert "allowDelete" in objects["Contact"]


def test_no_right_is_asked_for_that_salesforce_gives_to_nobody(connection: Connection, org: Org) -> None:
    """A permission set that names a required, computed or unknown field is refused whole."""
    description = Description.from_json(connection.descriptions.get(remote_object="Contact").content)
    computed = description.fields["Title"]._replace(is_computed=True)
    unread = description.fields["Phone"]._replace(secured_as=None)
    required = description.fields["LastName"]._replace(secured_as=None)
    fields = {**description.fields, "Title": computed, "Phone": unread, "LastName": required}
    connection.descriptions.filter(remote_object="Contact").update(
        content=replace(description, fields=fields).as_json()
    )

    given, _, _ = deployed(archive(connection))

    assert (given["Contact.Title"], given["Contact.Phone"]) == (False, True)
    assert not {"Contact.LastName", "Contact.Id", "Contact.OwnerId", "Account.Name"} & set(given)


def test_the_permission_set_is_written_by_a_command(connection: Connection, org: Org, tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with pytest.raises(SystemExit) as ended:
        call_command("salesforce", "permission-set", str(path), stdout=io.StringIO())
    assert ended.value.code == 0
    assert path.read_bytes() == archive(connection)
