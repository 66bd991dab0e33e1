"""Where both sides changed a field and the later change wins: each field is as late as it was itself changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.models import Record
from contacts.models import Contact
from integrations.aligning import forecast
from integrations.models import Alignment, Connection, FieldMapping
from integrations.sync.copies import Copies, plan_all
from integrations.sync.plan import Base, Rule, Side, changed_later
from integrations.sync.scope import Scope
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory, CustomFieldFactory, DealFactory
from tests.integrations.sync.dealing import stage
from tests.integrations.sync.pushing import last_edit_was
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = 60


def edit(record: Record, *, minutes_ago: float, **values: object) -> None:
    for name, value in values.items():
        setattr(record, name, value)
    record.save(update_fields=list(values))
    last_edit_was(record, seconds=minutes_ago * MINUTE)


def linked() -> Contact:
    return Contact.objects.filter(crm_object="Contact").order_by("pk")[0]


def both_changed(scope: Scope, record: Record, *names: str) -> Copies:
    """All of these fields were changed here some time, and there half an hour ago."""
    local = scope.express([record], scope.vocabulary([record]))[record.pk]
    return Copies(
        record,
        Base(dict.fromkeys(names, "Agreed")),
        {name: local[name] for name in names},
        dict.fromkeys(names, "Theirs"),
        timezone.now() - timedelta(minutes=30),
        scope.rules,
    )


def ours_won(scope: Scope, record: Record, *names: str, unit: str = "") -> set[str]:
    """Fields that both sides changed, theirs half an hour ago, of which ours prevails."""
    rules = dict.fromkeys(names, Rule(unit=unit))
    (made,) = plan_all(scope, [replace(both_changed(scope, record, *names), rules=rules)])
    return {conflict.name for conflict in made.conflicts if conflict.winner == Side.OURS}


@pytest.mark.parametrize(("milliseconds", "wins"), [(-1, False), (0, False), (999, False), (1000, True)])
def test_within_the_same_second_theirs_is_the_later_change(milliseconds: int, wins: bool) -> None:
    assert bool(changed_later({"Title": NOON + timedelta(milliseconds=milliseconds)}, NOON)) == wins


@pytest.mark.parametrize("where", ["push", "pull"])
def test_a_fresh_edit_of_one_field_does_not_win_for_another_that_was_edited_before(
    synced: Connection, org: Org, where: str
) -> None:
    contact = linked()
    edit(contact, title="Ours", minutes_ago=30)
    edit(contact, department="Ours", minutes_ago=-1)
    org.update("Contact", contact.crm_id, Title="Theirs", Department="Theirs")

    push_all() if where == "push" else pull_all()
    push_all()

    contact.refresh_from_db()
    remote = org.get("Contact", contact.crm_id)
    assert (contact.title, contact.department) == ("Theirs", "Ours")
    assert (remote["Title"], remote["Department"]) == ("Theirs", "Ours")


def test_both_changes_are_timed_by_the_clock_of_the_org(synced: Connection, org: Org) -> None:
    org.control("clock", ahead=600)
    pull_all()  # hears of it
    contact = linked()
    org.update("Contact", contact.crm_id, Title="Theirs")
    edit(contact, title="Ours", minutes_ago=-1)  # a minute after theirs; nine before it, by the two clocks

    push_all()

    assert org.get("Contact", contact.crm_id)["Title"] == "Ours"


def test_custom_fields_are_timed_each_by_itself(synced: Connection) -> None:
    for key, name in (("nick", "AssistantName"), ("aide", "Department")):
        CustomFieldFactory(key=key)
        FieldMapping.objects.filter(remote_object="Contact", remote_field=name).delete()
        FieldMapping.objects.create(
            connection=synced,
            record_kind="contact",
            remote_object="Contact",
            field=f"custom.{key}",
            remote_field=name,
        )
    contact = ContactFactory()
    edit(contact, custom={"nick": "Ours"}, minutes_ago=60)
    edit(contact, custom={"nick": "Ours", "aide": "Ours"}, minutes_ago=10)

    assert ours_won(Scope.load(synced, "Contact"), contact, "AssistantName", "Department") == {"Department"}


def test_an_address_is_as_late_as_the_last_of_its_parts(synced: Connection) -> None:
    contact = ContactFactory()
    edit(contact, street="Ours", city="Ours", minutes_ago=60)
    edit(contact, title="Ours", minutes_ago=10)
    scope, address = Scope.load(synced, "Contact"), ("MailingStreet", "MailingCity")

    assert ours_won(scope, contact, *address, unit="mailing") == set()
    edit(contact, city="Ours again", minutes_ago=10)
    assert ours_won(scope, contact, *address, unit="mailing") == {*address}


def test_what_a_stage_says_for_a_deal_changes_with_the_stage(with_deals: Connection) -> None:
    deal = DealFactory(stage=stage("Prospecting"), probability=None)
    scope = Scope.load(with_deals, "Opportunity")
    edit(deal, stage=stage("Needs Analysis"), minutes_ago=60)
    edit(deal, next_step="Ours", minutes_ago=10)

    assert ours_won(scope, deal, "Probability", "NextStep") == {"NextStep"}
    edit(deal, stage=stage("Prospecting"), minutes_ago=10)
    assert ours_won(scope, deal, "Probability", "NextStep") == {"Probability", "NextStep"}


def test_a_field_without_a_history_is_as_old_as_its_record(synced: Connection) -> None:
    old, new = ContactFactory(title="Ours"), ContactFactory(title="Ours")
    Contact.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=1))
    old.refresh_from_db()
    edit(old, department="Ours", minutes_ago=0)
    scope = Scope.load(synced, "Contact")

    assert ours_won(scope, old, "Title") == set()
    assert ours_won(scope, new, "Title") == {"Title"}


def test_the_history_is_asked_once_and_only_of_conflicts_that_it_decides(synced: Connection) -> None:
    contacts = [ContactFactory(title="Ours", department="Ours") for _ in range(5)]
    scope = Scope.load(synced, "Contact")
    copies = [both_changed(scope, contact, "Title", "Department") for contact in contacts]
    latest = dict.fromkeys(("Title", "Department"), Rule())

    def queries(count: int, rules: dict[str, Rule]) -> int:
        with CaptureQueriesContext(database) as asked:
            plan_all(scope, [replace(one, rules=rules) for one in copies[:count]])
        return len(asked)

    assert queries(5, latest) == queries(1, latest) == 1
    assert queries(5, {name: Rule(winner="theirs") for name in latest}) == 0


def test_what_applying_a_mapping_would_move_is_told_by_the_same_times(synced: Connection, org: Org) -> None:
    FieldMapping.objects.create(
        connection=synced,
        record_kind="contact",
        remote_object="Contact",
        field="headline",
        remote_field="Description",
        winner="latest",
    )
    contact = linked()
    edit(contact, headline="Ours", minutes_ago=30)
    edit(contact, title="Ours", minutes_ago=-1)
    org.update("Contact", contact.crm_id, Description="Theirs")

    told = forecast(Connection.objects.get(), "Contact", ["headline"], Alignment.How.RULE)

    (change,) = [sample for sample in told.samples if sample.record == contact]
    assert (change.here, change.there) == ({"Headline": ("Ours", "Theirs")}, {})
