"""The stages of deals follow the org."""

import pytest

from deals.models import Deal, Pipeline, Stage
from deals.pipelines import CrmStage, follow_crm
from integrations import connecting
from integrations.models import Connection, ErrorEntry
from tests.conftest import push_all
from tests.integrations.sync.dealing import stage
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def test_stages_follow_the_org_when_it_is_read_again(with_deals: Connection, org: Org) -> None:
    deal = Deal.objects.select_related("stage").first()
    told = [_told(one) for one in Stage.objects.exclude(crm_value="").exclude(pk=deal.stage_id)]
    told[0], told[1] = _told_as(told[0], told[1].label), _told_as(told[1], told[0].label)
    renamed = told[0]

    follow_crm("Salesforce", [*told, CrmStage("New", "Brand new", 5, "Pipeline", False, False, True)])

    deal.stage.refresh_from_db()
    assert not deal.stage.is_active
    assert stage(renamed.value).name == renamed.label
    assert (stage("New").name, stage("New").probability, stage("New").is_active) == ("Brand new", 5, True)
    push_all()
    assert not ErrorEntry.objects.exists()


def test_a_stage_of_the_same_name_as_one_that_is_gone_is_told_apart(with_deals: Connection) -> None:
    follow_crm("Salesforce", [CrmStage("Prospecting_2", "Prospecting", 5, "Pipeline", False, False, True)])

    assert stage("Prospecting_2").name != stage("Prospecting").name


def test_reading_the_org_again_tells_of_a_stage_that_was_learnt(with_deals: Connection, org: Org) -> None:
    Stage.objects.filter(crm_value="Prospecting").update(is_active=False, probability=0, name="Learnt")

    connecting.prepare(with_deals, with_deals.team_credential)

    assert (stage("Prospecting").name, stage("Prospecting").probability) == ("Prospecting", 10)
    assert stage("Prospecting").is_active


def test_no_stages_are_made_here_while_connected(with_deals: Connection) -> None:
    assert Pipeline.objects.are_stages_closed()

    connecting.disconnect(with_deals)

    assert not Pipeline.objects.are_stages_closed()


def _told(stage: Stage) -> CrmStage:
    return CrmStage(
        stage.crm_value,
        stage.name,
        stage.probability,
        stage.forecast_category,
        stage.is_closed,
        stage.is_won,
        stage.is_active,
    )


def _told_as(told: CrmStage, label: str) -> CrmStage:
    return CrmStage(
        told.value, label, told.probability, told.forecast_category, told.is_closed, told.is_won, told.is_active
    )


def test_a_pipeline_that_was_renamed_while_disconnected_is_followed_again() -> None:
    told = [CrmStage("Prospecting", "Prospecting", 10, "Pipeline", False, False, True)]
    pipeline = follow_crm("Theirs", told)
    Pipeline.objects.filter(pk=pipeline.pk).update(is_locked=False, name="Renamed")

    assert follow_crm("Theirs", told).pk == pipeline.pk
    assert Stage.objects.filter(crm_value="Prospecting").count() == 1
