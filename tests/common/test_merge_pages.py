"""Two records side by side, and one of them merged into the other."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from common.models import DeletedRecord, DuplicatePair
from contacts.models import Contact
from tests.factories import (
    AccountFactory,
    ActivityFactory,
    ContactFactory,
    CustomFieldFactory,
    DealFactory,
    UserFactory,
)
from tests.pages import CaptureQueries

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(UserFactory(name="Kim"))
    return client


def address(keep: Any, other: Any, kind: str = "contact") -> str:
    return f"/records/{kind}/{keep.pk}/merge/{other.pk}/"


def merged(page: Client, keep: Any, other: Any, kind: str = "contact", **answers: str) -> Any:
    """The answer to the form as the page shows it, with these answers."""
    path = address(keep, other, kind)
    shown = page.get(path).context["comparison"]
    proposed = {choice.name: choice.take for choice in shown.choices if choice.take}
    given = {f"take-{key}": value for key, value in answers.items()}
    return page.post(path, {"stamp": shown.stamp, **proposed, **given})


def test_each_line_that_differs_is_a_choice_and_the_value_that_only_one_has_is_proposed(page: Client) -> None:
    keep = ContactFactory(last_name="Doe", title="CEO", phone="", city="Bonn")
    other = ContactFactory(last_name="Doe", title="CTO", phone="+49 1", city="Bonn")

    answer = page.get(address(keep, other))

    choices = {choice.line.key: choice.take for choice in answer.context["comparison"].choices}
    assert (choices["title"], choices["phone"]) == ("keep", "other")
    assert "street" not in choices
    assertContains(answer, "fields in which both say the same")


def test_the_chosen_values_are_those_of_the_one_that_stays(page: Client) -> None:
    keep = ContactFactory(title="CEO", city="Bonn", phone="", mobile_phone="")
    other = ContactFactory(title="CTO", city="Köln", phone="+49 1", mobile_phone="+49 2")

    answer = merged(page, keep, other, title="other", mobile_phone="keep")

    assertRedirects(answer, keep.get_absolute_url())
    keep.refresh_from_db()
    assert (keep.title, keep.city, keep.phone, keep.mobile_phone) == ("CTO", "Bonn", "+49 1", "")
    assert DeletedRecord.objects.get().merged_into == keep.pk


def test_an_address_that_is_not_chosen_stays_known_and_an_opt_out_counts(page: Client) -> None:
    keep = ContactFactory(email="keep@a.example", other_emails=["old@a.example"], email_status="verified")
    other = ContactFactory(email="Other@a.example", other_emails=["third@a.example"], no_email=True)

    merged(page, keep, other, email="other")

    keep.refresh_from_db()
    assert keep.email == "Other@a.example"
    assert set(keep.other_emails) == {"keep@a.example", "old@a.example", "third@a.example"}
    assert (keep.email_status, keep.no_email) == ("", True)


def test_custom_fields_are_chosen_one_by_one(page: Client) -> None:
    for key in ("tier", "region", "score"):
        CustomFieldFactory(key=key, label=key.title())
    keep = ContactFactory(custom={"tier": "Gold", "region": "North"})
    other = ContactFactory(custom={"tier": "Silver", "region": "South", "score": "9"})

    merged(page, keep, other, custom_tier="other")

    keep.refresh_from_db()
    assert keep.custom == {"tier": "Silver", "region": "North", "score": "9"}


@pytest.mark.parametrize("kind", ["account", "deal"])
def test_accounts_and_deals_are_merged_as_well(page: Client, kind: str) -> None:
    factory: Any = {"account": AccountFactory, "deal": DealFactory}[kind]
    keep, other = factory(name="One"), factory(name="Two")

    assertRedirects(merged(page, keep, other, kind, name="other"), keep.get_absolute_url())

    keep.refresh_from_db()
    assert keep.name == "Two"


def test_an_account_that_takes_over_its_own_name_as_parent_has_none(page: Client) -> None:
    keep = AccountFactory()
    other = AccountFactory(parent=keep)

    merged(page, keep, other, "account", parent="other")

    keep.refresh_from_db()
    assert keep.parent_id is None


def test_what_comes_along_is_said_before(page: Client) -> None:
    keep, other = ContactFactory(), ContactFactory()
    ActivityFactory.create_batch(2, contact=other)

    assertContains(page.get(address(keep, other)), "2 activities of")


def test_a_form_that_was_loaded_before_a_change_merges_nothing(page: Client) -> None:
    keep, other = ContactFactory(title="CEO"), ContactFactory(title="CTO")
    stamp = page.get(address(keep, other)).context["comparison"].stamp
    Contact.objects.filter(pk=other.pk).update(title="CFO")

    answer = page.post(address(keep, other), {"stamp": stamp, "take-title": "other"})

    assert answer.status_code == 422
    assertContains(answer, "was changed meanwhile", status_code=422)
    assert Contact.objects.count() == 2


def test_a_second_click_finds_it_done(page: Client) -> None:
    keep, other = ContactFactory(), ContactFactory()
    merged(page, keep, other)

    assertRedirects(page.post(address(keep, other)), keep.get_absolute_url())
    assert page.post(address(other, keep)).status_code == 404
    assert page.get(address(keep, keep)).status_code == 404


def test_potential_duplicates_stand_on_the_record_and_can_be_called_two(page: Client) -> None:
    first, second = ContactFactory(email="a@a.example"), ContactFactory(email="a@a.example")

    assertContains(page.get(first.get_absolute_url()), address(first, second))
    answer = page.post(f"{address(first, second)}dismiss/", follow=True)

    assertNotContains(answer, address(first, second))
    assert DuplicatePair.objects.get().dismissed_at


def test_any_other_record_can_be_chosen(page: Client) -> None:
    record, other = ContactFactory(), ContactFactory()
    place = f"/records/contact/{record.pk}/merge/"

    assertContains(page.get(place), "Find the other contact")
    assertRedirects(page.get(place, {"other": other.pk}), address(record, other))
    for wrong in ("", record.pk, "999999", "x"):
        assert page.get(place, {"other": wrong}).status_code == 422


def test_its_queries_do_not_grow(page: Client) -> None:
    keep, other = ContactFactory(), ContactFactory()
    page.get(address(keep, other))
    with CaptureQueries() as few:
        page.get(address(keep, other))
    ActivityFactory.create_batch(5, contact=other)

    with CaptureQueries() as many:
        page.get(address(keep, other))

    assert len(many) == len(few) <= 25
