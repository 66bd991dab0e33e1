from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import RequestFactory

from common import paging
from common.paging import BadCursorError, Page, honest_count, keyset_page, paged
from contacts.filters import ORDERS
from contacts.models import Contact
from deals.filters import ORDERS as DEAL_ORDERS
from deals.models import Deal
from tests.factories import ContactFactory, DealFactory

pytestmark = pytest.mark.django_db


def walk(queryset: object, order: paging.Order, size: int = 4) -> list[Page]:
    pages = [keyset_page(queryset, order, size=size)]
    while pages[-1].next:
        pages.append(keyset_page(queryset, order, after=pages[-1].next, size=size))
    return pages


def walk_back(queryset: object, order: paging.Order, last: Page, size: int = 4) -> list[Page]:
    pages = [last]
    while pages[-1].previous:
        pages.append(keyset_page(queryset, order, before=pages[-1].previous, size=size))
    return pages[::-1]


@pytest.fixture
def contacts_with_ties() -> None:
    """Thirteen people, many of one name and made at one moment."""
    for number in range(13):
        ContactFactory(first_name="Ann", last_name=["Roe", "O’Neil, 東京"][number % 2])
    Contact.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    Contact.objects.filter(pk__in=Contact.objects.values("pk")[:5]).update(
        created_at=datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
    )


@pytest.mark.usefixtures("contacts_with_ties")
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_a_walk_meets_every_row_once_in_order_forth_and_back(order: paging.Order) -> None:
    expected = list(Contact.objects.order_by(*order))

    pages = walk(Contact.objects.all(), order)
    back = walk_back(Contact.objects.all(), order, pages[-1])

    assert [row for page in pages for row in page] == expected
    assert len({row.pk for page in back for row in page}) == 13
    assert [row for page in back for row in page] == expected


def test_deals_without_a_close_date_come_last_and_none_is_lost() -> None:
    dated = [DealFactory(close_on=f"2026-03-0{day}") for day in (3, 1, 2)]
    undated = [DealFactory() for _ in range(3)]

    rows = [row for page in walk(Deal.objects.all(), DEAL_ORDERS["close"], size=2) for row in page]

    assert rows == [dated[1], dated[2], dated[0], *undated]


def test_rows_made_or_deleted_meanwhile_neither_repeat_nor_hide_others() -> None:
    rows = [ContactFactory(last_name=name) for name in "BDFHJ"]
    first = keyset_page(Contact.objects.all(), ORDERS["name"], size=2)
    rows[0].delete()
    ContactFactory(last_name="A")

    second = keyset_page(Contact.objects.all(), ORDERS["name"], after=first.next, size=2)

    assert [contact.last_name for contact in second] == ["F", "H"]


def test_a_page_deep_down_is_found_by_index_condition_not_by_counting() -> None:
    contacts = [ContactFactory() for _ in range(3)]
    cursor = paging._cursor(contacts[1], ORDERS["name"])
    seen: list[str] = []

    def record(execute: object, sql: str, *args: object) -> object:
        seen.append(sql)
        return execute(sql, *args)

    with connection.execute_wrapper(record):
        keyset_page(Contact.objects.all(), ORDERS["name"], after=cursor)

    assert '(U0."sort_name", U0."id") > (' in seen[0]
    assert "OFFSET" not in seen[0]


@pytest.mark.parametrize(
    "cursor", ["nonsense", "W10", "WyJhIl0", "eyJhIjoxfQ", "WyJhIiwiYiJd", "WyJcdTAwMDAiLCIxIl0", "é"]
)
def test_a_cursor_of_somewhere_else_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursorError):
        keyset_page(Contact.objects.all(), ORDERS["name"], after=cursor)


def test_a_page_with_a_bad_cursor_is_the_first(rf: RequestFactory) -> None:
    contact = ContactFactory()

    page = paged(Contact.objects.all(), rf.get("/", {"after": "nonsense", "sort": "unknown"}), ORDERS)

    assert page.rows == [contact]
    assert page.sort == "name"


def test_links_to_other_pages_keep_filters(rf: RequestFactory) -> None:
    ContactFactory.create_batch(3)

    page = paged(Contact.objects.all(), rf.get("/", {"q": "ann", "before": ""}), ORDERS, size=2)

    assert page.next_url.startswith("?q=ann&after=")
    assert page.previous_url == ""


def test_counts_are_exact_until_they_would_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    ContactFactory.create_batch(3)
    exact = honest_count(Contact.objects.all())

    monkeypatch.setattr(paging, "EXACT_COUNT", 2)
    estimate = honest_count(Contact.objects.all())

    assert str(exact) == "3"
    assert str(estimate).startswith(("about ", "over 2"))
    assert not estimate.is_exact


def test_where_more_was_seen_than_expected_it_is_told_as_more() -> None:
    ContactFactory.create_batch(2)

    assert str(paging.estimate(Contact.objects.all(), 10_001)) == "over 10,000"
    assert str(paging.estimate(Contact.objects.all(), 0)).startswith("about ")
