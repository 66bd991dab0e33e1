"""Rows written by COPY come back as they were given."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, IntegrityError, transaction

from common.bulk import any_of, copy_columns, copy_in
from contacts.models import Contact
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
NASTY = [
    "plain",
    r"back\slash \N \. \t",
    "tab\there, line\nthere, return\r too",
    "Zoë 🦊 “quoted” 'single' \"double\"",
    "{braces},commas;NULL",
    "\u2028\u0085 separators",
]


@pytest.mark.parametrize("text", NASTY)
def test_any_text_comes_back(text: str) -> None:
    ids = copy_columns(Contact, {"last_name": [text, "x"], "title": ["", text]})

    rows = Contact.objects.in_bulk(ids)
    assert [(rows[pk].last_name, rows[pk].title) for pk in ids] == [(text, ""), ("x", text)]


def test_lists_and_json_come_back() -> None:
    documents: list[dict[str, Any]] = [{"text": NASTY, "n": 1.5, "none": None, "yes": True}, {}, {"big": 2**70}]
    ids = copy_columns(
        Contact, {"last_name": ["a", "b", "c"], "other_emails": [NASTY, [], ["x@y.example"]], "custom": documents}
    )

    rows = Contact.objects.in_bulk(ids)
    assert [rows[pk].other_emails for pk in ids] == [NASTY, [], ["x@y.example"]]
    assert [rows[pk].custom for pk in ids] == documents


def test_equal_documents_of_different_types_stay_apart() -> None:
    ids = copy_columns(Contact, {"last_name": ["a", "b"], "custom": [{"x": 1}, {"x": True}]})

    rows = Contact.objects.in_bulk(ids)
    assert [type(rows[pk].custom["x"]) for pk in ids] == [int, bool]


def test_what_is_not_given_is_as_a_new_row_has_it() -> None:
    before = datetime.now(UTC)
    (pk,) = copy_columns(Contact, {"last_name": ["a"]}, title="Same")

    contact = Contact.objects.get(pk=pk)
    assert (contact.title, contact.origin, contact.custom, contact.account_id) == ("Same", "manual", {}, None)
    assert before <= contact.created_at <= contact.updated_at


def test_a_bad_row_leaves_none_behind() -> None:
    with pytest.raises(DataError), transaction.atomic():
        copy_columns(Contact, {"last_name": ["fine", "x" * 256]})
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_columns(Contact, {"last_name": ["fine", ""]})

    assert not Contact.objects.exists()


def test_rows_get_their_keys_and_times() -> None:
    contacts = [Contact(last_name=text) for text in NASTY]

    copy_in(contacts)

    assert list(Contact.objects.order_by("pk").values_list("pk", "last_name", "created_at")) == [
        (contact.pk, contact.last_name, contact.created_at) for contact in contacts
    ]


def test_a_list_of_any_text_is_one_parameter() -> None:
    contacts = [ContactFactory(last_name=text) for text in NASTY]

    assert Contact.objects.filter(last_name__in=any_of(NASTY)).count() == len(contacts)
    assert Contact.objects.filter(last_name__in=any_of([None, NASTY[0]])).count() == 1
    assert not Contact.objects.filter(last_name__in=any_of([])).exists()
