import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from common.paging import KeysetPagination
from contacts.models import Contact
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


def answer(query: dict[str, str]) -> dict:
    pagination = KeysetPagination()
    request = Request(APIRequestFactory().get("/api/v1/contacts/", query))
    rows = pagination.paginate_queryset(Contact.objects.all(), request)
    return pagination.get_paginated_response([row.pk for row in rows]).data


def test_a_list_says_where_the_next_and_the_previous_page_are() -> None:
    pks = sorted((contact.pk for contact in ContactFactory.create_batch(3)), reverse=True)

    first = answer({"limit": "2", "owner": "1"})
    after = first["next"].split("after=")[1]
    second = answer({"limit": "2", "after": after})

    assert first["results"] == pks[:2]
    assert first["previous"] is None
    assert first["next"].startswith("http://testserver/api/v1/contacts/?limit=2&owner=1&after=")
    assert second["results"] == pks[2:]
    assert second["next"] is None
    assert "before=" in second["previous"]


@pytest.mark.parametrize(("limit", "size"), [("0", 1), ("7", 7), ("9999", 500), ("", 100)])
def test_a_limit_has_its_own_limit(limit: str, size: int) -> None:
    assert KeysetPagination()._size(Request(APIRequestFactory().get("/", {"limit": limit}))) == size
