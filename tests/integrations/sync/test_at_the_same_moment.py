"""What happens to a record while a push or a pull is busy with it: nothing of it is lost, and nothing told twice."""

import pytest

from contacts.models import Contact
from contacts.services import delete_contact
from integrations import deciding
from integrations.models import Connection, DeletionSettings, Outbox, RecordLink, Run, SyncEvent
from integrations.providers import provider_for
from integrations.salesforce.provider import SalesforceProvider
from integrations.sync import merged
from integrations.sync.page import Known
from integrations.sync.scope import Scope
from integrations.sync.singles import pull_records
from tests.conftest import pull_all, push_all
from tests.factories import UserFactory
from tests.integrations.sync.conftest import Meanwhile
from tests.integrations.sync.pushing import edit
from tests.integrations.sync.storms import time_passes
from tests.integrations.sync.test_deletions import linked_contact
from tests.integrations.sync.test_merges import person
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def pull_one(remote_id: str, remote_object: str = "Contact") -> None:
    connection = Connection.objects.get()
    pull_records(Scope.load(connection, remote_object), [remote_id], provider_for(connection.team_credential))


def rounds(many: int) -> None:
    for _ in range(many):
        time_passes()
        pull_all()
        push_all()


@pytest.fixture
def with_merges(synced: Connection) -> Connection:
    DeletionSettings.objects.create(connection=synced, remote_object="Contact", sync_merges=True)
    return synced


@pytest.mark.parametrize("deletions", ["synced", "following"])
def test_an_edit_of_what_is_back_before_its_fate_is_asked_arrives(
    request: pytest.FixtureRequest, org: Org, deletions: str, meanwhile: Meanwhile
) -> None:
    request.getfixturevalue(deletions)
    contact = linked_contact()
    edit(contact, title="Edited")
    org.delete("Contact", contact.crm_id)
    meanwhile(SalesforceProvider, "fates", lambda: org.control("undelete", ids=[contact.crm_id]), before=True)
    push_all()

    rounds(2)

    assert org.get("Contact", contact.crm_id)["Title"] == "Edited"


def test_what_was_pushed_since_it_was_gone_there_is_not_deleted_here(following: Connection, org: Org) -> None:
    contact = linked_contact()
    other = Contact.objects.filter(crm_object="Contact").exclude(pk=contact.pk)[0]
    edit(contact, title="Edited")
    org.delete("Contact", contact.crm_id)
    push_all()
    org.control("undelete", ids=[contact.crm_id])
    edit(contact, title="Again")
    push_all()
    assert org.get("Contact", contact.crm_id)["Title"] == "Again"

    pull_one(other.crm_id)

    assert Contact.objects.filter(pk=contact.pk).exists()


def test_nor_by_a_pull_that_had_read_it_before(following: Connection, org: Org, meanwhile: Meanwhile) -> None:
    contact = linked_contact()
    edit(contact, title="Edited")
    org.delete("Contact", contact.crm_id)
    push_all()
    org.control("undelete", ids=[contact.crm_id])
    edit(contact, title="Again")
    meanwhile(Known, "load", push_all, before=True)
    pull_all()

    assert org.get("Contact", contact.crm_id)["Title"] == "Again"
    assert Contact.objects.filter(pk=contact.pk).exists()


def test_news_of_the_lead_beside_a_contact_leave_alone_what_a_push_agreed_on(
    synced: Connection, org: Org, meanwhile: Meanwhile
) -> None:
    lead = org.create("Lead", LastName="Beside", Company="X", Email="beside@x.example")
    contact = linked_contact()
    RecordLink.objects.filter(record_id=contact.pk).update(also_lead_id=lead)
    org.delete("Lead", lead)
    edit(contact, title="First")
    meanwhile(Known, "load", push_all)
    pull_one(lead, "Lead")

    link = RecordLink.objects.get(record_id=contact.pk)
    assert (link.also_lead_id, link.base["Title"]) == ("", "First")


def test_an_edit_of_a_loser_that_a_pull_has_just_moved_to_the_winner_arrives(
    synced: Connection, org: Org, meanwhile: Meanwhile
) -> None:
    """The winner has the same values, so that no pull finds a difference."""
    loser = person(org, "Twin")
    pull_all()
    lost = Contact.objects.get(crm_id=loser)
    winner = org.create("Contact", LastName="Twin", Email="twin@merge.example")
    edit(lost, title="Edited")
    org.control("merge", object="Contact", master=winner, losers=[loser])
    meanwhile(SalesforceProvider, "fates", lambda: pull_one(loser))
    push_all()

    rounds(2)

    assert Contact.objects.get(crm_id=winner) == lost
    assert org.get("Contact", winner)["Title"] == "Edited"
    assert SyncEvent.objects.filter(record_id=lost.pk, kind=SyncEvent.Kind.RELINKED).count() == 1


@pytest.mark.parametrize("is_pushed_first", [True, False])
def test_an_edit_of_a_loser_whose_winner_was_deleted_here_arrives(
    synced: Connection, org: Org, is_pushed_first: bool
) -> None:
    loser, winner = person(org, "Twin"), person(org, "Twin")
    pull_all()
    lost, kept = Contact.objects.get(crm_id=loser), Contact.objects.get(crm_id=winner)
    kept.delete()
    pull_all()
    edit(lost, title="Edited")
    org.control("merge", object="Contact", master=winner, losers=[loser])
    if is_pushed_first:
        push_all()

    rounds(3)

    assert Contact.objects.get(crm_id=winner) == lost
    assert org.get("Contact", winner)["Title"] == "Edited"


def test_a_loser_that_is_back_until_its_merge_is_followed_is_not_merged(
    with_merges: Connection, org: Org, meanwhile: Meanwhile
) -> None:
    loser, winner = person(org, "Loser"), person(org, "Winner")
    pull_all()
    org.control("merge", object="Contact", master=winner, losers=[loser])

    def back() -> None:
        org.control("undelete", ids=[loser])
        pull_one(loser)

    meanwhile(merged, "locked", back, before=True)
    pull_all()

    assert set(Contact.objects.filter(crm_id__in=[loser, winner]).values_list("crm_id", flat=True)) == {loser, winner}


def test_a_loser_goes_on_with_a_winner_that_is_deleted_here_at_that_moment(
    with_merges: Connection, org: Org, meanwhile: Meanwhile
) -> None:
    loser, winner = person(org, "Loser"), person(org, "Winner")
    pull_all()
    lost, kept = Contact.objects.get(crm_id=loser), Contact.objects.get(crm_id=winner)
    org.control("merge", object="Contact", master=winner, losers=[loser])
    meanwhile(merged, "locked", lambda: delete_contact(kept.pk), before=True)

    pull_all()

    assert Contact.objects.get(crm_id=winner) == lost


def test_a_winner_that_a_person_had_taken_back_is_left_alone(with_merges: Connection, org: Org) -> None:
    loser, winner = person(org, "Loser"), person(org, "Winner")
    pull_all()
    lost, kept = Contact.objects.get(crm_id=loser), Contact.objects.get(crm_id=winner)
    deciding.unlink(RecordLink.objects.get(record_id=kept.pk), UserFactory())
    org.control("merge", object="Contact", master=winner, losers=[loser])

    rounds(2)

    kept.refresh_from_db()
    assert kept.crm_id == ""
    assert Contact.objects.get(crm_id=winner) == lost


@pytest.mark.parametrize("is_pulled", [True, False])
def test_that_a_link_ended_is_told_and_counted_once(
    synced: Connection, org: Org, meanwhile: Meanwhile, is_pulled: bool
) -> None:
    """A pull has ended it, or agreed on something else, when the push that found out is settled."""
    contact = linked_contact()
    edit(contact, title="Edited")
    org.delete("Contact", contact.crm_id)
    link = RecordLink.objects.get(record_id=contact.pk)
    others = RecordLink.objects.filter(pk=link.pk)
    deed = pull_all if is_pulled else lambda: others.update(base={**link.base, "Department": "X"})
    meanwhile(SalesforceProvider, "fates", deed)

    push_all()

    contact.refresh_from_db()
    assert contact.crm_id == ""
    assert not Outbox.objects.exists()
    assert SyncEvent.objects.filter(record_id=contact.pk, kind=SyncEvent.Kind.UNLINKED).count() == 1
    assert sum(Run.objects.values_list("deleted", flat=True)) == 1
