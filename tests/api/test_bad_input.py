"""What is refused, with which status, and in which words. Nothing of it leaves anything half-done."""

import json
from typing import Any

import pytest
from django.db import IntegrityError

from accounts.models import Account
from activities.models import Activity
from contacts import services
from contacts.api import ContactView
from contacts.models import Contact
from deals.models import Deal
from tests.api.conftest import V1, Api
from tests.factories import AccountFactory, ContactFactory, CustomFieldFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("resource", "fields", "field", "words"),
    [
        ("contacts", {}, "last_name", "required"),
        ("contacts", {"last_name": " "}, "last_name", "blank"),
        ("contacts", {"last_name": None}, "last_name", "null"),
        ("contacts", {"last_name": 5.5}, "", ""),
        ("contacts", {"last_name": ["Roe"]}, "last_name", "valid string"),
        ("contacts", {"last_name": "R" * 256}, "last_name", "255"),
        ("contacts", {"last_name": "Roe\x00"}, "last_name", "Null characters"),
        ("contacts", {"email": "nonsense"}, "email", "valid email"),
        ("contacts", {"other_emails": ["a@b.example", "nonsense"]}, "other_emails", "1: Enter a valid email"),
        ("contacts", {"other_emails": "a@b.example"}, "other_emails", "list"),
        ("contacts", {"lastname": "Roe"}, "lastname", "Did you mean “last_name”?"),
        ("accounts", {"name": "Acme", "website": "http://[::1"}, "website", "not the address of a website"),
        ("contacts", {"id": 5}, "id", "read-only"),
        ("contacts", {"crm_id": "0035g00000XyZabAAF"}, "crm_id", "read-only"),
        ("contacts", {"sync": {}}, "sync", "read-only"),
        ("contacts", {"account": 99999999}, "account", "id 99999999"),
        ("contacts", {"account": 10**30}, "account", "id"),
        ("contacts", {"account": "Acme"}, "account", "Incorrect type"),
        ("contacts", {"account": True}, "account", "Incorrect type"),
        ("contacts", {"stage": "No such stage"}, "stage", "none called “No such stage”"),
        ("contacts", {"stage": "New\x00"}, "stage", "none called"),
        ("contacts", {"stage": ["New"]}, "stage", "Incorrect type"),
        ("contacts", {"stage": "9" * 5_000}, "stage", ""),
        ("contacts", {"owner": "nobody@example.com"}, "owner", "none called"),
        ("contacts", {"origin": "nowhere"}, "origin", "not a valid choice"),
        ("contacts", {"no_email": "perhaps"}, "no_email", "boolean"),
        ("contacts", {"linkedin_url": "not a link"}, "linkedin_url", "valid URL"),
        ("contacts", {"custom": "Gold"}, "custom", "by their keys"),
        ("contacts", {"custom": {"no_such": 1}}, "custom", "no custom field “no_such”"),
        ("contacts", {"custom": {"tier": "Tin"}}, "custom", "Tier"),
        ("contacts", {"custom": {"tier": 5}}, "custom", "Tier: give a text"),
        ("contacts", {"custom": {"tier": "Gold\x00"}}, "custom", "Tier"),
        ("contacts", {"custom": {"seats": "many"}}, "custom", "Seats"),
        ("contacts", {"custom": {"seats": True}}, "custom", "Seats: give a number"),
        ("contacts", {"custom": {"vip": "yes"}}, "custom", "Vip: give true or false"),
        ("contacts", {"custom": {"met_on": "31.12.2026"}}, "custom", "Met on"),
        ("contacts", {"custom": {"seen_at": "0001-01-01T00:00:00+14:00"}}, "custom", "Seen at"),
        ("contacts", {"custom": {"seats": "1e999999999"}}, "custom", "Seats"),
        ("contacts", {"custom": {"": 1}}, "custom", "no custom field"),
        ("accounts", {"name": ""}, "name", "blank"),
        ("accounts", {"name": "Acme", "employees": "many"}, "employees", "integer"),
        ("accounts", {"name": "Acme", "employees": 10**30}, "employees", "less than or equal"),
        ("accounts", {"name": "Acme", "annual_revenue": "1.234"}, "annual_revenue", "decimal places"),
        ("accounts", {"name": "Acme", "annual_revenue": 10**20}, "annual_revenue", "digits"),
        ("accounts", {"name": "Acme", "founded_year": "19999"}, "founded_year", "4"),
        ("accounts", {"name": "Acme", "domain": "acme.example"}, "domain", "read-only"),
        ("deals", {"name": "Big", "close_on": "soon"}, "close_on", "Date"),
        ("deals", {"name": "Big", "currency": "euro"}, "currency", "3"),
        ("deals", {"name": "Big", "currency": "eur"}, "currency", "three letters"),
        ("deals", {"name": "Big", "probability": 120}, "probability", "100"),
        ("deals", {"name": "Big", "stage": None}, "stage", "null"),
        ("activities", {"kind": "note"}, "non_field_errors", "that it is about"),
        ("activities", {"kind": "dance"}, "kind", "not a valid choice"),
        ("activities", {"kind": "call", "happened_at": "0001-01-01T00:00:00+14:00"}, "happened_at", "out of range"),
    ],
)
def test_a_bad_value_is_refused_by_field(
    api: Api, resource: str, fields: dict[str, Any], field: str, words: str
) -> None:
    CustomFieldFactory(key="tier", label="Tier", type="picklist", choices=["Gold", "Silver"])
    CustomFieldFactory(key="seats", label="Seats", type="number")
    CustomFieldFactory(key="vip", label="Vip", type="boolean")
    CustomFieldFactory(key="seen_at", label="Seen at", type="datetime")
    CustomFieldFactory(key="met_on", label="Met on", type="date")
    fields = {"last_name": "Roe", **fields} if resource == "contacts" and fields else fields
    if not field:
        api.make(resource, **fields)
        return

    answer = api.post(f"{V1}{resource}/", fields)

    assert answer.status_code == 400, answer.content
    body = answer.json()
    assert words in " ".join(body["errors"][field]), body
    assert (body["status"], body["title"]) == (400, "Bad Request")
    assert body["detail"]
    assert answer["Content-Type"] == "application/problem+json"
    assert not any(model.objects.exists() for model in (Account, Activity, Contact, Deal))


def test_all_that_is_wrong_is_said_at_once(api: Api) -> None:
    errors = api.refused("contacts", email="nonsense", account=99999999)

    assert errors.keys() == {"last_name", "email", "account"}


def test_what_never_changes_is_refused_in_a_patch(api: Api) -> None:
    contact = ContactFactory()

    answer = api.patch(f"{V1}contacts/{contact.pk}/", {"origin": "manual", "title": "CEO"})

    assert answer.status_code == 400
    assert Contact.objects.get().title == ""


def test_somebody_who_left_cannot_become_the_owner(api: Api) -> None:
    gone = UserFactory(is_active=False)

    assert api.refused("contacts", last_name="Roe", owner=gone.pk)["owner"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"Roe"', "application/json", 400),
        (b"null", "application/json", 400),
        (b'{"last_name": NaN}', "application/json", 400),
        (b'{"last_name": "\xff"}', "application/json", 400),
        (b'{"last_name": "\\ud800"}', "application/json", 400),
        (b'{"\\ud800": 1}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"last_name": ' + b"9" * 5_000 + b"}", "application/json", 400),
        (b'{"last_name": "' + b"R" * 3_000_000 + b'"}', "application/json", 413),
        (b"last_name=Roe", "application/x-www-form-urlencoded", 415),
        (b"<contact/>", "application/xml", 415),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(api: Api, body: bytes, kind: str, status: int) -> None:
    answer = api.generic("POST", f"{V1}contacts/", body, content_type=kind)

    assert answer.status_code == status, answer.content
    assert answer.json()["detail"]
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "contacts/99999999/", 404),
        ("GET", f"contacts/{10**30}/", 404),
        ("PATCH", "deals/99999999/", 404),
        ("DELETE", "accounts/99999999/", 404),
        ("POST", "contacts/99999999/push/", 404),
        ("GET", "contacts/abc/", 404),
        ("GET", "nonsense/", 404),
        ("PUT", "contacts/{id}/", 405),
        ("POST", "contacts/{id}/", 405),
        ("PATCH", "contacts/", 405),
        ("DELETE", "contacts/", 405),
        ("PUT", "contacts/{id}/push/", 405),
    ],
)
def test_wrong_addresses_and_methods_answer_json(api: Api, method: str, path: str, status: int) -> None:
    contact = ContactFactory()

    answer = api.generic(method, V1 + path.format(id=contact.pk), b"{}", content_type="application/json")

    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert Contact.objects.count() == 1


def test_an_address_without_its_slash_says_so(api: Api) -> None:
    answer = api.post("/api/v1/contacts", {"last_name": "Roe"})

    assert answer.status_code == 404
    assert answer.json()["detail"] == "Addresses end with a slash: /api/v1/contacts/"


def test_an_account_that_goes_meanwhile_is_a_conflict(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(**values: Any) -> Contact:
        raise IntegrityError("its account is gone")

    monkeypatch.setattr(ContactView, "create_row", staticmethod(lose))

    answer = api.post(f"{V1}contacts/", {"last_name": "Roe", "account": AccountFactory().pk})

    assert answer.status_code == 409
    assert "meanwhile" in answer.json()["detail"]


def test_a_record_that_goes_meanwhile_is_not_found(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = ContactFactory()

    def delete_first(pk: int, changes: dict[str, Any]) -> Contact:
        services.delete_contact(pk)
        return services.update_contact(pk, changes)

    monkeypatch.setattr(ContactView, "update_row", staticmethod(delete_first))

    assert api.patch(f"{V1}contacts/{contact.pk}/", {"title": "CEO"}).status_code == 404


def test_the_root_names_what_there_is(api: Api) -> None:
    found = json.loads(api.get(V1).content)

    assert found.keys() == {
        "contacts", "accounts", "deals", "activities", "lists", "sequences", "enrolments", "deleted", "held-deletions",
        "tombstones", "logins", "errors", "runs", "conflicts", "prospects", "companies", "job-changes",
        "campaign-members",
    }  # fmt: skip


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" * 400])
@pytest.mark.parametrize("field", ["account", "stage", "owner"])
def test_a_number_beyond_all_bounds_is_refused(api: Api, field: str, number: str) -> None:
    body = f'{{"last_name": "Roe", "{field}": {number}}}'

    answer = api.post(f"{V1}contacts/", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert not Contact.objects.exists()


@pytest.mark.parametrize("resource", ["contacts", "accounts", "deals", "activities", "errors", "runs", "deleted"])
def test_a_filter_that_holds_a_nul_is_refused(admin_api: Api, resource: str) -> None:
    for name in (
        "q",
        "code",
        "object",
        "owner",
        "stage",
        "crm_id",
        "email",
        "domain",
        "ordering",
        "after",
        "record_id",
    ):
        assert admin_api.get(f"{V1}{resource}/?{name}=a%00b").status_code in {400, 404}
