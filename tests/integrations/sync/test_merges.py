"""Merges here and there, with merge sync on and off."""

import pytest

from accounts.models import Account
from activities.models import Activity
from common import merging, trash
from common.models import DeletedRecord
from contacts.models import Contact
from contacts.services import delete_contact
from deals.models import DealContact
from integrations import tasks
from integrations.models import Connection, DeletionSettings, ErrorEntry, Outbox, RecordLink, SyncEvent
from integrations.providers import provider_for
from integrations.sync import pull as pulling
from integrations.sync.scope import Scope
from integrations.sync.singles import pull_records
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ActivityFactory, ContactFactory, DealFactory
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


@pytest.fixture
def following(synced: Connection) -> Connection:
    for name in ("Contact", "Lead", "Account"):
        DeletionSettings.objects.create(connection=synced, remote_object=name, sync_merges=True)
    return synced


def person(org: Org, name: str) -> str:
    return org.create("Contact", LastName=name, Email=f"{name.lower()}@merge.example")


def test_a_merge_moves_what_hangs_on_the_other_and_keeps_its_addresses() -> None:
    keep = ContactFactory(email="keep@a.example", title="", phone="1")
    other = ContactFactory(email="Other@a.example", other_emails=["third@a.example"], title="CTO", phone="2")
    call = ActivityFactory(contact=other)
    first, second = DealFactory(), DealFactory()
    for deal, contact in ((first, keep), (first, other), (second, other)):
        DealContact.objects.create(deal=deal, contact=contact)

    merging.merge(keep, other)

    keep.refresh_from_db()
    assert (keep.title, keep.phone) == ("CTO", "1")
    assert set(keep.other_emails) == {"other@a.example", "third@a.example"}
    assert Activity.objects.get(pk=call.pk).contact_id == keep.pk
    assert set(keep.deals.all()) == {first, second}
    assert not Contact.objects.filter(pk=other.pk).exists()


def test_a_merge_can_be_undone_but_for_what_changed_since() -> None:
    keep = ContactFactory(email="keep@a.example", title="", city="")
    other = ContactFactory(email="other@a.example", title="CTO", city="Bonn")
    call, deal = ActivityFactory(contact=other), DealFactory()
    for contact in (keep, other):
        DealContact.objects.create(deal=deal, contact=contact)
    merging.merge(keep, other)
    Contact.objects.filter(pk=keep.pk).update(city="Köln")

    merging.undo("contact", other.pk)

    keep.refresh_from_db()
    back = Contact.objects.get(pk=other.pk)
    assert (keep.title, keep.city, keep.other_emails) == ("", "Köln", [])
    assert (back.title, back.city, back.email) == ("CTO", "Bonn", "other@a.example")
    assert Activity.objects.get(pk=call.pk).contact_id == back.pk
    assert deal.roles.count() == 2


def test_an_account_is_not_above_itself_after_a_merge() -> None:
    top = AccountFactory()
    middle = AccountFactory(parent=top)
    bottom = AccountFactory(parent=middle)

    merging.merge(bottom, top)

    bottom.refresh_from_db()
    assert bottom.parent_id is None
    assert Account.objects.get(pk=middle.pk).parent_id == bottom.pk


def test_a_merge_here_leaves_both_records_there(synced: Connection, org: Org) -> None:
    keep, other = Contact.objects.filter(crm_object="Contact")[:2]

    merging.merge(keep, other)
    push_all()
    org.update("Contact", other.crm_id, Title="Edited there")
    pull_all()

    assert org.get("Contact", other.crm_id)["Title"] == "Edited there"
    assert Contact.objects.get(pk=keep.pk).crm_id == keep.crm_id
    assert not Contact.objects.filter(crm_id=other.crm_id).exists()
    assert not Outbox.objects.exists()


def test_undoing_a_merge_links_the_other_again(synced: Connection, org: Org) -> None:
    keep, other = Contact.objects.filter(crm_object="Contact")[:2]
    merging.merge(keep, other)
    push_all()

    merging.undo("contact", other.pk)
    push_all()

    assert Contact.objects.get(pk=other.pk).crm_id == other.crm_id
    assert org.get("Contact", other.crm_id)["LastName"] == other.last_name
    assert not ErrorEntry.objects.open().exists()


def test_an_unlinked_record_that_stays_takes_the_link_over(synced: Connection, org: Org) -> None:
    other = Contact.objects.filter(crm_object="Contact")[0]
    keep = ContactFactory(last_name="Keeper")
    Outbox.objects.all().delete()

    merging.merge(keep, other)
    push_all()

    assert Contact.objects.get(pk=keep.pk).crm_id == other.crm_id
    assert org.get("Contact", other.crm_id)["LastName"] == "Keeper"

    merging.undo("contact", other.pk)
    assert Contact.objects.get(pk=other.pk).crm_id == other.crm_id
    assert Contact.objects.get(pk=keep.pk).crm_id == ""


def test_a_merge_there_merges_the_linked_records(following: Connection, org: Org) -> None:
    winner, loser = person(org, "Winner"), person(org, "Loser")
    pull_all()
    lost = Contact.objects.get(crm_id=loser)
    ActivityFactory(contact=lost)
    org.control("merge", object="Contact", master=winner, losers=[loser])

    pull_all()
    push_all()

    kept = Contact.objects.get(crm_id=winner)
    assert kept.other_emails == ["loser@merge.example"]
    assert kept.activities.count() == 1
    assert not Contact.objects.filter(pk=lost.pk).exists()
    assert SyncEvent.objects.filter(record_id=kept.pk, kind="merged").exists()
    assert not Outbox.objects.exists()


def test_a_merge_there_unlinks_the_loser_as_long_as_merges_are_not_synced(synced: Connection, org: Org) -> None:
    winner, loser = person(org, "Winner"), person(org, "Loser")
    pull_all()
    org.control("merge", object="Contact", master=winner, losers=[loser])

    pull_all()

    assert Contact.objects.get(email="loser@merge.example").crm_id == ""
    assert Contact.objects.get(email="winner@merge.example").crm_id == winner


def test_a_chain_of_merges_over_several_pulls_ends_at_one_record(following: Connection, org: Org) -> None:
    a, b, c = person(org, "Aa"), person(org, "Bb"), person(org, "Cc")
    pull_all()
    org.control("merge", object="Contact", master=b, losers=[a])
    pull_all()
    org.control("merge", object="Contact", master=c, losers=[b])
    pull_all()

    kept = Contact.objects.get(crm_id=c)
    assert set(kept.other_emails) == {"aa@merge.example", "bb@merge.example"}
    assert Contact.objects.filter(email__endswith="@merge.example").count() == 1


def test_a_chain_of_merges_in_one_pull_ends_at_one_record(following: Connection, org: Org) -> None:
    a, b, c = person(org, "Aa"), person(org, "Bb"), person(org, "Cc")
    pull_all()
    org.control("merge", object="Contact", master=b, losers=[a])
    org.control("merge", object="Contact", master=c, losers=[b])
    pull_all()

    kept = Contact.objects.get(crm_id=c)
    assert set(kept.other_emails) == {"aa@merge.example", "bb@merge.example"}


def test_an_edit_of_the_loser_that_waits_fills_what_the_winner_lacks(following: Connection, org: Org) -> None:
    winner, loser = person(org, "Winner"), person(org, "Loser")
    pull_all()
    lost = Contact.objects.get(crm_id=loser)
    lost.title, lost.last_name = "Edited here", "Renamed"
    lost.save(update_fields=["title", "last_name"])
    org.control("merge", object="Contact", master=winner, losers=[loser])

    push_all()
    pull_all()
    push_all()

    assert org.get("Contact", winner)["Title"] == "Edited here"
    assert org.get("Contact", winner)["LastName"] == "Winner"
    assert DeletedRecord.objects.get(record_id=lost.pk).values["last_name"] == "Renamed"
    assert not Outbox.objects.exists()


@pytest.mark.parametrize("is_on", [True, False])
def test_contacts_of_a_merged_account_are_edited_and_pushed_without_fault(
    synced: Connection, org: Org, is_on: bool
) -> None:
    DeletionSettings.objects.create(connection=synced, remote_object="Account", sync_merges=is_on)
    winner, loser = org.create("Account", Name="Winner Ltd"), org.create("Account", Name="Loser Ltd")
    remote_id = org.create("Contact", LastName="Child", Email="child@merge.example", AccountId=loser)
    pull_all()
    org.control("merge", object="Account", master=winner, losers=[loser])
    contact = Contact.objects.get(crm_id=remote_id)
    contact.title = "Edited"
    contact.save(update_fields=["title"])
    tasks.pull_due(600, only="Account", is_forced=True)
    push_all()
    pull_all()
    push_all()

    assert org.get("Contact", remote_id)["Title"] == "Edited"
    assert org.get("Contact", remote_id)["AccountId"] == winner
    assert Contact.objects.get(pk=contact.pk).account == Account.objects.get(crm_id=winner)
    assert len(org.query("SELECT Id FROM Account WHERE Name = 'Loser Ltd'")) == 0
    assert not ErrorEntry.objects.open().exists()


def test_a_contact_made_under_an_account_that_was_just_merged_away_reaches_the_winner(
    synced: Connection, org: Org
) -> None:
    winner, loser = org.create("Account", Name="Winner Ltd"), org.create("Account", Name="Loser Ltd")
    pull_all()
    contact = ContactFactory(account=Account.objects.get(crm_id=loser))
    DeletionSettings.objects.create(connection=synced, remote_object="Account", sync_merges=True)
    org.control("merge", object="Account", master=winner, losers=[loser])

    for _ in range(3):
        Outbox.objects.update(next_attempt_at="2020-01-01T00:00Z")
        push_all()

    contact.refresh_from_db()
    assert org.get("Contact", contact.crm_id)["AccountId"] == winner
    assert not ErrorEntry.objects.open().exists()


def test_a_converted_lead_and_its_contact_that_was_pulled_first_become_one(synced: Connection, org: Org) -> None:
    lead = org.create("Lead", LastName="Double", Company="X", Email="double@merge.example")
    contact_id = org.create("Contact", LastName="Double", Email="other@merge.example")
    account = org.create("Account", Name="X")
    pull_all()
    first = Contact.objects.get(crm_id=lead)
    org.control("convert", lead=lead, contact=contact_id, account=account)

    pull_all()
    push_all()

    kept = Contact.objects.get(crm_id=contact_id)
    assert not Contact.objects.filter(pk=first.pk).exists()
    assert RecordLink.objects.get(remote_id=contact_id).also_lead_id == lead
    assert "double@merge.example" in [kept.email, *kept.other_emails]


def test_a_contact_that_was_a_lead_is_the_winner_of_its_merge_before_that_was_ever_pulled(
    following: Connection, org: Org
) -> None:
    """What was a lead that is gone here names the winner as well: it is no record of its own."""
    lead = org.create("Lead", LastName="Double", Company="X", Email="double@merge.example")
    contact_id = org.create("Contact", LastName="Double", Email="other@merge.example")
    pull_all()
    org.control("convert", lead=lead, contact=contact_id, account=org.create("Account", Name="X"))
    pull_all()
    kept = Contact.objects.get(crm_id=contact_id)
    winner = person(org, "Winner")
    org.control("merge", object="Contact", master=winner, losers=[contact_id])

    for _ in range(3):
        pull_all()
        push_all()

    assert Contact.objects.get(crm_id=winner) == kept
    link = RecordLink.objects.get(record_id=kept.pk)
    assert (link.remote_id, link.merged_into, link.former_ids.count(contact_id)) == (winner, "", 1)
    assert not Contact.objects.filter(crm_id=contact_id).exists()


@pytest.mark.parametrize("is_made_anew", [False, True])
def test_a_record_merged_there_into_one_that_is_back_there_and_not_yet_pulled_goes_on_with_it(
    following: Connection, org: Org, is_made_anew: bool
) -> None:
    loser, winner = person(org, "Loser"), person(org, "Winner")
    pull_all()
    lost, kept = Contact.objects.get(crm_id=loser), Contact.objects.get(crm_id=winner)
    org.delete("Contact", winner)
    pull_all()
    if is_made_anew:
        kept.save()
        push_all()
    org.control("undelete", ids=[winner])
    org.control("merge", object="Contact", master=winner, losers=[loser])

    pull_records(Scope.load(following, "Contact"), [loser], provider_for(following.team_credential))

    assert Contact.objects.get(crm_id=winner).pk == (lost.pk if is_made_anew else kept.pk)
    assert not Contact.objects.filter(crm_id="").exists()
    assert RecordLink.objects.live().filter(remote_id=winner).count() == 1
    pull_all()
    push_all()
    assert Contact.objects.filter(crm_id=winner).count() == 1


def test_an_unmerge_there_is_told_and_not_followed(following: Connection, org: Org) -> None:
    winner, loser = person(org, "Winner"), person(org, "Loser")
    pull_all()
    org.control("merge", object="Contact", master=winner, losers=[loser])
    pull_all()

    org.control("undelete", ids=[loser])
    pull_all()

    kept = Contact.objects.get(crm_id=winner)
    assert not Contact.objects.filter(crm_id=loser).exists()
    assert "undo the merge" in SyncEvent.objects.filter(record_id=kept.pk, kind="merged").latest("pk").summary

    merging.undo("contact", DeletedRecord.objects.get(merged_into=kept.pk).record_id)
    assert Contact.objects.get(crm_id=loser).email == "loser@merge.example"


def test_a_record_merged_there_into_one_that_was_deleted_here_goes_on_with_it(following: Connection, org: Org) -> None:
    first, second = person(org, "Adler"), person(org, "Bauer")
    pull_all()
    loser, winner = Contact.objects.get(crm_id=first), Contact.objects.get(crm_id=second)
    delete_contact(winner.pk)

    org.control("merge", object="Contact", master=second, losers=[first])
    pull_all()
    pull_all()

    loser.refresh_from_db()
    assert (loser.crm_id, loser.last_name) == (second, "Bauer")
    assert RecordLink.objects.filter(remote_id=second).get().record_id == loser.pk


def test_a_record_merged_there_into_one_that_was_deleted_here_for_good_does_not_bring_it_back(
    following: Connection, org: Org
) -> None:
    first, second = person(org, "Adler"), person(org, "Bauer")
    pull_all()
    loser, winner = Contact.objects.get(crm_id=first), Contact.objects.get(crm_id=second)
    delete_contact(winner.pk)
    trash.purge(DeletedRecord.objects.filter(record_id=winner.pk))

    org.control("merge", object="Contact", master=second, losers=[first])
    pull_all()
    pull_all()

    loser.refresh_from_db()
    assert (loser.crm_id, loser.last_name) == ("", "Adler")


def test_a_lead_whose_contact_was_deleted_there_after_its_conversion_is_gone(synced: Connection, org: Org) -> None:
    lead_id = org.create("Lead", LastName="Adler", Company="Merge", Email="adler@merge.example")
    org.control("convert", lead=lead_id)
    pull_all()
    contact = Contact.objects.get(email="adler@merge.example")

    org.delete("Contact", contact.crm_id)
    pull_all()
    pull_all()

    contact.refresh_from_db()
    assert contact.crm_id == ""
    assert not RecordLink.objects.live().filter(remote_id=lead_id).exists()


@pytest.mark.parametrize("size", [1, 2_000])
def test_a_record_merged_there_into_one_that_was_then_deleted_goes_with_it(
    following: Connection, org: Org, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    DeletionSettings.objects.update(sync_deletes=True)
    monkeypatch.setattr(pulling, "PAGE", size)
    first, second = person(org, "Adler"), person(org, "Bauer")
    pull_all()
    loser = Contact.objects.get(crm_id=first)

    org.control("merge", object="Contact", master=second, losers=[first])
    org.delete("Contact", second)
    pull_all()
    pull_all()

    assert not Contact.objects.filter(pk=loser.pk).exists()
    assert not RecordLink.objects.live().filter(remote_id__in=[first, second]).exists()
