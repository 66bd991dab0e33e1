"""Duplicates, merges and deleted records over the REST API."""

import pytest

from common.models import DeletedRecord
from contacts.models import Contact
from integrations.logins import the_connection
from integrations.models import HeldDeletions
from tests.api.conftest import V1, Api
from tests.factories import AdminFactory, ContactFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_duplicates_are_listed_dismissed_merged_and_taken_apart() -> None:
    api = Api(UserFactory())
    keep, other, third = (ContactFactory(email="a@a.example", title=title) for title in ("", "CTO", "CEO"))
    place = f"{V1}contacts/{keep.pk}/"

    assert {row["id"] for row in api.get(f"{place}duplicates/").json()} == {other.pk, third.pk}
    assert api.post(f"{place}duplicates/{third.pk}/dismiss/").status_code == 204
    assert [row["id"] for row in api.get(f"{place}duplicates/").json()] == [other.pk]

    assert api.post(f"{place}merge/", {"other": other.pk, "fields_of_other": ["title"]}).status_code == 200
    keep.refresh_from_db()
    assert keep.title == "CTO"

    (row,) = api.page("deleted", record_id=other.pk)["results"]
    assert (row["merged_into"], row["deleted_by"]) == (keep.pk, api.user.pk)
    assert api.post(f"{V1}deleted/{row['id']}/restore/").json()["id"] == other.pk
    assert Contact.objects.filter(pk=other.pk).exists()


def test_a_record_is_not_merged_with_itself_or_by_unknown_fields() -> None:
    api = Api(UserFactory())
    keep, other = ContactFactory(), ContactFactory()

    assert api.post(f"{V1}contacts/{keep.pk}/merge/", {"other": keep.pk}).status_code == 409
    bad = {"other": other.pk, "fields_of_other": ["crm_id"]}
    assert api.post(f"{V1}contacts/{keep.pk}/merge/", bad).status_code == 409
    assert Contact.objects.count() == 2


def test_a_deleted_record_is_restored() -> None:
    api = Api(UserFactory())
    contact = ContactFactory()
    assert api.delete(f"{V1}contacts/{contact.pk}/").status_code == 204

    row = DeletedRecord.objects.get()
    assert row.deleted_by == api.user
    assert api.post(f"{V1}deleted/{row.pk}/restore/").json() == {"id": contact.pk, "name": str(contact)}


def test_only_admins_decide_on_held_deletions() -> None:
    held = HeldDeletions.objects.create(
        connection=the_connection(), remote_object="Contact", side="there", count=500, linked=600
    )

    assert Api(UserFactory()).post(f"{V1}held-deletions/{held.pk}/refuse/").status_code == 403
    api = Api(AdminFactory())
    assert api.ids("held-deletions", is_open=True) == [held.pk]
    assert api.post(f"{V1}held-deletions/{held.pk}/refuse/").json() == {"count": 0}
    assert api.post(f"{V1}held-deletions/{held.pk}/confirm/").status_code == 409


def test_a_record_says_how_many_look_like_it_until_they_are_decided_on() -> None:
    api = Api(UserFactory())
    first, second = (ContactFactory(email="a@a.example") for _ in range(2))

    before = api.one("contacts", first.pk)["potential_duplicates"]
    api.post(f"{V1}contacts/{first.pk}/duplicates/{second.pk}/dismiss/")

    assert before == 1
    assert [row["potential_duplicates"] for row in api.page("contacts")["results"]] == [0, 0]
