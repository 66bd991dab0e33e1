"""Account stages that follow from opportunities, over real HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from accounts.models import Stage as AccountStage
from common import merging
from deals import services as deal_services
from integrations import tasks
from integrations.models import (
    Connection,
    FieldMapping,
    InferenceMark,
    InferredStage,
    Outbox,
    SkippedRecord,
    StageInference,
    SyncEvent,
)
from integrations.sync import inference
from integrations.sync.sweep import sweep
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory
from tests.integrations.sync.dealing import change, opportunity, pushable, stage
from tests.pages import CaptureQueries
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
ACTIVE, CLIENT, DEAD, DO_NOT = "Active Opportunity", "Current Client", "Dead Opportunity", "Do Not Prospect"


@pytest.fixture
def inferring(with_deals: Connection) -> Connection:
    """The rule of a stock org, with no account that has deals yet but what tests make."""
    FieldMapping.objects.filter(record_kind="account", field="stage").delete()
    StageInference.objects.update_or_create(
        connection=with_deals,
        defaults={
            "is_on": True,
            "when_open": AccountStage.objects.get(name=ACTIVE),
            "when_won": AccountStage.objects.get(name=CLIENT),
            "when_lost": AccountStage.objects.get(name=DEAD),
        },
    )
    return with_deals


@pytest.fixture
def acme(inferring: Connection, org: Org) -> Account:
    remote_id = org.create("Account", Name="Acme of the test")
    pull_all()
    return Account.objects.get(crm_id=remote_id)


def sell(org: Org, account: Account, stage_name: str = "Prospecting", **fields: Any) -> str:
    return opportunity(org, "Deal of the test", AccountId=account.crm_id, StageName=stage_name, **fields)


def pull_and_infer() -> None:
    pull_all()
    tasks.infer_stages()


def stage_of(account: Account) -> str:
    account.refresh_from_db()
    return account.stage.name if account.stage else ""


def choose(account: Account, name: str) -> None:
    """A person chooses a stage, or empties it."""
    account.refresh_from_db()
    account.stage = AccountStage.objects.get(name=name) if name else None
    account.save(update_fields=["stage"])
    tasks.infer_stages()


def test_an_open_opportunity_goes_before_closed_ones_and_of_those_the_latest_counts(org: Org, acme: Account) -> None:
    sell(org, acme, "Closed Won", CloseDate="2026-01-31")
    pull_and_infer()
    assert stage_of(acme) == CLIENT

    sell(org, acme, "Closed Lost", CloseDate="2026-02-28")
    pull_and_infer()
    assert stage_of(acme) == DEAD

    open_one = sell(org, acme)
    pull_and_infer()
    assert stage_of(acme) == ACTIVE

    org.update("Opportunity", open_one, StageName="Closed Won", CloseDate="2025-12-31")
    pull_and_infer()
    assert stage_of(acme) == DEAD


def test_an_account_says_which_deal_decided_and_nothing_is_pushed(org: Org, acme: Account) -> None:
    sell(org, acme)

    pull_and_infer()

    event = SyncEvent.objects.filter(record_kind="account", record_id=acme.pk).order_by("-pk")[0]
    assert event.summary == "Its stage follows from the deal “Deal of the test”, which is open."
    assert not Outbox.objects.exists()
    sweep(Connection.objects.get())
    assert not Outbox.objects.filter(record_kind="account").exists()


def test_a_persons_choice_stays_until_they_empty_it(org: Org, acme: Account) -> None:
    sell(org, acme)
    pull_and_infer()

    choose(acme, DO_NOT)
    sell(org, acme, "Closed Won")
    pull_and_infer()
    assert stage_of(acme) == DO_NOT

    choose(acme, "")
    assert stage_of(acme) == ACTIVE


def test_a_stage_that_was_chosen_before_any_deal_is_a_persons_choice(org: Org, acme: Account) -> None:
    choose(acme, DO_NOT)

    sell(org, acme)
    pull_and_infer()

    assert stage_of(acme) == DO_NOT


def test_an_account_that_a_deal_left_is_looked_at_again(org: Org, acme: Account) -> None:
    sell(org, acme, "Closed Won")
    moving = sell(org, acme)
    other = AccountFactory(crm_id=org.create("Account", Name="Other of the test"))
    pull_and_infer()

    org.update("Opportunity", moving, AccountId=other.crm_id)
    pull_and_infer()

    assert stage_of(acme) == CLIENT
    assert stage_of(other) == ACTIVE


def test_deals_that_arrive_before_their_account_count_when_it_is_there(inferring: Connection, org: Org) -> None:
    account_id = org.create("Account", Name="Late")
    opportunity(org, "Early", AccountId=account_id)
    tasks.pull_due(600, only="Opportunity", is_forced=True)
    tasks.infer_stages()

    tasks.pull_due(600, only="Account", is_forced=True)
    tasks.infer_stages()

    assert stage_of(Account.objects.get(crm_id=account_id)) == ACTIVE


def test_edits_here_count_as_soon_as_the_deal_is_an_opportunity(acme: Account) -> None:
    deal = pushable(account=acme)
    tasks.infer_stages()
    assert stage_of(acme) == ""

    push_all()
    tasks.infer_stages()
    assert stage_of(acme) == ACTIVE

    change(deal, stage=stage("Closed Lost"))
    tasks.infer_stages()
    assert stage_of(acme) == DEAD

    won = pushable(account=acme, stage=stage("Closed Won"), close_on=timezone.localdate() + timedelta(days=900))
    push_all()
    deal_services.delete_deal(won.pk)
    tasks.infer_stages()
    assert stage_of(acme) == DEAD


def test_the_account_that_stays_after_a_merge_has_the_deals_of_both(org: Org, acme: Account) -> None:
    kept = AccountFactory()
    sell(org, acme)
    pull_and_infer()
    Account.objects.filter(pk=acme.pk).update(stage=None)

    merging.merge(kept, acme)
    tasks.infer_stages()

    assert stage_of(kept) == ACTIVE


def test_what_the_rule_leaves_open_is_left_as_it_is(org: Org, acme: Account) -> None:
    StageInference.objects.update(when_lost=None)
    deal = sell(org, acme)
    pull_and_infer()

    org.update("Opportunity", deal, StageName="Closed Lost")
    pull_and_infer()
    assert stage_of(acme) == ACTIVE

    org.update("Opportunity", deal, StageName="Closed Won")
    pull_and_infer()
    assert stage_of(acme) == CLIENT


def test_a_mapped_field_goes_before_the_rule(inferring: Connection, org: Org, acme: Account) -> None:
    FieldMapping.objects.create(
        connection=inferring,
        record_kind="account",
        remote_object="Account",
        field="stage",
        remote_field="Account_Status__c",
    )
    sell(org, acme)

    pull_and_infer()

    assert stage_of(acme) == ""
    assert not InferenceMark.objects.exists()


def test_an_account_that_somebody_keeps_out_is_left_alone(org: Org, acme: Account) -> None:
    SkippedRecord.objects.create(record_kind="account", record_id=acme.pk)
    sell(org, acme)

    pull_and_infer()

    assert stage_of(acme) == ""


def test_a_new_rule_counts_for_every_account_that_has_deals(inferring: Connection) -> None:
    inference.note_all(inferring)
    tasks.infer_stages()

    found = inference.decisions()
    assert found
    names = {"when_open": ACTIVE, "when_won": CLIENT, "when_lost": DEAD}
    accounts = Account.objects.filter(pk__in=found).select_related("stage")
    assert {one.pk: str(one.stage) for one in accounts} == {pk: names[one.says] for pk, one in found.items()}
    assert InferredStage.objects.count() == len(found)


def test_stages_that_are_there_may_be_given_to_the_rule(inferring: Connection, org: Org, acme: Account) -> None:
    choose(acme, DO_NOT)
    sell(org, acme)
    pull_and_infer()

    inference.adopt(inferring)
    inference.note_all(inferring)
    tasks.infer_stages()

    assert stage_of(acme) == ACTIVE


def test_inferring_costs_the_same_for_any_number_of_accounts(inferring: Connection, org: Org, acme: Account) -> None:
    inference.note_all(inferring)
    with CaptureQueries() as many:
        inference.infer_some(inferring)
    sell(org, acme)
    pull_all()
    with CaptureQueries() as one:
        inference.infer_some(inferring)

    assert InferredStage.objects.count() > 2
    assert len(many) == len(one)
