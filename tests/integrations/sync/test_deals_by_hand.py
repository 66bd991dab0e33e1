"""Deals as people meet them: through the API, in the admin, by commands and on their page."""

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from contacts.models import Contact
from deals import services as cast
from deals.models import Deal, Stage
from integrations import services
from integrations.models import Connection, Cursor, Outbox
from tests.api.conftest import V1, Api
from tests.factories import DealFactory
from tests.integrations.sync.dealing import change, opportunity, pushable
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def test_the_preview_of_a_push_tells_what_would_be_refused(with_deals: Connection, org: Org, admin: User) -> None:
    deal = DealFactory(close_on=None, stage=Stage.objects.get(name="Negotiation"))
    linked = Deal.objects.exclude(crm_id="").first()
    org.forget_calls()

    problems = Api(admin).get(f"{V1}deals/{deal.pk}/push/").json()["problems"]

    assert any("Close Date" in one for one in problems)
    assert any("pipeline “Sales”" in one for one in problems)
    assert Api(admin).get(f"{V1}deals/{linked.pk}/push/").json()["problems"] == []
    change(linked, name="x" * 121)
    assert "120" in Api(admin).get(f"{V1}deals/{linked.pk}/push/").json()["problems"][0]
    assert not org.calls()


def test_an_admin_turns_deals_on_in_the_admin(synced: Connection, admin: User, client: Client) -> None:
    settings = synced.object_settings.get(record_kind="deal")
    client.force_login(admin)
    url = f"/admin/integrations/objectsettings/{settings.pk}/change/"

    answer = client.post(url, {"sync": "both", "is_visible": "on", "pull_every": "30"})

    assert answer.status_code == 302
    assert Cursor.objects.filter(remote_object="OpportunityContactRole").exists()
    others = synced.object_settings.get(record_kind="contact")
    assert client.post(url.replace(str(settings.pk), str(others.pk)), {"sync": "off"}).status_code == 403


def test_what_is_off_can_not_be_pulled_by_hand(synced: Connection) -> None:
    with pytest.raises(services.Refused, match="not pulled"):
        services.request_pull(synced, "Opportunity")
    with pytest.raises(SystemExit) as ended:
        call_command("salesforce", "pull", "Opportunity")
    assert ended.value.code == 2


def test_the_commands_pull_and_push_deals(with_deals: Connection, org: Org) -> None:
    there, deal = opportunity(org, "There"), pushable(name="Here")
    for command in (("pull", "Opportunity"), ("push", "Opportunity")):
        with pytest.raises(SystemExit) as ended:
            call_command("salesforce", *command)
        assert ended.value.code == 0

    deal.refresh_from_db()
    assert deal.crm_id
    assert Deal.objects.filter(crm_id=there).exists()
    with pytest.raises(SystemExit):
        call_command("salesforce", "status", "--json")


def test_a_rehearsed_push_of_people_changes_nothing(with_deals: Connection, org: Org) -> None:
    deal = Deal.objects.order_by("pk")[0]
    person = Contact.objects.filter(crm_object="Contact").exclude(deals=deal).first()
    parts = len(org.query("SELECT Id FROM OpportunityContactRole"))
    cast.add_contact(deal.pk, person)
    with pytest.raises(SystemExit):
        call_command("salesforce", "push", "--dry-run")

    assert len(org.query("SELECT Id FROM OpportunityContactRole")) == parts
    assert Outbox.objects.filter(record_kind="deal").exists()


def test_a_deal_says_what_would_be_refused_before_it_may_be_pushed(
    admin: User, client: Client, with_deals: Connection
) -> None:
    deal = pushable(close_on=None)
    Connection.objects.update(first_pull_finished_at=None)
    client.force_login(admin)

    page = client.get(deal.get_absolute_url()).content.decode()
    asked = reverse("integrations:push_notes", args=["deal", deal.pk])

    assert "The first pull is still running" in page
    assert asked in page
    assert "Close Date: Salesforce requires a value." in client.get(asked).content.decode()
