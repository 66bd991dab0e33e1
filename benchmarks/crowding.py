"""Settings at full size: 800 custom fields, mapped to leads and contacts, 5,000 refusals, ten logins, 20 conditions.

``python -m benchmarks.with_django crowding`` lays them into the workspace of DATABASE_URL, which must be connected.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pghistory
from django.db import connection as database
from django.utils import timezone

from common.models import CustomField
from contacts.models import Contact
from integrations.logins import the_connection
from integrations.models import (
    Connection,
    Credential,
    ErrorEntry,
    FieldMapping,
    LoginDescription,
    ObjectDescription,
    PullCondition,
    Run,
    SyncEvent,
)
from users.models import User

FIELDS, REFUSALS, LOGINS, CONDITIONS, CHANGED = 800, 5_000, 10, 10, 300
LACKING = "Field_1"  # fields there of names that begin so may not be edited by some logins
OBJECTS = ("Lead", "Contact")
CAUSES = (
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Phone", "Give the phone with its country."),
    ("STRING_TOO_LONG", "Title", "Title: data value too large (max length=128)."),
    ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "LeadSource", "Lead Source: bad value for restricted picklist."),
    ("REQUIRED_FIELD_MISSING", "Field_17__c", "Required fields are missing: [Field_17__c]"),
    ("DUPLICATES_DETECTED", "", "You're creating a duplicate record."),
    ("INACTIVE_OWNER_OR_USER", "OwnerId", "Somebody is inactive in Salesforce."),
)


def work() -> Iterator[str]:
    connection = the_connection()
    _fields(connection)
    _logins(connection)
    contacts = _contacts()
    _refusals(connection, contacts)
    _runs(connection, contacts[:CHANGED])
    with database.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    yield f"{FIELDS} fields of contacts and leads each, {REFUSALS:,} refusals, {LOGINS} logins"


def _fields(connection: Connection) -> None:
    CustomField.objects.bulk_create(
        CustomField(record_kind="contact", key=f"f{number}", label=f"Field {number}", type="text", position=number)
        for number in range(FIELDS)
    )
    for described in ObjectDescription.objects.filter(connection=connection, remote_object__in=OBJECTS):
        text = next(one for one in described.content["fields"] if one["type"] == "string" and one["is_updateable"])
        described.content["fields"] += [
            text | {"name": f"Field_{number}__c", "label": f"Field {number}", "is_custom": True, "is_required": False}
            for number in range(FIELDS)
        ]
        described.save(update_fields=["content"])
    with pghistory.context(user=User.objects.filter(role=User.Role.ADMIN).values_list("pk", flat=True)[0]):
        FieldMapping.objects.bulk_create(
            FieldMapping(
                connection=connection, record_kind="contact", remote_object=remote_object,
                field=f"custom.f{number}", remote_field=f"Field_{number}__c",
            )
            for remote_object in OBJECTS
            for number in range(FIELDS)
        )  # fmt: skip
    PullCondition.objects.bulk_create(
        PullCondition(
            connection=connection, remote_object=remote_object, field=f"custom.f{number}",
            operator=PullCondition.Operator.IS_NOT, values=["nothing"],
        )
        for remote_object in OBJECTS
        for number in range(CONDITIONS)
    )  # fmt: skip


def _logins(connection: Connection) -> None:
    described = {row.remote_object: row.content for row in connection.descriptions.all()}
    for number in range(1, LOGINS):
        user, _ = User.objects.get_or_create(email=f"login{number}@example.com", defaults={"name": f"Login {number}"})
        login = Credential.objects.create(
            connection=connection, user=user, remote_user_id=f"005{number:015d}", name=f"Login {number}",
            username=f"login{number}@example.com",
        )  # fmt: skip
        LoginDescription.objects.bulk_create(
            LoginDescription(
                credential=login, remote_object=name, content=_lessened(content) if number % 2 else content
            )
            for name, content in described.items()
        )


def _lessened(content: dict[str, Any]) -> dict[str, Any]:
    fields = [
        one | {"is_updateable": False, "is_createable": False} if one["name"].startswith(LACKING) else one
        for one in content["fields"]
    ]
    return content | {"fields": fields}


def _contacts() -> list[Contact]:
    return Contact.objects.bulk_create(
        Contact(first_name="Refused", last_name=f"Person {number}", email=f"person{number}@crowd.example")
        for number in range(REFUSALS)
    )


def _refusals(connection: Connection, contacts: list[Contact]) -> None:
    now = timezone.now()
    entries = []
    for number, contact in enumerate(contacts):
        code, field, message = CAUSES[number % len(CAUSES)]
        entries.append(
            ErrorEntry(
                connection=connection, record_kind="contact", record_id=contact.pk, record_name=contact.name,
                operation="create", remote_object="Contact", code=code, message=message,
                fields=[field] if field else [], payload={"LastName": contact.last_name, "Email": contact.email},
                first_at=now - timedelta(minutes=number), last_at=now - timedelta(minutes=number),
            )
        )  # fmt: skip
    ErrorEntry.objects.bulk_create(entries)


def _runs(connection: Connection, contacts: list[Contact]) -> None:
    """A pull and a push of contacts that can be undone."""
    pull = Run.objects.create(
        connection=connection, kind=Run.Kind.PULL, remote_object="Contact", state=Run.State.DONE, updated=CHANGED,
        finished_at=timezone.now(),
    )  # fmt: skip
    push = Run.objects.create(
        connection=connection, kind=Run.Kind.PUSH, remote_object="Contact", state=Run.State.DONE, updated=CHANGED,
        finished_at=timezone.now(),
    )  # fmt: skip
    with pghistory.context(run=pull.pk, source="Salesforce"):
        Contact.objects.filter(pk__in=[contact.pk for contact in contacts]).update(title="Pulled")
    SyncEvent.objects.bulk_create(
        SyncEvent(
            record_kind="contact", record_id=contact.pk, kind=kind, run=run, changes={"Title": ["", "Pulled"]},
        )
        for kind, run in ((SyncEvent.Kind.PULLED, pull), (SyncEvent.Kind.PUSHED, push))
        for contact in contacts
    )  # fmt: skip
