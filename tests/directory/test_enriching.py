"""Records take over what the directory knows of them, because a person asks for it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from common import jobs
from common.models import Job
from common.visibility import let_see_pulled
from contacts.models import Contact
from directory.enriching import enrichable_of
from directory.loading import load_companies, load_prospects
from directory.models import Prospect
from directory.taking import enrich_many
from tests.factories import AccountFactory, ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db

ADA = {
    "key": "ada",
    "first_name": "Ada",
    "last_name": "Sample",
    "title": "Head of Sales",
    "email": "ada@acme.example",
    "email_status": "unverified",
    "phone": "+1 555 0100",
    "company_key": "acme",
}


@pytest.fixture(autouse=True)
def directory() -> None:
    acme = {"key": "acme", "name": "Acme", "domain": "acme.example", "industry": "Machinery", "employees": 40}
    load_companies([acme, {"key": "other", "name": "Other", "domain": "other.example"}])
    load_prospects([ADA])


def person(**values: Any) -> Contact:
    return ContactFactory(**{"first_name": "Ada", "last_name": "Sample", "email": ""} | values)


def entries(*contacts: Contact) -> list[str]:
    found = enrichable_of("contact").entries_of([contact.pk for contact in contacts])  # type: ignore[union-attr]
    return [found[contact.pk].key if contact.pk in found else "" for contact in contacts]


def posted(client: Client, contact: Contact, *names: str, **stamps: str) -> Any:
    """The form as it is shown, with these fields ticked."""
    address = f"/directory/enrich/contact/{contact.pk}/"
    shown = client.get(address).context["rows"]
    data = {f"stamp-{row['name']}": row["stamp"] for row in shown} | stamps
    return client.post(address, {**data, "take": names})


class TestMatching:
    def test_by_any_address_whatever_its_case(self) -> None:
        assert entries(person(email="ADA@acme.example"), person(other_emails=["ada@acme.example"])) == ["ada", "ada"]

    def test_by_name_and_company_where_there_is_no_address(self) -> None:
        at_acme = person(account=AccountFactory(website="https://www.acme.example"))
        assert entries(at_acme, person(account=AccountFactory(website="other.example"))) == ["ada", ""]

    def test_by_name_and_the_domain_of_an_address_that_the_directory_lacks(self) -> None:
        assert entries(person(email="a.sample@acme.example")) == ["ada"]

    def test_not_by_a_last_name_alone_nor_by_free_mail(self) -> None:
        load_companies([{"key": "mail", "name": "Mail", "domain": "gmail.com"}])
        load_prospects([ADA | {"key": "free", "email": "", "company_key": "mail"}])
        assert entries(person(first_name="", email="x@acme.example"), person(email="ada.s@gmail.com")) == ["", ""]

    def test_not_where_there_are_several_of_the_name(self) -> None:
        load_prospects([ADA | {"key": "another", "email": ""}])
        assert entries(person(email="a.sample@acme.example")) == [""]

    def test_nobody_is_given_to_two_contacts_by_name(self) -> None:
        acme = AccountFactory(website="acme.example")
        assert entries(person(account=acme), person(account=acme)) == ["ada", ""]

    def test_not_whom_the_crm_knows_as_somebody_else(self) -> None:
        person(email="ada@acme.example")
        assert entries(person(email="a.sample@acme.example")) == [""]

    def test_an_account_by_its_domain(self) -> None:
        account, other = AccountFactory(website="https://shop.acme.example"), AccountFactory(name="Acme")
        found = enrichable_of("account").entries_of([account.pk, other.pk])  # type: ignore[union-attr]
        assert {pk: entry.key for pk, entry in found.items()} == {account.pk: "acme"}

    def test_takes_as_many_queries_for_many(self) -> None:
        acme = AccountFactory(website="acme.example")

        def queries(count: int) -> int:
            ids = [person(account=acme, email=f"{number}@x{count}.example").pk for number in range(count)]
            with CaptureQueriesContext(connection) as asked:
                enrichable_of("contact").entries_of(ids)  # type: ignore[union-attr]
            return len(asked)

        assert queries(2) == queries(20)


class TestOneRecord:
    def test_shows_what_stands_and_what_the_directory_has_and_ticks_what_is_empty(
        self, client: Client, user: User
    ) -> None:
        page = client.get(f"/directory/enrich/contact/{person(email='ada@acme.example', title='CEO').pk}/")
        shown = {row["name"]: (row["ours"], row["theirs"], row["is_ticked"]) for row in page.context["rows"]}
        assert shown["title"] == ("CEO", "Head of Sales", False)
        assert shown["phone"] == ("", "+1 555 0100", True)
        assert "email" not in shown

    def test_takes_over_the_chosen_fields_and_no_other(self, client: Client, user: User) -> None:
        ada = person(email="ada@acme.example", title="CEO")

        posted(client, ada, "title")

        ada.refresh_from_db()
        assert (ada.title, ada.phone) == ("Head of Sales", "")
        event = ada.events.get()  # type: ignore[attr-defined]
        assert event.pgh_context.metadata["rule"] == "Taken from the directory."
        assert event.pgh_context.metadata["user"] == user.pk

    def test_an_unverified_address_is_marked_so_and_the_old_one_stays_known(self, client: Client, user: User) -> None:
        ada = person(email="a.sample@acme.example", email_status="verified")

        posted(client, ada, "email")

        ada.refresh_from_db()
        assert (ada.email, ada.email_status) == ("ada@acme.example", "unverified")
        assert ada.other_emails == ["a.sample@acme.example"]

    def test_a_value_that_changed_in_between_is_shown_and_not_overwritten(self, client: Client, user: User) -> None:
        ada = person(email="ada@acme.example")
        address = f"/directory/enrich/contact/{ada.pk}/"
        seen = {f"stamp-{row['name']}": row["stamp"] for row in client.get(address).context["rows"]}
        Contact.objects.filter(pk=ada.pk).update(title="CEO")

        answer = client.post(address, {**seen, "take": ["title", "phone"]})

        ada.refresh_from_db()
        assert (answer.status_code, ada.title, ada.phone) == (422, "CEO", "")
        assert "Changed since the page was opened: Title." in answer.content.decode()

    def test_so_is_one_that_the_directory_has_changed(self, client: Client, user: User) -> None:
        ada = person(email="ada@acme.example")
        assert posted(client, ada, "title", **{"stamp-title": "0"}).status_code == 422
        Prospect.objects.update(title="")
        assert client.post(f"/directory/enrich/contact/{ada.pk}/", {"take": "title"}).status_code == 422

    def test_a_second_click_writes_nothing_more(self, client: Client, user: User) -> None:
        ada = person(email="ada@acme.example")
        address = f"/directory/enrich/contact/{ada.pk}/"
        seen = {f"stamp-{row['name']}": row["stamp"] for row in client.get(address).context["rows"]}
        for _ in range(2):
            client.post(address, {**seen, "take": ["title"]})
        assert ada.events.count() == 1  # type: ignore[attr-defined]

    def test_fields_that_the_directory_does_not_tell_are_never_written(self, client: Client, user: User) -> None:
        ada = person(email="ada@acme.example")
        assert posted(client, ada, "owner", "no_email", "id").status_code == 422
        assert not ada.events.exists()  # type: ignore[attr-defined]

    def test_whom_the_directory_does_not_know_is_told_how_it_looks(self, client: Client, user: User) -> None:
        page = client.get(f"/directory/enrich/contact/{person(last_name='Nobody').pk}/").content.decode()
        assert "The directory does not know Ada Nobody" in page

    def test_is_for_those_who_may_edit_what_they_see(self, client: Client) -> None:
        let_see_pulled("owners")
        ada = person(email="ada@acme.example", origin="crm_pull", owner=UserFactory())
        client.force_login(UserFactory())
        assert posted_blindly(client, ada).status_code == 404
        client.force_login(UserFactory(role=User.Role.READ_ONLY))
        assert posted_blindly(client, ada).status_code == 403
        assert client.get("/directory/enrich/deal/1/").status_code in (403, 404)


def posted_blindly(client: Client, contact: Contact) -> Any:
    return client.post(f"/directory/enrich/contact/{contact.pk}/", {"take": "title"})


class TestMany:
    def enrich(self, client: Client, what: str, *contacts: Contact) -> Job:
        data = {"action": "enrich", "confirm": "yes", "what": what, "ids": [one.pk for one in contacts]}
        client.post("/records/contact/act/", data)
        job = Job.objects.get()
        jobs.run(job.pk)
        job.refresh_from_db()
        return job

    def test_what_is_empty_is_filled_and_counted(self, client: Client, user: User) -> None:
        known = person(email="ada@acme.example", title="CEO")
        full = person(email="ada@acme.example", title="CEO", phone="1", company_name="Acme")

        job = self.enrich(client, "fill", known, full, person(last_name="Nobody"))

        known.refresh_from_db()
        assert job.state == Job.State.DONE
        assert job.counts == {"enriched": 1, "as they were": 1, "not in the directory": 1}
        assert (known.title, known.phone) == ("CEO", "+1 555 0100")

    def test_what_differs_is_replaced_if_one_says_so(self, client: Client, user: User) -> None:
        known = person(email="ada@acme.example", title="CEO")
        self.enrich(client, "replace", known)
        known.refresh_from_db()
        assert known.title == "Head of Sales"

    def test_takes_as_many_queries_for_many(self, user: User) -> None:
        def queries(count: int) -> int:
            load_prospects([ADA | {"key": f"{count}.{n}", "email": f"{n}@{count}.example"} for n in range(count)])
            ids = [person(email=f"{n}@{count}.example").pk for n in range(count)]
            with CaptureQueriesContext(connection) as asked:
                counts = enrich_many(enrichable_of("contact"), ids, user, replaces=False)  # type: ignore[arg-type]
            assert counts == {"enriched": count}
            return len(asked)

        queries(1)  # what is asked once is known from then on
        assert queries(2) == queries(20)
