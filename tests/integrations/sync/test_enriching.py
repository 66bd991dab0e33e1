"""The directory and pulled records, by the rule of each field; over real HTTP."""

from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from common.acting import acting_as
from common.bulk import update_rows
from contacts import job_changes
from contacts.models import Contact, JobChange
from directory.loading import load_companies, load_prospects
from directory.models import Prospect
from integrations import tasks, undoing
from integrations.models import Connection, FieldMapping, ObjectSettings, Outbox, Run, SkippedRecord, SyncEvent
from tests.conftest import push_all
from tests.factories import ContactFactory, UserFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db

ADA = {
    "key": "ada",
    "first_name": "Ada",
    "last_name": "Sample",
    "title": "Head of Sales",
    "department": "Sales",
    "email": "ada@acme.example",
    "email_status": "unverified",
    "phone": "+1 555 0100",
    "company_key": "acme",
}


@pytest.fixture(autouse=True)
def directory(db: None) -> None:
    load_companies([{"key": "acme", "name": "Acme", "domain": "acme.example", "industry": "Machinery"}])
    load_prospects([ADA])


def rule(field: str, what: str, **columns: Any) -> None:
    FieldMapping.objects.filter(field=field).update(enrichment=what, **columns)


def enrich_existing() -> None:
    ObjectSettings.objects.update(enrich_existing=True)


def pull(name: str = "Contact") -> None:
    tasks.pull_due(600, only=name, is_forced=True)


def came(org: Org, name: str = "Contact", **fields: Any) -> tuple[Contact, str]:
    """Somebody whom the org has now, pulled."""
    values = {"FirstName": "Ada", "LastName": "Sample", "Email": "ada@acme.example"}
    remote_id = org.create(name, **values | fields)
    pull(name)
    return Contact.objects.get(crm_id=remote_id), remote_id


def there(org: Org, remote_id: str, name: str, of: str = "Contact") -> Any:
    return org.get(of, remote_id)[name]


class TestNewRecords:
    def test_an_empty_field_is_filled_and_pushed(self, synced: Connection, org: Org) -> None:
        ada, remote_id = came(org)

        assert (ada.title, ada.department) == ("Head of Sales", "Sales")
        push_all()
        assert there(org, remote_id, "Title") == "Head of Sales"
        assert not Outbox.objects.exists()

    def test_also_of_somebody_whom_we_have_already_and_link(self, synced: Connection, org: Org) -> None:
        ours = ContactFactory(first_name="Ada", last_name="Sample", email="ada@acme.example", city="Lyon")
        ada, remote_id = came(org)
        assert (ada.pk, ada.title) == (ours.pk, "Head of Sales")
        push_all()
        assert there(org, remote_id, "Title") == "Head of Sales"

    def test_a_filled_one_is_left_alone_and_so_is_a_phone(self, synced: Connection, org: Org) -> None:
        ada, _ = came(org, Title="CEO")
        assert (ada.title, ada.phone) == ("CEO", "")

    def test_overwriting_replaces_what_differs(self, synced: Connection, org: Org) -> None:
        rule("title", "write")
        ada, remote_id = came(org, Title="CEO")
        push_all()
        assert ada.title == there(org, remote_id, "Title") == "Head of Sales"

    def test_without_a_rule_nothing_is_written(self, synced: Connection, org: Org) -> None:
        FieldMapping.objects.update(enrichment="none")
        ada, _ = came(org)
        assert (ada.title, Outbox.objects.count()) == ("", 0)

    def test_what_does_not_go_to_salesforce_is_not_written_here(self, synced: Connection, org: Org) -> None:
        rule("title", "fill", direction="in")
        assert came(org)[0].title == ""

    def test_what_salesforce_would_refuse_is_not_written(self, synced: Connection, org: Org) -> None:
        Prospect.objects.update(title="x" * 200)  # a title there has 128 characters
        ada, _ = came(org)
        assert (ada.title, ada.department) == ("", "Sales")

    def test_leads_and_accounts_too(self, synced: Connection, org: Org) -> None:
        lead, remote_id = came(org, "Lead", Company="Acme")
        account_id = org.create("Account", Name="Acme", Website="https://www.acme.example")
        pull("Account")
        push_all()
        assert lead.title == there(org, remote_id, "Title", "Lead") == "Head of Sales"
        assert Account.objects.get(crm_id=account_id).industry == there(org, account_id, "Industry", "Account")

    def test_an_unverified_address_is_marked_so_and_withheld(self, synced: Connection, org: Org) -> None:
        account_id = org.create("Account", Name="Acme", Website="https://www.acme.example")
        pull("Account")
        ada, remote_id = came(org, Email=None, AccountId=account_id)

        assert (ada.email, ada.email_status) == ("ada@acme.example", "unverified")
        push_all()
        assert there(org, remote_id, "Email") is None
        assert there(org, remote_id, "Title") == "Head of Sales"

    def test_history_says_that_it_was_the_directory_and_by_which_rule(self, synced: Connection, org: Org) -> None:
        rule("title", "write")
        ada, _ = came(org, Title="CEO")

        told = [event.pgh_context.metadata for event in ada.events.order_by("pgh_id")]  # type: ignore[attr-defined]

        assert [one["source"] for one in told] == ["Directory", "Directory"]
        assert [one["rule"].split(":")[0] for one in told] == ["Auto-fill", "Overwrite"]
        run = Run.objects.filter(remote_object="Contact").latest("pk")
        assert {one["run"] for one in told} == {run.pk}
        assert run.enriched == 1

    def test_parts_of_an_address_are_not_taken_from_another_place(self, synced: Connection, org: Org) -> None:
        Prospect.objects.update(city="Lyon", country="France")
        ada, _ = came(org, MailingCountry="Japan")
        assert (ada.city, ada.country) == ("", "Japan")


def test_by_hand_it_is_pushed_whatever_the_rule(synced: Connection, org: Org, client: Client) -> None:
    FieldMapping.objects.update(enrichment="none")
    ada, remote_id = came(org, Title="CEO")
    client.force_login(UserFactory())
    address = f"/directory/enrich/contact/{ada.pk}/"
    stamps = {f"stamp-{row['name']}": row["stamp"] for row in client.get(address).context["rows"]}

    client.post(address, {**stamps, "take": ["title", "phone"]})
    push_all()

    assert there(org, remote_id, "Title") == "Head of Sales"
    assert there(org, remote_id, "Phone") == "+1 555 0100"


def test_whoever_changed_jobs_is_made_there_with_the_login_of_the_team(synced: Connection, org: Org) -> None:
    came(org)
    load_companies([{"key": "beta", "name": "Beta", "domain": "beta.example"}])
    load_prospects([ADA | {"company_key": "beta", "email": "ada@beta.example", "email_status": "verified"}])

    with acting_as(UserFactory()):
        job_changes.make_contacts([JobChange.objects.get().pk])
    push_all()

    made = org.query("SELECT Title, Account.Name FROM Contact WHERE Email = 'ada@beta.example'")
    assert [(one["Title"], one["Account"]["Name"]) for one in made] == [("Head of Sales", "Beta")]
    new = Contact.objects.get(email="ada@beta.example")
    told = SyncEvent.objects.filter(record_kind="contact", record_id=new.pk).latest("pk")
    assert told.credential_reason == "the team's login: made by job change"


def test_undoing_the_pull_takes_it_back(synced: Connection, org: Org, admin: User) -> None:
    ada, remote_id = came(org)
    push_all()

    undoing.start(Run.objects.filter(kind="pull", remote_object="Contact").latest("pk"), admin)
    tasks.undo_runs(600)
    push_all()

    ada.refresh_from_db()
    assert ada.title == ""
    assert there(org, remote_id, "Title") is None


class TestNoLoops:
    def test_what_was_pushed_and_comes_back_is_nothing_new(self, synced: Connection, org: Org) -> None:
        enrich_existing()
        rule("title", "write")
        ada, _ = came(org, Title="CEO")
        push_all()
        events = ada.events.count()  # type: ignore[attr-defined]

        for _ in range(2):
            pull()
            push_all()

        assert ada.events.count() == events  # type: ignore[attr-defined]
        assert not Outbox.objects.exists()

    def test_what_the_other_side_makes_of_it_stands(self, synced: Connection, org: Org) -> None:
        enrich_existing()
        rule("title", "write")
        ada, remote_id = came(org, Title="CEO")
        push_all()
        org.update("Contact", remote_id, Title="HEAD OF SALES")  # as an automation there would

        for _ in range(2):
            pull()
            push_all()

        ada.refresh_from_db()
        assert ada.title == there(org, remote_id, "Title") == "HEAD OF SALES"

    def test_a_new_value_of_the_directory_is_written_again(self, synced: Connection, org: Org) -> None:
        enrich_existing()
        rule("title", "write")
        ada, remote_id = came(org, Title="CEO")
        push_all()
        load_prospects([ADA | {"title": "Chief of Sales"}])
        org.update("Contact", remote_id, Department="Sales & Marketing")
        pull()
        ada.refresh_from_db()
        assert ada.title == "Chief of Sales"


class TestExistingRecords:
    def known(self, org: Org) -> tuple[Contact, str]:
        """Pulled before the directory knew of her."""
        Prospect.objects.all().delete()
        found = came(org)
        load_prospects([ADA])
        return found

    def test_are_left_alone_at_first(self, synced: Connection, org: Org) -> None:
        ada, remote_id = self.known(org)
        org.update("Contact", remote_id, Department="Any")
        pull()
        ada.refresh_from_db()
        assert ada.title == ""

    def test_are_enriched_when_they_are_pulled_if_a_setting_says_so(self, synced: Connection, org: Org) -> None:
        ada, remote_id = self.known(org)
        enrich_existing()
        org.update("Contact", remote_id, Department="Any")
        pull()
        ada.refresh_from_db()
        assert (ada.title, ada.department) == ("Head of Sales", "Any")

    def test_the_one_time_pull_brings_them_all(self, synced: Connection, org: Org) -> None:
        ada, _ = self.known(org)
        enrich_existing()
        synced.cursors.filter(remote_object="Contact").update(is_full=True)
        pull()
        ada.refresh_from_db()
        assert ada.title == "Head of Sales"

    def test_an_edit_that_waits_to_be_pushed_is_not_overwritten(self, synced: Connection, org: Org) -> None:
        ada, remote_id = self.known(org)
        enrich_existing()
        rule("title", "write")
        update_rows(Contact.objects.filter(pk=ada.pk), title="Ours")
        org.update("Contact", remote_id, Department="Any")
        pull()
        push_all()
        assert there(org, remote_id, "Title") == "Ours"

    def test_not_those_that_somebody_keeps_out(self, synced: Connection, org: Org) -> None:
        ada, remote_id = self.known(org)
        enrich_existing()
        SkippedRecord.objects.create(record_kind="contact", record_id=ada.pk)
        org.update("Contact", remote_id, Department="Any")
        pull()
        ada.refresh_from_db()
        assert ada.title == ""


def test_a_page_costs_as_many_queries_for_many(synced: Connection, org: Org) -> None:
    def queries(count: int) -> int:
        emails = [f"{number}@{count}.example" for number in range(count)]
        load_prospects([ADA | {"key": email, "email": email} for email in emails])
        org.create_many("Contact", [{"LastName": f"Sample {email}", "Email": email} for email in emails])
        with CaptureQueriesContext(database) as asked:
            pull()
        assert Run.objects.latest("pk").enriched == count
        return len(asked)

    queries(1)  # what is asked once is known from then on
    assert queries(2) == queries(30)
