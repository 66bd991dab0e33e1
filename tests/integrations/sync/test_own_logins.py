"""Pushing with a user's own login, which may see less of Salesforce than the team's."""

import pytest
import requests

from common.acting import acting_as
from contacts.models import Contact
from integrations.models import Connection, Credential, LoginDescription, SyncEvent
from tests.conftest import push_all
from tests.factories import ContactFactory, UserFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def permit(org: Org, profile: str, field: str, *, read: bool, edit: bool) -> None:
    """Set field-level security of a Contact field, as a Salesforce admin does."""
    (owner,) = org.query(f"SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true AND Profile.Name = '{profile}'")
    where = f"ParentId = '{owner['Id']}' AND Field = 'Contact.{field}'"
    (row,) = org.query(f"SELECT Id FROM FieldPermissions WHERE {where}")
    if read:
        org.update("FieldPermissions", row["Id"], PermissionsRead=True, PermissionsEdit=edit)
    else:
        org.delete("FieldPermissions", row["Id"])


@pytest.fixture
def seller(synced: Connection, org: Org) -> User:
    """Somebody with a login of their own, of a standard profile."""
    who = next(user for user in org.users if user["profile"] == "Standard User")
    form = {"grant_type": "password", "username": who["username"], "password": who["password"]}
    form |= {"client_id": org.client_id, "client_secret": org.client_secret}
    tokens = requests.post(f"{org.url}/services/oauth2/token", data=form, timeout=10).json()
    user = UserFactory()
    Credential.objects.create(
        connection=synced,
        user=user,
        remote_user_id=tokens["id"].rsplit("/", 1)[-1],
        username=who["username"],
        access_token=tokens["access_token"],
        refresh_token=tokens.get("refresh_token", ""),
    )
    return user


def edit(contact: Contact, user: User, **values: str) -> None:
    with acting_as(user):
        for name, value in values.items():
            setattr(contact, name, value)
        contact.save()


def test_a_field_that_the_login_may_not_write_is_left_out_and_said_and_the_rest_goes(
    synced: Connection, org: Org, seller: User
) -> None:
    permit(org, "Standard User", "Title", read=True, edit=False)
    contact = ContactFactory(last_name="Guarded", title="Before")
    push_all()

    edit(contact, seller, title="After", department="Sales")
    push_all()

    contact.refresh_from_db()
    row = org.get("Contact", contact.crm_id)
    assert (row["Title"], row["Department"]) == ("Before", "Sales")
    (event,) = SyncEvent.objects.filter(record_id=contact.pk, kind=SyncEvent.Kind.REFUSED)
    assert "Title" in event.summary


def test_a_field_that_the_login_does_not_see_does_not_hold_up_the_rest(
    synced: Connection, org: Org, seller: User
) -> None:
    permit(org, "Standard User", "Department", read=False, edit=False)
    contact = ContactFactory(last_name="Hidden", department="Before")
    push_all()

    edit(contact, seller, title="After", department="After")
    push_all()

    contact.refresh_from_db()
    row = org.get("Contact", contact.crm_id)
    assert (row["Title"], row["Department"]) == ("After", "Before")


def test_what_one_login_does_not_see_stays_mapped_for_the_others(synced: Connection, org: Org, seller: User) -> None:
    permit(org, "Standard User", "Department", read=False, edit=False)
    edit(ContactFactory(last_name="Theirs"), seller, title="Mine")
    push_all()
    contact = ContactFactory(last_name="Ours", department="Everybody")

    push_all()

    contact.refresh_from_db()
    assert org.get("Contact", contact.crm_id)["Department"] == "Everybody"
    assert LoginDescription.objects.filter(credential__user=seller, remote_object="Contact").exists()
