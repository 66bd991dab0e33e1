"""What becomes of activities on their way while what they hang on is merged, deleted or restored here."""

from collections.abc import Callable
from typing import Any

import pytest

from activities import services as activities
from activities.models import Activity, Participant
from common import merging, trash
from contacts.models import Contact
from integrations.models import ErrorEntry, Outbox, RecordLink
from integrations.salesforce.provider import SalesforceProvider
from tests.conftest import push_all
from tests.factories import ActivityFactory
from tests.integrations.sync.activities.making import email, linked_contact, task_of, tasks_named
from tests.integrations.sync.activities.test_changes import other_than
from tests.integrations.sync.pushing import later
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient", "pushing")]
Act = Callable[[], Any]


@pytest.fixture(params=["the answer comes", "the answer is lost"])
def push_and(request: pytest.FixtureRequest, org: Org, monkeypatch: pytest.MonkeyPatch) -> Callable[[Act], None]:
    """Push, and do something when the org has made the activities, and nothing of it is stored here yet."""

    def push(act: Act) -> None:
        create = SalesforceProvider.create

        def made_meanwhile(self: SalesforceProvider, remote_object: str, *args: Any, **kwargs: Any) -> Any:
            try:
                return create(self, remote_object, *args, **kwargs)
            finally:
                monkeypatch.setattr(SalesforceProvider, "create", create)
                act()

        monkeypatch.setattr(SalesforceProvider, "create", made_meanwhile)
        if request.param == "the answer is lost":
            org.faults({"match": {"method": "POST", "path": "composite/sobjects$"}, "do": "drop_after", "times": 1})
        for _ in range(3):
            push_all()
            later()
        assert not Outbox.objects.exists()
        assert not ErrorEntry.objects.exists()

    return push


def test_a_merge_moves_nothing_there_that_was_being_sent(
    push_and: Callable[[Act], None], org: Org, admin: User
) -> None:
    contact = linked_contact()
    keep, theirs = other_than(contact), contact.crm_id
    sent = [email(contact, admin, subject=f"Merged {number}") for number in range(3)]

    push_and(lambda: merging.merge(keep, contact))
    for activity in sent:
        activities.update_activity(activity.pk, {"body": "Edited"})
    push_all()

    for activity in sent:
        assert task_of(org, activity)["WhoId"] == theirs
        assert "Edited" in task_of(org, activity)["Description"]
        assert activity.contact == keep
        assert len(tasks_named(org, activity.subject)) == 1


def test_one_that_a_person_moves_meanwhile_is_moved_there(
    push_and: Callable[[Act], None], org: Org, admin: User
) -> None:
    contact = linked_contact()
    other = other_than(contact)
    sent = email(contact, admin, subject="Moved")

    push_and(lambda: activities.update_activity(sent.pk, {"contact": other, "account": other.account}))

    assert task_of(org, sent)["WhoId"] == other.crm_id


def test_what_goes_with_its_contact_stays_there_and_is_linked_when_that_comes_back(
    push_and: Callable[[Act], None], org: Org, admin: User
) -> None:
    contact = linked_contact()
    sent = email(contact, admin, subject="Gone along")

    push_and(lambda: trash.delete_records(Contact, [contact.pk]))
    push_all()

    (task,) = tasks_named(org, "Gone along")
    assert not Activity.objects.filter(pk=sent.pk).exists()
    assert RecordLink.objects.get(remote_id=task["Id"]).record_id is None
    trash.restore("contact", contact.pk)
    activities.update_activity(sent.pk, {"subject": "Back again"})
    push_all()
    assert [row["Id"] for row in tasks_named(org, "Back again")] == [task["Id"]]
    assert not tasks_named(org, "Gone along")


def test_what_others_share_stays_theirs(push_and: Callable[[Act], None], org: Org, admin: User) -> None:
    contact = linked_contact()
    other = other_than(contact)
    call = ActivityFactory(kind="call", subject="Shared", contact=contact, owner=admin)
    Participant.objects.create(activity=call, role="with", contact=other)

    push_and(lambda: trash.delete_records(Contact, [contact.pk]))
    push_all()

    assert len(tasks_named(org, "Shared")) == 1
    assert task_of(org, call)["WhoId"] in {contact.crm_id, other.crm_id}
    assert call.contact == other


def test_one_that_was_itself_deleted_goes_there_as_well(push_and: Callable[[Act], None], org: Org, admin: User) -> None:
    sent = email(linked_contact(), admin, subject="Unsaid")

    push_and(lambda: activities.delete_activity(sent.pk))

    assert not tasks_named(org, "Unsaid")
