"""Stages on the settings pages: paired with statuses, paired by name, inferred from opportunities, and the pipeline."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.models import Stage as AccountStage
from contacts.models import Contact
from contacts.models import Stage as ContactStage
from deals.models import Deal, Pipeline
from integrations import proposing, staging, tasks
from integrations.models import Connection, FieldMapping, Outbox, RecordLink, StageInference, StageMapping
from tests.conftest import pull_all, push_all
from tests.factories import UserFactory
from tests.pages import CaptureQueries
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def url(name: str = "stages", remote_object: str = "Account") -> str:
    return reverse(f"integrations:{name}", args=[remote_object])


def saved_pairs(remote_object: str) -> dict[str, str]:
    names = dict((AccountStage if remote_object == "Account" else ContactStage).objects.values_list("pk", "name"))
    rows = StageMapping.objects.filter(remote_object=remote_object).values_list("stage_id", "remote_value")
    return {names[pk]: value for pk, value in rows}


def all_account_stages(**others: str) -> dict[str, str]:
    """A status for every account stage, Target unless ``others`` says so, with words for spaces."""
    return {
        f"stage-{stage.pk}": others.get(stage.name.replace(" ", "_"), "Target") for stage in AccountStage.objects.all()
    }


@pytest.mark.parametrize("name", ["stages", "stages_by_name", "stages_refresh"])
def test_members_reach_none_of_it(name: str, client: Client) -> None:
    client.force_login(UserFactory())

    assert client.get(url(name)).status_code == 403
    assert client.post(url(name)).status_code == 403


@pytest.mark.parametrize("name", ["stages", "stages_by_name"])
def test_deals_and_unknown_objects_have_no_pairs(name: str, admin_client: Client, connection: Connection) -> None:
    for remote_object in ("Opportunity", "Nonsense"):
        assert admin_client.post(url(name, remote_object)).status_code == 404


class TestPairing:
    def test_same_names_are_paired_and_others_become_stages(self) -> None:
        stages = [(1, "Cold"), (2, "target"), (3, "Customer")]

        found = staging.auto_map(stages, ["Target", "Working", "Customer", "Lost", "lost"], {1: "Working", 3: "Old"})

        assert found.pairs == {2: "Target"}
        assert found.new == ["Lost"]
        assert [line.split(":")[0] for line in found.skipped] == ["“Customer”", "“lost”"]

    def test_nothing_is_touched_that_is_paired(self) -> None:
        assert not staging.auto_map([(1, "Cold")], ["Warm"], {1: "Warm"})


def test_pairing_by_name_makes_the_stages_that_lack(admin_client: Client, connection: Connection) -> None:
    cold = ContactStage.objects.get(name="Cold")
    StageMapping.objects.filter(remote_object="Contact").delete()
    StageMapping.objects.create(
        connection=connection, record_kind="contact", remote_object="Contact", stage_id=cold.pk, remote_value="New"
    )

    before = admin_client.get(url(remote_object="Contact")).content.decode()
    admin_client.post(url("stages_by_name", "Contact"))
    admin_client.post(url("stages_by_name", "Contact"))

    assert "makes the stages Attempting, Connected, Qualified, Unqualified here" in before
    statuses = ["New", "Attempting", "Connected", "Qualified", "Unqualified", "Bad Data"]
    assert sorted(saved_pairs("Contact").values()) == sorted(statuses)
    assert saved_pairs("Contact")["Cold"] == "New"
    assert saved_pairs("Contact")["Bad Data"] == "Bad Data"
    assert ContactStage.objects.filter(name="Attempting").count() == 1


class TestAccounts:
    def test_several_stages_may_mean_one_status_but_each_needs_one(
        self, admin_client: Client, connection: Connection
    ) -> None:
        form = all_account_stages()
        lacking = dict(form)
        stage = AccountStage.objects.get(name="Cold")
        lacking[f"stage-{stage.pk}"] = ""

        refused = admin_client.post(url(), {"source": "Account_Status__c", **lacking})
        assert refused.status_code == 422
        assert "every account stage needs one" in refused.content.decode()
        assert admin_client.post(url(), {"source": "Account_Status__c", **form}).status_code == 200
        assert set(saved_pairs("Account").values()) == {"Target"}
        assert len(saved_pairs("Account")) == 5

    def test_pulling_keeps_a_stage_that_means_the_status_else_takes_the_first(
        self, admin_client: Client, synced: Connection, org: Org
    ) -> None:
        form = all_account_stages(Current_Client="Customer", Active_Opportunity="Customer")
        admin_client.post(url(), {"source": "Account_Status__c", **form})
        kept, moved = Account.objects.exclude(crm_id="").order_by("pk")[:2]
        active = AccountStage.objects.get(name="Active Opportunity")
        Account.objects.filter(pk=kept.pk).update(stage=active)
        Account.objects.filter(pk=moved.pk).update(stage=AccountStage.objects.get(name="Cold"))

        for one in (kept, moved):
            org.update("Account", one.crm_id, Account_Status__c="Customer")
        pull_all()
        for one in (kept, moved):
            org.update("Account", one.crm_id, Account_Status__c="Working")
        pull_all()
        for one in (kept, moved):
            one.refresh_from_db()
        assert kept.stage == active
        for one in (kept, moved):
            org.update("Account", one.crm_id, Account_Status__c="Customer")
        pull_all()

        kept.refresh_from_db()
        moved.refresh_from_db()
        assert (kept.stage.name, moved.stage.name) == ("Active Opportunity", "Current Client")

    def test_the_rule_takes_the_fields_place_and_gives_it_back(
        self, admin_client: Client, with_deals: Connection
    ) -> None:
        names = {event: AccountStage.objects.get(name=staging.USUAL[event]).pk for event in staging.EVENTS}

        admin_client.post(url(), {"source": "infer", "takes_over": "on", **names})
        tasks.infer_stages()

        assert not FieldMapping.objects.filter(remote_object="Account", field="stage").exists()
        assert StageInference.objects.get().is_on
        assert Account.objects.filter(stage__in=names.values()).exists()
        assert not Outbox.objects.exists()

        admin_client.post(url(), {"source": "Account_Status__c", **all_account_stages()})
        assert FieldMapping.objects.get(remote_object="Account", field="stage").remote_field == "Account_Status__c"
        assert not StageInference.objects.get().is_on

    def test_a_source_is_looked_at_before_it_is_saved(self, admin_client: Client, connection: Connection) -> None:
        page = admin_client.get(url(), {"source": "infer"}).content.decode()

        assert "None is open, the latest was won" in page
        assert "Not saved yet" in page
        assert not StageInference.objects.get().is_on

    def test_a_source_that_there_is_not_is_refused(self, admin_client: Client, connection: Connection) -> None:
        assert admin_client.post(url(), {"source": "Name"}).status_code == 422
        assert admin_client.get(url(), {"source": "Nonsense__c"}).status_code == 200


def test_an_org_without_a_status_field_follows_its_opportunities(connection: Connection) -> None:
    FieldMapping.objects.filter(remote_object="Account", field="stage").delete()
    StageInference.objects.all().delete()

    proposing.make_rule(connection)

    rule = StageInference.objects.get()
    assert rule.is_on
    assert [str(getattr(rule, event)) for event in staging.EVENTS] == list(staging.USUAL.values())


def test_another_word_for_a_stage_is_no_edit_of_the_records_at_it(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    cold = ContactStage.objects.get(name="Cold")
    lead = Contact.objects.filter(crm_object="Lead").first()
    assert lead is not None
    org.update("Lead", lead.crm_id, Status="Open - Not Contacted")
    pull_all()
    form = {f"stage-{cold.pk}": "Closed - Not Converted"}

    admin_client.post(url(remote_object="Lead"), {"source": "Status", **form})
    lead.refresh_from_db()
    lead.title = "Edited"
    lead.save(update_fields=["title"])
    push_all()

    there = org.get("Lead", lead.crm_id)
    assert (there["Title"], there["Status"]) == ("Edited", "Open - Not Contacted")
    assert RecordLink.objects.filter(record_id=lead.pk, remote_object="Lead").exists()


def test_pull_now_reads_the_statuses_again(admin_client: Client, connection: Connection) -> None:
    row = connection.descriptions.get(remote_object="Lead")
    for field in row.content["fields"]:
        field["values"] = [value for value in field["values"] if value != "Working - Contacted"]
    row.save()

    before = admin_client.get(url(remote_object="Lead")).content.decode()
    after = admin_client.post(url("stages_refresh", "Lead")).content.decode()

    assert "Working - Contacted (not in Salesforce any more)" in before
    assert "not in Salesforce any more" not in after


class TestPipeline:
    def test_it_shows_the_orgs_stages_and_says_why_they_are_locked(
        self, admin_client: Client, with_deals: Connection
    ) -> None:
        pipeline = Pipeline.objects.get(is_locked=True)
        deal = Deal.objects.select_related("stage").first()
        assert deal is not None
        page = admin_client.get(url(remote_object="Opportunity")).content.decode()

        assert page.index("Prospecting") < page.index("Closed Won")
        assert "deal stages are neither made nor changed here" in page
        assert "stage that Salesforce has no more" not in page

        pipeline.stages.filter(pk=deal.stage.pk).update(is_active=False)
        page = admin_client.get(url(remote_object="Opportunity")).content.decode()
        assert "stage that Salesforce has no more" in page

    def test_pull_now_follows_the_org(self, admin_client: Client, with_deals: Connection) -> None:
        pipeline = Pipeline.objects.get(is_locked=True)
        pipeline.stages.filter(name="Prospecting").update(name="Renamed here", is_active=False)

        page = admin_client.post(url("stages_refresh", "Opportunity")).content.decode()

        assert "Renamed here" not in page
        assert pipeline.stages.get(name="Prospecting").is_active


def test_the_section_costs_a_fixed_number_of_queries(admin_client: Client, connection: Connection) -> None:
    def queries() -> int:
        with CaptureQueries() as captured:
            admin_client.get(url(remote_object="Contact"))
        return len(captured)

    before = queries()
    for number in range(50):
        ContactStage.objects.create(name=f"Stage {number}", position=100 + number)

    assert queries() == before
