"""Contacts whose entry in the directory went to another company."""

from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from common import jobs, merging, trash
from common.acting import acting_as
from common.models import Job, Origin
from common.visibility import let_see_pulled
from contacts import job_changes
from contacts.models import Contact, JobChange
from directory.loading import load_companies, load_prospects
from directory.models import Prospect
from tests.factories import AccountFactory, ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db

State = JobChange.State
ADA = {
    "key": "ada",
    "first_name": "Ada",
    "last_name": "Sample",
    "title": "Engineer",
    "email": "ada@acme.example",
    "company_key": "acme",
}
MOVED = ADA | {
    "title": "Head of Sales",
    "email": "ada@beta.example",
    "email_status": "unverified",
    "company_key": "beta",
}


@pytest.fixture(autouse=True)
def directory(db: None) -> None:
    load_companies(
        [
            {"key": "acme", "name": "Acme", "domain": "acme.example"},
            {"key": "beta", "name": "Beta", "domain": "beta.example", "industry": "Energy"},
            {"key": "gamma", "name": "Gamma", "domain": "gamma.example"},
        ]
    )
    load_prospects([ADA])


@pytest.fixture
def ada() -> Contact:
    account = AccountFactory(name="Acme", website="acme.example")
    return ContactFactory(first_name="Ada", last_name="Sample", email="ada@acme.example", account=account)


@pytest.fixture
def change(ada: Contact) -> JobChange:
    load_prospects([MOVED])
    return JobChange.objects.get()


class TestNoticing:
    def test_a_contact_whose_entry_moves_is_flagged(self, ada: Contact, change: JobChange) -> None:
        assert (change.contact, change.state) == (ada, State.OPEN)
        assert (change.move.from_company_name, str(change.company)) == ("Acme", "Beta")

    def test_once_however_often_it_is_loaded(self, change: JobChange) -> None:
        load_prospects([MOVED])
        assert JobChange.objects.get() == change

    def test_the_latest_move_counts(self, change: JobChange) -> None:
        load_prospects([MOVED | {"company_key": "gamma"}])
        assert str(JobChange.objects.get().company) == "Gamma"

    def test_somebody_who_went_back_is_not_to_be_decided(self, change: JobChange) -> None:
        load_prospects([ADA])
        assert not JobChange.objects.exists()

    def test_not_where_the_contact_is_there_already(self, ada: Contact) -> None:
        Contact.objects.update(account=AccountFactory(website="beta.example"))
        load_prospects([MOVED])
        assert not JobChange.objects.exists()

    def test_not_where_only_the_entry_of_the_company_is_another(self, ada: Contact) -> None:
        load_companies([{"key": "acme-2", "name": "Acme Ltd", "domain": "acme.example"}])
        load_prospects([ADA | {"company_key": "acme-2"}])
        assert not JobChange.objects.exists()

    def test_by_a_secondary_address_that_the_mark_does_not_tell(self) -> None:
        contact = ContactFactory(other_emails=["ada@acme.example"])
        Prospect.objects.update(contact_id=None)
        Prospect.objects.update(email="ada@acme.example")
        load_prospects([MOVED])
        assert JobChange.objects.get().contact == contact

    def test_takes_as_many_queries_for_many(self) -> None:
        def queries(count: int) -> int:
            emails = [f"{number}@{count}.example" for number in range(count)]
            for email in emails:
                ContactFactory(email=email)
            load_prospects([ADA | {"key": email, "email": email} for email in emails])
            with CaptureQueriesContext(connection) as asked:
                load_prospects([MOVED | {"key": email, "email": email} for email in emails])
            assert JobChange.objects.filter(contact__email__endswith=f"@{count}.example").count() == count
            return len(asked)

        queries(1)
        assert queries(2) == queries(20)


class TestNewContact:
    def test_stands_at_the_new_company_and_the_former_stays(self, ada: Contact, change: JobChange, user: User) -> None:
        with acting_as(user):
            counts = job_changes.make_contacts([change.pk])

        assert counts == {"new contacts": 1}
        change.refresh_from_db()
        new = change.new_contact
        assert new is not None
        assert (new.email, new.title, str(new.account)) == ("ada@beta.example", "Head of Sales", "Beta")
        assert (new.origin, new.owner, new.email_status) == (Origin.JOB_CHANGE_ENRICHMENT, user, "unverified")
        assert new.account is not None
        assert (new.account.origin, new.account.industry) == (Origin.JOB_CHANGE_ENRICHMENT, "Energy")
        assert (change.state, change.decided_by) == (State.NEW, user)
        ada.refresh_from_db()
        assert (ada.email, str(ada.account)) == ("ada@acme.example", "Acme")
        assert Prospect.objects.get().contact_id == new.pk

    def test_is_one_whom_the_crm_has_there_already(self, change: JobChange) -> None:
        known = ContactFactory(other_emails=["ada@beta.example"])
        Contact.objects.filter(pk=known.pk).update(email="ada@beta.example")
        assert job_changes.make_contacts([change.pk]) == {"known already": 1}
        change.refresh_from_db()
        assert change.new_contact == known

    def test_does_not_share_an_address_with_the_former_one(self, ada: Contact) -> None:
        load_prospects([MOVED | {"email": "ada@acme.example"}])
        job_changes.make_contacts([JobChange.objects.get().pk])
        new = Contact.objects.exclude(pk=ada.pk).get()
        assert (new.email, str(new.account)) == ("", "Beta")


class TestUpdating:
    def test_moves_the_contact_to_the_new_company(self, ada: Contact, change: JobChange) -> None:
        beta = AccountFactory(name="Beta Inc", website="www.beta.example")

        assert job_changes.update_contacts([change.pk]) == {"updated": 1}

        ada.refresh_from_db()
        assert (ada.account, ada.title, ada.company_name) == (beta, "Head of Sales", "Beta")
        assert (ada.email, ada.email_status) == ("ada@beta.example", "unverified")
        assert ada.other_emails == ["ada@acme.example"]
        event = ada.events.get()  # type: ignore[attr-defined]
        assert event.pgh_context.metadata["rule"] == "Job change: taken from the directory."

    def test_many_take_as_many_queries_as_two(self, user: User) -> None:
        def queries(count: int, decide: Any) -> int:
            emails = [f"{number}@{decide.__name__}{count}.example".replace("_", "") for number in range(count)]
            for email in emails:
                ContactFactory(email=email)
            load_prospects([ADA | {"key": email, "email": email} for email in emails])
            load_prospects([MOVED | {"key": email, "email": f"new-{email}"} for email in emails])
            ids = list(JobChange.objects.to_decide().values_list("pk", flat=True))
            with CaptureQueriesContext(connection) as asked:
                assert sum(decide(ids).values()) == count
            return len(asked)

        for decide in (job_changes.update_contacts, job_changes.make_contacts):
            queries(1, decide)
            assert queries(2, decide) == queries(20, decide)


class TestDeciding:
    def test_each_is_decided_once(self, change: JobChange) -> None:
        job_changes.dismiss([change.pk])
        assert job_changes.make_contacts([change.pk]) == {"decided already": 1}
        assert job_changes.update_contacts([change.pk]) == {"decided already": 1}
        assert job_changes.dismiss([change.pk]) == {"decided already": 1}
        assert Contact.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_once_under_two_people_at_once(self, change: JobChange) -> None:
        def decide() -> None:
            job_changes.make_contacts([change.pk])
            connection.close()

        threads = [Thread(target=decide) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (Contact.objects.count(), Account.objects.count()) == (2, 2)

    def test_a_company_that_the_directory_lost_leaves_it_undecided(self, change: JobChange) -> None:
        Prospect.objects.update(company=None)
        assert job_changes.make_contacts([change.pk]) == {"whose new company the directory lacks": 1}
        assert JobChange.objects.to_decide().exists()

    def test_it_goes_and_comes_back_with_its_contact_and_follows_a_merge(self, ada: Contact, change: JobChange) -> None:
        trash.delete_records(Contact, [ada.pk])
        assert not JobChange.objects.exists()
        other = ContactFactory()
        load_prospects([ADA])
        again = ContactFactory(email="ada@beta.example", account=AccountFactory(website="acme.example"))
        load_prospects([MOVED])
        merging.merge(other, again, [])
        assert JobChange.objects.get().contact == other


class TestPages:
    def test_the_list_shows_what_is_to_decide_and_others_when_asked(
        self, client: Client, user: User, change: JobChange
    ) -> None:
        assert list(client.get("/contacts/job-changes/").context["page"].rows) == [change]
        assert list(client.get("/contacts/job-changes/?q=sample").context["page"].rows) == [change]
        job_changes.dismiss([change.pk])
        page = client.get("/contacts/job-changes/")
        assert "No job change is to be decided" in page.content.decode()
        assert list(client.get("/contacts/job-changes/?state=any").context["page"].rows) == [change]
        assert list(client.get("/contacts/job-changes/?state=updated").context["page"].rows) == []

    def test_the_contact_and_the_menu_are_flagged_and_the_list_filters_by_it(
        self, client: Client, user: User, change: JobChange
    ) -> None:
        ContactFactory()
        assert "The directory has Ada Sample at" in client.get(change.contact.get_absolute_url()).content.decode()
        page = client.get("/contacts/?job_change=yes")
        assert list(page.context["page"].rows) == [change.contact]
        assert page.context["rows"][0].badges.count("Job change") == 1
        assert client.get("/contacts/?job_change=no").context["page"].count.number == 1

    def test_nothing_of_the_new_company_is_offered_to_the_contact_of_the_former(
        self, client: Client, user: User, change: JobChange
    ) -> None:
        page = client.get(f"/directory/enrich/contact/{change.contact_id}/")
        assert page.context["rows"] == []
        assert "Ada Sample is with another company" in page.content.decode()

    def test_a_button_decides_and_shows_what_became_of_it(self, client: Client, user: User, change: JobChange) -> None:
        address = f"/contacts/job-changes/{change.pk}"
        answer = client.post(f"{address}/new/", headers={"HX-Request": "true"})
        assert "New contact" in answer.content.decode()
        assert "<button" not in answer.content.decode()
        new = Contact.objects.latest("pk")
        assert client.post(f"{address}/update/").headers["Location"] == new.get_absolute_url()
        assert client.get(f"{address}/new/").status_code == 405
        assert client.post(f"{address}/nonsense/").status_code == 404

    def test_many_are_decided_by_a_job(self, client: Client, user: User, change: JobChange) -> None:
        data = {"action": "update_contact", "confirm": "yes", "ids": [change.pk]}
        client.post("/records/job_change/act/", data)
        job = Job.objects.get()
        jobs.run(job.pk)
        job.refresh_from_db()
        assert (job.state, job.counts) == (Job.State.DONE, {"updated": 1})

    def test_what_one_does_not_see_one_does_not_decide(self, client: Client, ada: Contact, change: JobChange) -> None:
        Contact.objects.filter(pk=ada.pk).update(origin=Origin.CRM_PULL, owner=UserFactory())
        let_see_pulled("owners")
        lee = UserFactory()
        client.force_login(lee)
        assert client.post(f"/contacts/job-changes/{change.pk}/dismiss/").status_code == 404
        assert not client.get("/contacts/job-changes/").context["page"].rows
        with acting_as(lee):
            assert job_changes.make_contacts([change.pk]) == {"decided already": 1}

    def test_readers_decide_nothing(self, client: Client, change: JobChange) -> None:
        client.force_login(UserFactory(role=User.Role.READ_ONLY))
        assert client.post(f"/contacts/job-changes/{change.pk}/dismiss/").status_code == 403
        assert "<button" not in client.get("/contacts/job-changes/").context["rows"][0].badges

    def test_the_page_costs_as_many_queries_for_many(self, client: Client, user: User, change: JobChange) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as asked:
                client.get("/contacts/job-changes/")
            return len(asked)

        queries()
        few = queries()
        emails = [f"{number}@many.example" for number in range(20)]
        for email in emails:
            ContactFactory(email=email, account=AccountFactory())
        load_prospects([ADA | {"key": email, "email": email} for email in emails])
        load_prospects([MOVED | {"key": email, "email": email} for email in emails])
        assert queries() == few
