"""What was deleted here and may come back: told, restored, brought back from Salesforce."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common import trash
from common.models import DeletedRecord
from contacts.models import Contact
from integrations import tasks
from integrations.models import Connection, Credential, RecordLink, SyncEvent
from tests.api.conftest import V1, Api
from tests.factories import AdminFactory, ContactFactory, UserFactory
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def linked() -> Contact:
    return Contact.objects.filter(crm_object="Contact").first()


def test_before_restoring_one_is_told_what_becomes_of_it_there(synced: Connection, org: Org) -> None:
    there, gone, never = linked(), Contact.objects.filter(crm_object="Contact").last(), ContactFactory()
    ids = [there.pk, gone.pk, never.pk]
    for one in (there, gone, never):
        one.delete()
    RecordLink.objects.filter(deleted_id=ids[1]).update(gone_at=timezone.now())
    api = Api(UserFactory())

    told = {row["record_id"]: row for row in api.page("deleted")["results"]}
    one = api.one("deleted", told[ids[0]]["id"])

    assert one["restoring"] == told[ids[0]]["restoring"] == "Salesforce still has it: the two are linked again."
    assert "pushed as new" in told[ids[1]]["restoring"]
    assert told[ids[2]]["restoring"] == "It was not in Salesforce."
    assert one["restorable_until"] > one["deleted_at"]


def test_what_is_restored_is_linked_again_and_says_so(synced: Connection, org: Org) -> None:
    contact = linked()
    pk, crm_id = contact.pk, contact.crm_id
    contact.delete()
    api = Api(UserFactory())
    (row,) = api.page("deleted")["results"]

    api.post(f"{V1}deleted/{row['id']}/restore/")

    assert Contact.objects.get(pk=pk).crm_id == crm_id
    event = SyncEvent.objects.filter(record_id=pk, kind=SyncEvent.Kind.RESTORED).get()
    assert event.actor == api.user


def test_after_thirty_days_it_is_brought_back_from_salesforce(synced: Connection, org: Org) -> None:
    contact = linked()
    name, crm_id = contact.last_name, contact.crm_id
    contact.delete()
    DeletedRecord.objects.update(deleted_at=timezone.now() - timedelta(days=31))
    trash.prune()
    api = Api(AdminFactory())

    (row,) = api.page("tombstones", crm_id=crm_id)["results"]
    answer = api.post(f"{V1}tombstones/{row['id']}/bring-back/")
    tasks.pull_remote("Contact", [crm_id], is_wanted=True)

    assert (row["is_there"], answer.json()) == (True, {"id": None})
    assert Contact.objects.get(crm_id=crm_id).last_name == name
    assert api.post(f"{V1}tombstones/{row['id']}/bring-back/").status_code == 404


def test_what_is_kept_is_restored_from_its_tombstone_with_its_id(synced: Connection, org: Org) -> None:
    contact = linked()
    pk = contact.pk
    contact.delete()
    api = Api(AdminFactory())
    (row,) = api.page("tombstones")["results"]
    assert api.post(f"{V1}tombstones/{row['id']}/bring-back/").json() == {"id": pk}
    assert api.page("tombstones")["results"] == []


def test_what_can_not_be_brought_back_is_said_and_nothing_is_lost(synced: Connection, org: Org) -> None:
    contact = linked()
    contact.delete()
    trash.purge(DeletedRecord.objects.all())
    api = Api(AdminFactory())
    (row,) = api.page("tombstones")["results"]
    Credential.objects.update(broken_reason="revoked")
    broken = api.post(f"{V1}tombstones/{row['id']}/bring-back/")
    Credential.objects.update(broken_reason="")
    RecordLink.objects.filter(pk=row["id"]).update(gone_at=timezone.now())
    gone = api.post(f"{V1}tombstones/{row['id']}/bring-back/")

    assert (broken.status_code, gone.status_code) == (409, 409)
    assert "connected again" in broken.json()["detail"]
    assert RecordLink.objects.filter(pk=row["id"]).exists()


def test_tombstones_are_for_admins(connection: Connection) -> None:
    api = Api(UserFactory())
    assert api.get(f"{V1}tombstones/").status_code == 403
    assert api.post(f"{V1}tombstones/1/bring-back/").status_code == 403


def test_a_merge_made_here_stands_in_the_timeline_of_the_record_that_stays(synced: Connection, org: Org) -> None:
    keep, other = Contact.objects.filter(crm_object="Contact")[:2]
    other_id, name, api = other.pk, str(other), Api(UserFactory())

    api.post(f"{V1}contacts/{keep.pk}/merge/", {"other": other_id})
    (event,) = SyncEvent.objects.filter(record_id=keep.pk, kind=SyncEvent.Kind.MERGED)
    (row,) = api.page("deleted")["results"]
    api.post(f"{V1}deleted/{row['id']}/restore/")

    assert name in event.summary
    assert "Salesforce keeps both" in event.summary
    assert event.actor == api.user
    told = SyncEvent.objects.filter(kind=SyncEvent.Kind.RESTORED).values_list("record_id", flat=True)
    assert set(told) == {keep.pk, other_id}
