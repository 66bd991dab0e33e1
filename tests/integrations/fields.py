"""The table of fields, as tests use it."""

from typing import Any

from django.test import Client
from django.urls import reverse

from common.models import CustomField
from integrations.models import Connection, FieldMapping, ObjectDescription

HTMX = {"HX-Request": "true"}
WORDS = {"words-INITIAL_FORMS": "0", "words-MIN_NUM_FORMS": "0", "words-MAX_NUM_FORMS": "300"}


def panel(client: Client, field: str, remote_object: str = "Contact", **more: str) -> str:
    response = client.get(reverse("integrations:mapping", args=[remote_object]), {"field": field} | more)
    assert response.status_code == 200
    return response.content.decode()


def save(client: Client, field: str, remote: str, remote_object: str = "Contact", **more: Any) -> Any:
    form = {"field": field, "remote": remote} | more
    return client.post(reverse("integrations:mapping", args=[remote_object]), form, headers=HTMX)


def words(*rows: tuple[str, str, str]) -> dict[str, str]:
    form = WORDS | {"words-TOTAL_FORMS": str(len(rows))}
    for number, row in enumerate(rows):
        form |= {f"words-{number}-{name}": value for name, value in zip(("ours", "theirs", "way"), row, strict=True)}
    return form


def table(client: Client, kind: str = "contact", **query: str) -> str:
    return client.get(reverse("integrations:fields", args=[kind]), query).content.decode()


def row_of(field: str, remote_object: str = "Contact") -> FieldMapping:
    return FieldMapping.objects.get(remote_object=remote_object, field=field)


def mapped(field: str, remote_object: str = "Contact") -> str:
    found = FieldMapping.objects.filter(remote_object=remote_object, field=field).first()
    return found.remote_field if found else ""


def describe_field(connection: Connection, remote_object: str, name: str, **changes: Any) -> None:
    """Have a field of the org look otherwise; a new one where there is none of the name."""
    row = ObjectDescription.objects.get(connection=connection, remote_object=remote_object)
    fields = row.content["fields"]
    one = next((field for field in fields if field["name"] == name), None)
    if one is None:
        one = {**next(field for field in fields if field["name"] == "Title"), "name": name, "is_custom": True}
        fields.append(one)
    one.update(changes)
    row.save(update_fields=["content"])


def many_fields(connection: Connection, count: int) -> None:
    CustomField.objects.bulk_create(
        CustomField(record_kind="contact", key=f"f{number}", label=f"Field {number}", type="text", position=number)
        for number in range(count)
    )
    for name in ("Lead", "Contact"):
        row = ObjectDescription.objects.get(connection=connection, remote_object=name)
        title = next(field for field in row.content["fields"] if field["name"] == "Title")
        row.content["fields"] += [
            title | {"name": f"Field_{number}__c", "label": f"Field {number}", "is_custom": True}
            for number in range(count)
        ]
        row.save(update_fields=["content"])
