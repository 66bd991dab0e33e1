"""The error log: found, explained, mended, retried, gone."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from contacts.models import Contact
from integrations.explanations import EXPLANATIONS, explain
from integrations.models import Connection, ErrorEntry, Outbox, RecordLink
from tests.conftest import push_all
from tests.factories import AccountFactory, ContactFactory
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
CODES_OF_CRM_FACTS = {
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "REQUIRED_FIELD_MISSING",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "STRING_TOO_LONG",
    "FIELD_INTEGRITY_EXCEPTION",
    "DUPLICATES_DETECTED",
    "CANNOT_UPDATE_CONVERTED_LEAD",
    "ENTITY_IS_DELETED",
    "UNABLE_TO_LOCK_ROW",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "INVALID_FIELD",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "INVALID_CROSS_REFERENCE_KEY",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    "INVALID_TYPE",
    "INVALID_EMAIL_ADDRESS",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "MALFORMED_ID",
}


def entry_of(connection: Connection, record: Any, **values: Any) -> ErrorEntry:
    kind = "account" if isinstance(record, Account) else "contact"
    return ErrorEntry.objects.create(
        **{
            "connection": connection,
            "record_kind": kind,
            "record_id": record.pk,
            "record_name": str(record),
            "operation": "create",
            "remote_object": "Account" if kind == "account" else "Contact",
            "code": "STRING_TOO_LONG",
            "message": "Too long.",
        }
        | values
    )


def text(response: Any) -> str:
    return response.content.decode()


def test_every_known_code_is_explained() -> None:
    assert EXPLANATIONS.keys() >= CODES_OF_CRM_FACTS
    assert "reason of its own" in explain("SOMETHING_NEW").cause


def test_a_refused_picklist_value_is_found_mended_and_gone(admin_client: Client, org: Org, synced: Connection) -> None:
    synced.field_mappings.filter(remote_object="Contact", remote_field="Level__c").delete()
    synced.field_mappings.create(
        record_kind="contact", field="seniority", remote_object="Contact", remote_field="Level__c"
    )
    contact = ContactFactory(seniority="Galactic", account=Account.objects.exclude(crm_id="").first())
    push_all()

    entry = ErrorEntry.objects.open().get()
    page = text(admin_client.get(reverse("integrations:error", args=[entry.pk])))
    assert "Galactic" in page
    for allowed in ("Primary", "Secondary", "Tertiary"):
        assert f'<option value="{allowed}"' in page

    refused = admin_client.post(reverse("integrations:error_mend", args=[entry.pk]), {"value": "Universal"})
    assert refused.status_code == 422
    admin_client.post(reverse("integrations:error_mend", args=[entry.pk]), {"value": "Secondary"})
    push_all()

    contact.refresh_from_db()
    entry.refresh_from_db()
    assert contact.seniority == "Secondary"
    assert org.get("Contact", contact.crm_id)["Level__c"] == "Secondary"
    assert entry.closed_at
    assert "Closed" in text(admin_client.get(reverse("integrations:error", args=[entry.pk])))


def test_mending_writes_one_column(admin_client: Client, synced: Connection) -> None:
    contact = ContactFactory(title="x" * 200)
    entry = entry_of(synced, contact, details={"local_field": "title", "label": "Title"}, fields=["Title"])
    Contact.objects.filter(pk=contact.pk).update(last_name="Pulled meanwhile")

    admin_client.post(reverse("integrations:error_mend", args=[entry.pk]), {"value": "CEO"})

    contact.refresh_from_db()
    assert (contact.title, contact.last_name) == ("CEO", "Pulled meanwhile")
    assert Outbox.objects.of("contact", [contact.pk]).get().is_manual


def test_a_value_that_is_none_is_refused_at_the_field(admin_client: Client, synced: Connection) -> None:
    contact = ContactFactory()
    entry = entry_of(synced, contact, code="INVALID_EMAIL_ADDRESS", details={"local_field": "email"})

    response = admin_client.post(reverse("integrations:error_mend", args=[entry.pk]), {"value": "nobody"})

    assert response.status_code == 422
    assert "valid email address" in text(response)


def test_the_list_shows_what_is_open_and_filters(admin_client: Client, synced: Connection) -> None:
    ann, acme, done = ContactFactory(last_name="Ann"), AccountFactory(name="Acme"), ContactFactory(last_name="Done")
    entry_of(synced, ann)
    entry_of(synced, acme, code="DUPLICATE_VALUE", message="Twice.")
    entry_of(synced, done, closed_at=timezone.now(), closed_reason="The push went through.")

    def names(**filters: str) -> list[str]:
        return [row.record_name for row in admin_client.get(reverse("integrations:errors"), filters).context["page"]]

    assert sorted(names()) == ["Acme", "Ann Ann"]
    assert names(object="Account") == ["Acme"]
    assert names(code="STRING_TOO_LONG") == ["Ann Ann"]
    assert names(state="closed") == ["Ann Done"]
    assert names(q="twice") == ["Acme"]
    assert names(q="\x00") == names()


def test_the_list_pages_by_key(admin_client: Client, synced: Connection, django_assert_max_num_queries: Any) -> None:
    ErrorEntry.objects.bulk_create(
        ErrorEntry(
            connection=synced,
            record_kind="contact",
            record_id=number,
            record_name=f"Number {number}",
            remote_object="Contact",
            code="STRING_TOO_LONG",
            message="Too long.",
        )
        for number in range(120)
    )

    seen: list[int] = []
    url = reverse("integrations:errors")
    while url:
        with django_assert_max_num_queries(19):
            page = admin_client.get(url).context["page"]
        seen += [row.record_id for row in page]
        url = page.next_url and reverse("integrations:errors") + page.next_url

    assert sorted(seen) == list(range(120))


def test_the_chosen_or_all_of_one_cause_are_retried(admin_client: Client, synced: Connection) -> None:
    contacts = [ContactFactory() for _ in range(3)]
    other = AccountFactory()
    Outbox.objects.all().delete()
    entries = [entry_of(synced, contact) for contact in contacts]
    entry_of(synced, other)

    admin_client.post(reverse("integrations:errors_retry"), {"entry": [entries[0].pk]})
    assert set(Outbox.objects.values_list("record_id", flat=True)) == {contacts[0].pk}

    admin_client.post(reverse("integrations:errors_retry"), {"code": "STRING_TOO_LONG", "object": "Contact"})
    due = Outbox.objects.filter(record_kind="contact").values_list("record_id", flat=True)
    assert set(due) == {contact.pk for contact in contacts}
    assert not Outbox.objects.filter(record_kind="account").exists()


@pytest.mark.parametrize("entry", ["x", "9" * 5_000])
def test_retrying_nothing_says_so(admin_client: Client, synced: Connection, entry: str) -> None:
    form = {"entry": [entry], "back": entry}
    response = admin_client.post(reverse("integrations:errors_retry"), form, follow=True)

    assert "Choose what to retry" in text(response)


def test_a_retry_without_a_fix_says_that_it_will_fail_again(admin_client: Client, synced: Connection) -> None:
    contact = ContactFactory()
    entry = entry_of(synced, contact, last_at=timezone.now())
    url = reverse("integrations:error", args=[entry.pk])

    assert "it will fail again" in text(admin_client.get(url))

    contact.title = "Mended"
    contact.save(update_fields=["title"])
    assert "it will fail again" not in text(admin_client.get(url))


def test_several_matches_are_shown_and_one_is_linked(admin_client: Client, org: Org, synced: Connection) -> None:
    twins = [org.create("Contact", LastName="Roe", Email="twin@acme.example") for _ in range(2)]
    contact = ContactFactory(last_name="Roe", email="twin@acme.example", account=Account.objects.first())
    push_all()

    entry = ErrorEntry.objects.open().get()
    page = text(admin_client.get(reverse("integrations:error", args=[entry.pk])))
    assert entry.code == "SEVERAL_MATCHES"
    assert all(twin in page for twin in twins)

    admin_client.post(reverse("integrations:error_match", args=[entry.pk]), {"remote_id": twins[1]})
    push_all()

    entry.refresh_from_db()
    assert RecordLink.objects.live().get(record_kind="contact", record_id=contact.pk).remote_id == twins[1]
    assert entry.closed_at


def test_a_candidate_that_was_not_shown_is_refused(admin_client: Client, synced: Connection) -> None:
    entry = entry_of(synced, ContactFactory(), code="SEVERAL_MATCHES", details={"candidates": []})

    response = admin_client.post(
        reverse("integrations:error_match", args=[entry.pk]), {"remote_id": "003000000000001AAA"}, follow=True
    )

    assert "Choose one of the records" in text(response)
    assert not RecordLink.objects.filter(remote_id="003000000000001AAA").exists()


def test_a_deleted_record_leaves_a_page_that_stands(admin_client: Client, synced: Connection) -> None:
    entry = entry_of(synced, ContactFactory())
    ErrorEntry.objects.filter(pk=entry.pk).update(record_id=999_999)

    assert admin_client.get(reverse("integrations:error", args=[entry.pk])).status_code == 200


def test_what_was_sent_is_shown_but_never_as_html(admin_client: Client, synced: Connection) -> None:
    entry = entry_of(synced, ContactFactory(), message="<b>no</b>", payload={"LastName": "<script>"})

    page = text(admin_client.get(reverse("integrations:error", args=[entry.pk])))

    assert "&lt;b&gt;no" in page
    assert "&lt;script&gt;" in page


def test_mending_by_what_salesforce_would_refuse_again_is_refused_at_once(
    admin_client: Client, synced: Connection
) -> None:
    contact = ContactFactory(title="Short")
    entry = entry_of(synced, contact, details={"local_field": "title"})

    response = admin_client.post(reverse("integrations:error_mend", args=[entry.pk]), {"value": "x" * 200})

    contact.refresh_from_db()
    assert (response.status_code, contact.title) == (422, "Short")
    assert "128 at most" in text(response)


def test_the_page_of_an_entry_asks_for_itself_until_the_retry_is_through(
    admin_client: Client, synced: Connection
) -> None:
    contact = ContactFactory(title="Short")
    entry = entry_of(synced, contact, details={"local_field": "title"})
    page = reverse("integrations:error", args=[entry.pk])

    admin_client.post(reverse("integrations:error_mend", args=[entry.pk]), {"value": "Shorter"})
    waiting = admin_client.get(page).content.decode()
    push_all()
    through = admin_client.get(page).content.decode()

    assert "on its way" in waiting
    assert f'hx-get="{page}"' in waiting
    assert "on its way" not in through
    assert f'hx-get="{page}"' not in through


@pytest.mark.parametrize("name", ["q", "code", "object", "state", "after", "before", "sort"])
def test_a_filter_that_holds_a_nul_breaks_no_list(admin_client: Client, connection: Connection, name: str) -> None:
    assert admin_client.get(reverse("integrations:errors"), {name: "a\x00b"}).status_code == 200
