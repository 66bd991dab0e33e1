"""What tests of activities make and look at."""

from typing import Any

from accounts.models import Account
from activities.models import Activity, Message, Participant
from contacts.models import Contact
from integrations.models import ActivitySettings, Connection
from integrations.models.activities import PUSHES
from tests.factories import ActivityFactory
from tests.salesforce_org import Org
from users.models import User

TASK_FIELDS = "Id, Subject, Description, Status, TaskSubtype, WhoId, WhatId, ActivityDate, OwnerId, Priority, "
TASK_FIELDS += "CallType, CallDurationInSeconds, CallDisposition, IsClosed"


def turn_on(connection: Connection, *names: str) -> ActivitySettings:
    """Switches of activities; without names all that push."""
    settings = ActivitySettings.of(connection)
    for name in names or PUSHES:
        setattr(settings, name, True)
    settings.save()
    return settings


def linked_contact() -> Contact:
    """Somebody who is a contact in the org, with an account there."""
    return Contact.objects.filter(crm_object="Contact", account__crm_id__gt="").order_by("pk").first()  # type: ignore[return-value]


def linked_lead() -> Contact:
    return Contact.objects.filter(crm_object="Lead").order_by("pk").first()  # type: ignore[return-value]


def linked_account() -> Account:
    return Account.objects.exclude(crm_id="").order_by("pk").first()  # type: ignore[return-value]


def email(contact: Contact, owner: User, **values: Any) -> Activity:
    """An e-mail that was sent in Tandem."""
    found = {"kind": Activity.Kind.EMAIL, "direction": Activity.Direction.OUT, "owner": owner, "body": "Dear you, …"}
    activity = ActivityFactory(contact=contact, **found | {"account": contact.account} | values)
    Message.objects.create(
        activity=activity, message_id=f"{activity.pk}@tandem.example", thread="thread", is_sent_here=True
    )
    Participant.objects.create(activity=activity, role=Participant.Role.FROM, address=owner.email, user=owner)
    Participant.objects.create(activity=activity, role=Participant.Role.TO, address=contact.email, contact=contact)
    return activity


def task_of(org: Org, activity: Activity) -> dict[str, Any]:
    activity.refresh_from_db()
    (row,) = org.query(f"SELECT {TASK_FIELDS} FROM Task WHERE Id = '{activity.crm_id}'")
    return row


def tasks_named(org: Org, subject: str) -> list[dict[str, Any]]:
    return org.query(f"SELECT {TASK_FIELDS} FROM Task WHERE Subject = '{subject}'")
