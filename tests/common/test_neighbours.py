"""The next and the previous record of the list that one came from."""

import pytest
from django.test import Client

from tests.factories import ContactFactory, DealFactory, UserFactory
from tests.pages import CaptureQueries

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(UserFactory())
    return client


def around(page: Client, record: object, kind: str = "contact", **query: str) -> list[str]:
    context = page.get(f"/records/{kind}/{record.pk}/neighbours/", query).context  # type: ignore[attr-defined]
    return [str(one) for one in (context["before"], context["after"])]


def test_they_follow_the_list_s_order_and_filters(page: Client) -> None:
    anna, bert, carl, dora = (
        ContactFactory(first_name="", last_name=name, title=title)
        for name, title in (("Anna", "CEO"), ("Bert", "CTO"), ("Carl", "CEO"), ("Dora", "CEO"))
    )

    assert around(page, bert) == ["Anna", "Carl"]
    assert around(page, anna) == ["None", "Bert"]
    assert around(page, bert, sort="newest") == ["Carl", "Anna"]
    assert around(page, carl, q="CEO") == ["Anna", "Dora"]
    assert around(page, dora, q="CEO", after="x") == ["Carl", "None"]


def test_a_record_that_is_not_in_the_list_has_none(page: Client) -> None:
    other, hidden = ContactFactory(title="CTO"), ContactFactory(is_hidden=True)
    ContactFactory.create_batch(2, title="CEO")

    assert around(page, other, q="CEO") == ["None", "None"]
    assert around(page, hidden) == ["None", "None"]


def test_deals_without_a_close_date_have_their_place(page: Client) -> None:
    first, second = DealFactory(name="A", close_on=None), DealFactory(name="B", close_on="2026-01-01")

    orders = {sort: around(page, first, "deal", sort=sort) for sort in ("name", "close", "closing", "newest")}

    assert ["None", "B"] in orders.values()
    assert str(second) == "B"


def test_its_queries_do_not_grow(page: Client) -> None:
    record = ContactFactory()
    page.get(f"/records/contact/{record.pk}/neighbours/")
    with CaptureQueries() as few:
        page.get(f"/records/contact/{record.pk}/neighbours/")
    ContactFactory.create_batch(20)
    with CaptureQueries() as many:
        page.get(f"/records/contact/{record.pk}/neighbours/")

    assert len(many) == len(few) <= 9
