"""Ways to mend a refusal on its own page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import localorg
from accounts.models import Account
from contacts.models import Contact
from deals.models import Deal, Stage
from integrations.models import Connection, Credential, ErrorEntry, FieldMapping, Outbox
from integrations.providers import client_for
from integrations.salesforce import picklists
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory, DealFactory, DealStageFactory
from tests.integrations.test_error_log import entry_of
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


@pytest.fixture
def level(synced: Connection) -> FieldMapping:
    """A field of ours that is mapped to a restricted picklist."""
    synced.field_mappings.filter(remote_object="Contact", remote_field="Level__c").delete()
    return synced.field_mappings.create(
        record_kind="contact", field="seniority", remote_object="Contact", remote_field="Level__c"
    )


def refused(count: int = 1, **values: Any) -> list[ErrorEntry]:
    account = Account.objects.exclude(crm_id="").first()
    for number in range(count):
        ContactFactory(**{"seniority": "Galactic", "account": account, "email": f"g{number}@example.com"} | values)
    push_all()
    return list(ErrorEntry.objects.open().order_by("pk"))


def url(name: str, entry: ErrorEntry) -> str:
    return reverse(f"integrations:{name}", args=[entry.pk])


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


class TestMappedForGood:
    def test_a_value_is_called_otherwise_from_now_on_and_all_that_was_refused_for_it_goes(
        self, admin_client: Client, org: Org, level: FieldMapping
    ) -> None:
        first, *_ = refused(3)
        refused(1, seniority="Cosmic", email="other@example.com")
        page = admin_client.get(url("error", first)).content.decode()
        assert "Map it and retry all 3" in page

        response = admin_client.post(url("error_map", first), {"ours": "Galactic", "theirs": "Primary"})
        push_all()

        assert "3 records are on the way again" in said(response)
        assert [entry.payload["Level__c"] for entry in ErrorEntry.objects.open()] == ["Cosmic"]
        contacts = Contact.objects.filter(seniority="Galactic").exclude(crm_id="")
        assert {org.get("Contact", contact.crm_id)["Level__c"] for contact in contacts} == {"Primary"}
        assert len(contacts) == 3

    def test_what_comes_back_is_what_was_here(self, admin_client: Client, org: Org, level: FieldMapping) -> None:
        (entry,) = refused()
        admin_client.post(url("error_map", entry), {"ours": "Galactic", "theirs": "Primary"})
        push_all()
        contact = Contact.objects.get(pk=entry.record_id)
        org.update("Contact", contact.crm_id, Title="Edited there")
        newcomer = org.create("Contact", LastName="New", Email="new@example.com", Level__c="Primary")
        pull_all()

        contact.refresh_from_db()
        assert (contact.title, contact.seniority) == ("Edited there", "Galactic")
        assert Contact.objects.get(crm_id=newcomer).seniority == "Primary"

    def test_a_row_of_before_holds_on_the_way_back_only(self, admin_client: Client, level: FieldMapping) -> None:
        level.value_map = [
            {"ours": "Galactic", "theirs": "Gone", "way": "both"},
            {"ours": "Local", "theirs": "Tertiary", "way": "both"},
        ]
        level.save(update_fields=["value_map"])
        (entry,) = refused()

        admin_client.post(url("error_map", entry), {"ours": "Galactic", "theirs": "Primary"})

        level.refresh_from_db()
        assert level.value_map == [
            {"ours": "Galactic", "theirs": "Gone", "way": "in"},
            {"ours": "Local", "theirs": "Tertiary", "way": "both"},
            {"ours": "Galactic", "theirs": "Primary", "way": "out"},
        ]

    @pytest.mark.parametrize(
        "form", [{}, {"ours": "Galactic", "theirs": "Universal"}, {"ours": "Other", "theirs": "Primary"}]
    )
    def test_a_word_that_salesforce_has_not_is_refused(
        self, admin_client: Client, level: FieldMapping, form: dict[str, str]
    ) -> None:
        (entry,) = refused()

        response = admin_client.post(url("error_map", entry), form)

        level.refresh_from_db()
        assert (response.status_code, level.value_map) == (422, [])
        assert "Choose one of: Primary" in response.content.decode()

    def test_a_value_that_a_closed_map_has_not_gets_a_row(
        self, admin_client: Client, org: Org, level: FieldMapping
    ) -> None:
        level.value_map = [{"ours": "Local", "theirs": "Tertiary", "way": "both"}]
        level.unlisted = FieldMapping.Unlisted.REFUSE
        level.save(update_fields=["value_map", "unlisted"])
        (entry,) = refused(seniority="Primary")
        page = admin_client.get(url("error", entry)).content.decode()
        assert entry.code == "VALUE_NOT_MAPPED"
        assert '<option value="Local"' in page
        assert "“Primary” goes to Salesforce as" in page

        admin_client.post(url("error_map", entry), {"ours": "Primary", "theirs": "Primary"})
        push_all()

        contact = Contact.objects.get(pk=entry.record_id)
        assert org.get("Contact", contact.crm_id)["Level__c"] == "Primary"

    def test_a_mended_value_is_chosen_among_our_own_words(self, admin_client: Client, level: FieldMapping) -> None:
        level.value_map = [{"ours": "Local", "theirs": "Tertiary", "way": "both"}]
        level.save(update_fields=["value_map"])
        (entry,) = refused()

        assert '<option value="Local"' in admin_client.get(url("error", entry)).content.decode()
        admin_client.post(url("error_mend", entry), {"value": "Local"})
        push_all()

        entry.refresh_from_db()
        assert entry.closed_at
        assert Contact.objects.get(pk=entry.record_id).seniority == "Local"


class TestRecordTypes:
    """In an org where Contacts are of a type that allows one Level alone."""

    TYPE = """
[[record_types]]
object = "Contact"
name = "Partner"
label = "Partners"
default_for = ["System Administrator", "Standard User"]

[record_types.picklists]
Level__c = ["Secondary"]
"""

    @pytest.fixture(scope="class")
    @classmethod
    def org_server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
        setup = tmp_path_factory.mktemp("typed") / "typed.toml"
        setup.write_text((Path(localorg.__file__).parent / "orgs/plain.toml").read_text() + cls.TYPE)
        org = Org(tmp_path_factory.mktemp("org"), seed="20", setup=str(setup))
        yield org
        org.stop()

    def test_what_the_type_allows_is_asked_for_and_mends(
        self, admin_client: Client, org: Org, level: FieldMapping
    ) -> None:
        (entry,) = refused(seniority="Primary")
        before = admin_client.get(url("error", entry)).content.decode()
        assert entry.by == ErrorEntry.By.REMOTE
        assert '<option value="Tertiary"' in before
        assert url("error_allowed", entry) in before

        admin_client.post(url("error_allowed", entry))
        after = admin_client.get(url("error", entry)).content.decode()
        assert "for the record type “Partners”" in after
        assert '<option value="Tertiary"' not in after
        assert url("error_allowed", entry) not in after

        wrong = admin_client.post(url("error_mend", entry), {"value": "Tertiary"})
        admin_client.post(url("error_map", entry), {"ours": "Primary", "theirs": "Secondary"})
        push_all()
        assert wrong.status_code == 422
        contact = Contact.objects.get(pk=entry.record_id)
        assert org.get("Contact", contact.crm_id)["Level__c"] == "Secondary"

    def test_a_record_that_is_there_has_a_type_of_its_own(self, org: Org, level: FieldMapping) -> None:
        of_the_type = org.create("Contact", LastName="Typed")
        of_none = org.create("Contact", LastName="Master")
        org.update("Contact", of_none, RecordTypeId="012000000000000AAA")
        login = level.connection.team_credential
        assert login

        found = [picklists.allowed(client_for(login), "Contact", "Level__c", pk) for pk in (of_the_type, of_none, "")]

        assert [(one.record_type, len(one.values)) for one in found] == [("Partners", 1), ("", 3), ("Partners", 1)]

    def test_a_login_that_does_not_work_is_said(self, admin_client: Client, org: Org, level: FieldMapping) -> None:
        (entry,) = refused(seniority="Primary")
        Credential.objects.update(broken_reason="Revoked.")

        response = admin_client.post(url("error_allowed", entry), follow=True)

        assert "login does not work" in response.content.decode()


def test_nothing_is_asked_of_a_refusal_that_is_about_no_value(admin_client: Client, synced: Connection) -> None:
    entry = entry_of(synced, ContactFactory(), code="SEVERAL_MATCHES")

    response = admin_client.post(url("error_allowed", entry), follow=True)

    assert "nothing to ask" in response.content.decode()


class TestOtherValues:
    @pytest.fixture
    def deals(self, synced: Connection) -> Connection:
        synced.object_settings.filter(record_kind="deal").update(sync="both", push_new=True)
        return synced

    def test_a_deal_gets_a_stage_that_salesforce_has(self, admin_client: Client, org: Org, deals: Connection) -> None:
        followed = Stage.objects.exclude(crm_value="").filter(is_closed=False).first()
        assert followed
        deal = DealFactory(stage=DealStageFactory(name="Ours alone"), close_on=timezone.localdate())
        push_all()
        entry = ErrorEntry.objects.open().get(record_kind="deal")
        assert f'<option value="{followed.pk}"' in admin_client.get(url("error", entry)).content.decode()

        admin_client.post(url("error_mend", entry), {"value": str(followed.pk)})
        push_all()

        deal.refresh_from_db()
        assert deal.stage == followed
        assert org.get("Opportunity", deal.crm_id)["StageName"] == followed.crm_value

    def test_a_deal_gets_the_close_date_that_it_lacks(self, admin_client: Client, org: Org, deals: Connection) -> None:
        followed = Stage.objects.exclude(crm_value="").filter(is_closed=False).first()
        deal = DealFactory(stage=followed, close_on=None)
        push_all()
        entry = ErrorEntry.objects.open().get(record_kind="deal")
        assert 'type="date"' in admin_client.get(url("error", entry)).content.decode()

        wrong = admin_client.post(url("error_mend", entry), {"value": "soon"})
        admin_client.post(url("error_mend", entry), {"value": "2030-05-01"})
        push_all()

        assert wrong.status_code == 422
        assert org.get("Opportunity", Deal.objects.get(pk=deal.pk).crm_id)["CloseDate"] == "2030-05-01"


class TestStaleForms:
    def test_what_another_admin_settled_is_shown_as_it_is(self, admin_client: Client, synced: Connection) -> None:
        contact = ContactFactory()
        Outbox.objects.all().delete()
        entry = entry_of(synced, contact, details={"local_field": "title"}, closed_at=timezone.now())

        response = admin_client.post(url("error_mend", entry), {"value": "CEO"}, follow=True)

        contact.refresh_from_db()
        assert "settled meanwhile" in response.content.decode()
        assert contact.title != "CEO"
        assert not Outbox.objects.exists()

    @pytest.mark.parametrize("name", ["error_mend", "error_map", "error_match", "error_look_up", "error_save_anyway"])
    def test_what_went_with_its_record_is_said_to_be_gone(
        self, admin_client: Client, synced: Connection, name: str
    ) -> None:
        contact = ContactFactory()
        entry = entry_of(synced, contact, details={"local_field": "title"})
        contact.delete()

        response = admin_client.post(url(name, entry), {"value": "CEO"}, follow=True)

        assert "its record was deleted" in response.content.decode()
