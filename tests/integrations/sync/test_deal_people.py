"""Who takes part in deals: contact roles both ways, over real HTTP."""

from datetime import timedelta

import pytest

from common import merging, trash
from contacts.models import Contact
from deals import services
from deals.models import Deal, DealContact
from integrations import tasks
from integrations.models import Connection, DeletionSettings, ErrorEntry, Outbox, RemoteRole, SyncEvent
from integrations.sync import apply, own
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory
from tests.integrations.sync.dealing import pushable, roles_here, roles_there, turn
from tests.integrations.sync.pushing import later, state_of
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
ROLE = "OpportunityContactRole"


@pytest.fixture
def people(with_deals: Connection) -> list[Contact]:
    return list(Contact.objects.filter(crm_object="Contact").order_by("pk")[:4])


@pytest.fixture
def deal(people: list[Contact]) -> Deal:
    """In Salesforce, with the first one as its primary contact and the second one beside."""
    deal = pushable(name="With people")
    services.add_contact(deal.pk, people[0], role="Decision Maker")
    services.add_contact(deal.pk, people[1])
    push_all()
    return Deal.objects.get(pk=deal.pk)


def part(org: Org, deal: Deal, contact: Contact) -> str:
    """The id of what ties the two together there."""
    where = f"WHERE OpportunityId = '{deal.crm_id}' AND ContactId = '{contact.crm_id}'"
    return org.query(f"SELECT Id FROM {ROLE} {where}")[0]["Id"]


def edit(deal: Deal, contact: Contact, **values: object) -> None:
    services.change_role(deal.pk, contact.pk, **values)


def test_those_of_opportunities_take_part_in_deals(with_deals: Connection, org: Org) -> None:
    assert org.query(f"SELECT Id FROM {ROLE}")
    for deal in Deal.objects.all():
        assert roles_here(deal) == roles_there(org, deal)
    assert not Outbox.objects.exists()


def test_they_go_with_a_new_deal_and_do_not_come_back_as_changes(with_deals: Connection, org: Org) -> None:
    known, new = Contact.objects.filter(crm_object="Contact").first(), ContactFactory(account=AccountFactory())
    deal = pushable()
    services.add_contact(deal.pk, known, role="Evaluator")
    services.add_contact(deal.pk, new)

    push_all()
    pull_all()
    push_all()

    deal.refresh_from_db()
    new.refresh_from_db()
    assert roles_there(org, deal) == {known.crm_id: ("Evaluator", True), new.crm_id: (None, False)}
    assert roles_here(deal) == roles_there(org, deal)
    assert not Outbox.objects.exists()
    assert not SyncEvent.objects.filter(kind=SyncEvent.Kind.PULLED).exists()


def test_who_comes_goes_and_changes_here_does_so_there(deal: Deal, people: list[Contact], org: Org) -> None:
    services.remove_contact(deal.pk, people[0].pk)
    edit(deal, people[1], role="Evaluator", is_primary=True)
    services.add_contact(deal.pk, people[2], role="Other")

    push_all()

    assert roles_there(org, deal) == {people[1].crm_id: ("Evaluator", True), people[2].crm_id: ("Other", False)}
    assert roles_here(deal) == roles_there(org, deal)
    assert state_of(deal) == "synced"


def test_who_comes_goes_and_changes_there_does_so_here(deal: Deal, people: list[Contact], org: Org) -> None:
    org.delete(ROLE, part(org, deal, people[0]))
    org.update(ROLE, part(org, deal, people[1]), Role="Influencer")
    org.create(ROLE, OpportunityId=deal.crm_id, ContactId=people[2].crm_id, Role="Other", IsPrimary=True)

    pull_all()

    assert roles_here(deal) == roles_there(org, deal)
    assert roles_here(deal) == {people[1].crm_id: ("Influencer", False), people[2].crm_id: ("Other", True)}
    assert not Outbox.objects.exists()
    told = SyncEvent.objects.filter(record_id=deal.pk, record_kind="deal", kind=SyncEvent.Kind.PULLED).get()
    assert told.changes[f"Contact {people[2]}"] == ["", "Other"]


def test_both_sides_changes_meet_and_salesforce_wins_where_they_are_the_same(
    deal: Deal, people: list[Contact], org: Org
) -> None:
    org.update(ROLE, part(org, deal, people[0]), Role="Evaluator")
    org.create(ROLE, OpportunityId=deal.crm_id, ContactId=people[2].crm_id, IsPrimary=True)
    edit(deal, people[0], role="Influencer")
    services.add_contact(deal.pk, people[3], role="Other")

    push_all()
    pull_all()

    expected = {
        people[0].crm_id: ("Evaluator", False),
        people[1].crm_id: (None, False),
        people[2].crm_id: (None, True),
        people[3].crm_id: ("Other", False),
    }
    assert roles_there(org, deal) == expected
    assert roles_here(deal) == expected
    assert SyncEvent.objects.filter(kind=SyncEvent.Kind.CONFLICT, record_kind="deal").get().changes == {
        f"Contact {people[0]}": {"base": "Decision Maker", "ours": "Influencer", "theirs": "Evaluator"}
    }


def test_many_deals_cost_a_few_calls(with_deals: Connection, people: list[Contact], org: Org) -> None:
    deals = [pushable(name=f"Many {number}") for number in range(30)]
    push_all()
    for deal in deals:
        for person in people:
            services.add_contact(deal.pk, person)
    org.forget_calls()

    push_all()

    assert len(org.query(f"SELECT Id FROM {ROLE} WHERE Opportunity.Name LIKE 'Many %'")) == 120
    assert sum(org.calls().values()) <= 4  # the deals, their people there, the new ones, and this test's query


def test_a_lead_takes_part_there_once_it_is_a_contact(with_deals: Connection, org: Org) -> None:
    lead_id = org.create("Lead", LastName="Later", Company="Acme", Email="later@lead.example")
    pull_all()
    deal = pushable()
    services.add_contact(deal.pk, Contact.objects.get(email="later@lead.example"), role="Evaluator")
    push_all()
    deal.refresh_from_db()
    assert roles_there(org, deal) == {}
    assert state_of(deal) == "synced"

    org.control("convert", lead=lead_id)
    pull_all()
    push_all()

    person = Contact.objects.get(email="later@lead.example")
    assert roles_there(org, deal) == {person.crm_id: ("Evaluator", True)}


def test_somebody_who_is_pushed_after_the_deal_follows_it(with_deals: Connection, org: Org) -> None:
    with_deals.object_settings.filter(record_kind="contact").update(push_new=False)
    person, deal = ContactFactory(account=AccountFactory()), pushable()
    services.add_contact(deal.pk, person)
    push_all()
    with_deals.object_settings.filter(record_kind="contact").update(push_new=True)
    person.title = "Now"
    person.save(update_fields=["title"])

    push_all()
    push_all()

    deal.refresh_from_db()
    person.refresh_from_db()
    assert roles_there(org, deal) == {person.crm_id: (None, True)}


def test_somebody_who_is_pulled_after_the_deal_takes_part_then(deal: Deal, org: Org) -> None:
    contact_id = org.create("Contact", LastName="Unseen", Email="unseen@late.example")
    org.create(ROLE, OpportunityId=deal.crm_id, ContactId=contact_id, Role="Other")
    contacts, roles = "Contact", ROLE
    for name in (roles, contacts):
        pull_only(name)

    assert roles_here(deal) == roles_there(org, deal)
    assert not Outbox.objects.exists()


def test_somebody_whom_the_pull_of_parts_and_that_of_people_both_missed_takes_part_by_the_end_of_the_later_one(
    deal: Deal, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact_id = org.create("Contact", LastName="Unseen", Email="unseen@late.example")
    org.create(ROLE, OpportunityId=deal.crm_id, ContactId=contact_id, Role="Other")
    pull_only(ROLE)
    monkeypatch.setattr(apply, "records_arrived", lambda *_: None)  # the part is not committed yet
    pull_only("Contact")

    assert contact_id in roles_here(deal)
    assert roles_here(deal) == roles_there(org, deal)
    assert not Outbox.objects.exists()


def pull_only(name: str) -> None:
    tasks.pull_due(600, only=name, is_forced=True)


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
def test_a_lost_answer_makes_nobody_take_part_twice(
    deal: Deal, people: list[Contact], org: Org, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(own, "patience", timedelta)
    services.add_contact(deal.pk, people[2], role="Other")
    org.faults({"match": {"method": "POST", "path": "composite/sobjects$", "object": ROLE}, "do": fault, "times": 1})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    assert roles_there(org, deal)[people[2].crm_id] == ("Other", False)
    assert not Outbox.objects.exists()


def test_what_may_still_arrive_is_not_sent_again_at_once(deal: Deal, people: list[Contact], org: Org) -> None:
    services.add_contact(deal.pk, people[2], role="Other")
    org.faults(
        {"match": {"method": "POST", "path": "composite/sobjects$", "object": ROLE}, "do": "drop_before", "times": 1}
    )

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    row = Outbox.objects.get(record_kind="deal", record_id=deal.pk)
    assert row.parts_sent_at
    assert "answer was lost" in row.wait_reason
    assert people[2].crm_id not in roles_there(org, deal)


def test_a_refused_part_is_in_the_error_log_with_the_persons_name(deal: Deal, people: list[Contact], org: Org) -> None:
    services.add_contact(deal.pk, people[2], role="Other")
    deal.next_step = "Call"
    deal.save(update_fields=["next_step"])
    org.faults({"match": {"object": ROLE, "method": "POST"}, "do": "refuse", "code": "INSUFFICIENT_ACCESS_OR_READONLY"})

    push_all()

    entry = ErrorEntry.objects.open().get()
    assert (entry.record_kind, entry.record_id, entry.code) == ("deal", deal.pk, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert str(people[2]) in entry.message
    assert org.get("Opportunity", deal.crm_id)["NextStep"] == "Call"
    org.faults()
    deal.next_step = "Call again"
    deal.save(update_fields=["next_step"])
    push_all()
    assert people[2].crm_id in roles_there(org, deal)
    assert not ErrorEntry.objects.open().exists()


def test_somebody_deleted_there_stays_in_the_deal_as_long_as_here(deal: Deal, people: list[Contact], org: Org) -> None:
    org.delete("Contact", people[1].crm_id)

    pull_all()
    push_all()

    assert set(deal.contacts.all()) == {people[0], people[1]}
    assert not ErrorEntry.objects.exists()


def test_somebody_deleted_here_stays_in_the_deal_there(deal: Deal, people: list[Contact], org: Org) -> None:
    people[1].delete()
    deal.next_step = "Go on"
    deal.save(update_fields=["next_step"])

    push_all()
    pull_all()

    assert set(roles_there(org, deal)) == {people[0].crm_id, people[1].crm_id}
    assert [row.contact_id for row in deal.roles.all()] == [people[0].pk]


def test_a_merge_of_contacts_here_moves_what_they_are_in_deals(deal: Deal, people: list[Contact], org: Org) -> None:
    merging.merge(people[2], people[1])

    push_all()
    pull_all()

    assert set(deal.contacts.all()) == {people[0], people[2]}
    assert people[2].crm_id in roles_there(org, deal)
    assert people[1].crm_id in roles_there(org, deal)  # there they are two, as before


def test_deals_that_are_only_pushed_say_who_takes_part_and_hear_nothing(
    deal: Deal, people: list[Contact], org: Org, with_deals: Connection
) -> None:
    turn(with_deals, "push")
    org.create(ROLE, OpportunityId=deal.crm_id, ContactId=people[2].crm_id)
    services.add_contact(deal.pk, people[3])

    push_all()
    push_all()

    assert set(roles_there(org, deal)) == {person.crm_id for person in people}
    assert set(deal.contacts.all()) == {people[0], people[1], people[3]}
    assert not Outbox.objects.exists()


def test_a_deal_deleted_there_keeps_its_people_here(deal: Deal, people: list[Contact], org: Org) -> None:
    org.delete("Opportunity", deal.crm_id)

    pull_all()

    assert set(deal.contacts.all()) == {people[0], people[1]}
    assert not RemoteRole.objects.filter(remote_deal_id=deal.crm_id).exists()


def test_a_deal_restored_here_has_its_people_and_sends_nothing_new(deal: Deal, org: Org) -> None:
    before = roles_there(org, deal)
    pk = deal.pk
    deal.delete()

    back = trash.restore("deal", pk)
    push_all()
    pull_all()

    assert roles_here(back) == before == roles_there(org, deal)
    assert DealContact.objects.filter(deal=pk).count() == 2


def test_a_deletion_that_waits_for_an_admin_takes_nobody_out(
    with_deals: Connection, people: list[Contact], org: Org
) -> None:
    DeletionSettings.objects.create(connection=with_deals, remote_object="Opportunity", sync_deletes=True, most=1)
    deals = [pushable(name=f"Held {number}") for number in range(12)]
    for deal in deals:
        services.add_contact(deal.pk, people[0])
    push_all()
    for row in org.query("SELECT Id FROM Opportunity WHERE Name LIKE 'Held %'"):
        org.delete("Opportunity", row["Id"])

    pull_all()

    assert DealContact.objects.filter(deal__in=deals).count() == 12


def test_a_merge_of_deals_here_moves_their_people_into_the_one_that_stays(
    deal: Deal, people: list[Contact], org: Org
) -> None:
    other = pushable(name="Merged away")
    services.add_contact(other.pk, people[2], role="Other")
    push_all()
    other.refresh_from_db()

    merging.merge(deal, other)
    push_all()
    pull_all()

    assert roles_here(deal) == roles_there(org, deal)
    assert set(roles_there(org, deal)) == {person.crm_id for person in people[:3]}
    assert set(roles_there(org, other)) == {people[2].crm_id}  # there they are two, as before


def test_a_part_that_came_while_its_deal_was_being_linked_is_looked_at_again(
    deal: Deal, people: list[Contact], org: Org
) -> None:
    org.create(ROLE, OpportunityId=deal.crm_id, ContactId=people[2].crm_id, Role="Other")
    remote_id = part(org, deal, people[2])
    RemoteRole.objects.create(
        connection=Connection.objects.get(),
        remote_id=remote_id,
        remote_deal_id=deal.crm_id,
        remote_contact_id=people[2].crm_id,
        role="Other",
    )

    pull_all()

    assert roles_here(deal) == roles_there(org, deal)
