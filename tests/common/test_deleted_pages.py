"""Deleted and merged records: found, looked at, brought back."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from common import jobs, merging
from common.models import DeletedRecord, Job
from contacts.models import Contact
from contacts.services import delete_contact
from tests.factories import AccountFactory, ActivityFactory, ContactFactory, UserFactory
from tests.pages import CaptureQueries

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(UserFactory(name="Kim"))
    return client


def gone(**values: Any) -> DeletedRecord:
    contact = ContactFactory(**values)
    delete_contact(contact.pk)
    return DeletedRecord.objects.get(record_id=contact.pk)


def names(page: Client, **query: str) -> list[str]:
    return [row.name for row in page.get("/deleted/", query).context["page"]]


def test_deleted_records_are_listed_latest_first_searched_and_filtered(page: Client) -> None:
    gone(first_name="Ann", last_name="Zorn")
    gone(first_name="Bo", last_name="Müller")
    AccountFactory(name="Acme").delete()

    assert names(page) == ["Acme", "Bo Müller", "Ann Zorn"]
    assert names(page, q="muller") == ["Bo Müller"]
    assert names(page, kind="account") == ["Acme"]
    assert names(page, by="me") == []


def test_an_empty_list_says_what_will_stand_there(page: Client) -> None:
    assertContains(page.get("/deleted/"), "Nothing was deleted")


def test_its_queries_do_not_grow(page: Client) -> None:
    gone()
    page.get("/deleted/")
    with CaptureQueries() as few:
        page.get("/deleted/")
    for _ in range(5):
        gone()
    with CaptureQueries() as many:
        page.get("/deleted/")

    assert len(many) == len(few) <= 15


def test_a_deleted_record_shows_what_it_was_and_comes_back_with_what_hung_on_it(page: Client) -> None:
    contact = ContactFactory(title="CEO")
    call = ActivityFactory(contact=contact)
    delete_contact(contact.pk)
    row = DeletedRecord.objects.get()

    shown = page.get(f"/deleted/{row.pk}/")
    assertContains(shown, "CEO")
    assertContains(shown, "What hung on it comes back to it: 1 activity")
    assertRedirects(page.post(f"/deleted/{row.pk}/restore/"), contact.get_absolute_url())

    call.refresh_from_db()
    assert call.contact_id == contact.pk
    assertRedirects(page.post(f"/deleted/{row.pk}/restore/"), "/deleted/")


def test_a_merge_is_taken_apart_from_the_page_of_the_one_that_stayed(page: Client) -> None:
    keep, other = ContactFactory(title=""), ContactFactory(title="CTO", last_name="Other")
    merging.merge(keep, other)
    row = DeletedRecord.objects.get()

    assertContains(page.get(keep.get_absolute_url()), f"/deleted/{row.pk}/")
    assertContains(page.get(f"/deleted/{row.pk}/"), "gets its former other emails and title back")
    page.post(f"/deleted/{row.pk}/restore/")

    keep.refresh_from_db()
    assert keep.title == ""
    assert Contact.objects.filter(pk=other.pk).exists()


def test_a_merge_whose_other_record_is_gone_says_what_to_do(page: Client) -> None:
    keep, other = ContactFactory(), ContactFactory()
    merging.merge(keep, other)
    delete_contact(keep.pk)
    row = DeletedRecord.objects.get(record_id=other.pk)

    assertContains(page.get(f"/deleted/{row.pk}/"), "restore that one first")
    answer = page.post(f"/deleted/{row.pk}/restore/", follow=True)

    assertContains(answer, "was not brought back")
    assert not Contact.objects.exists()


def test_those_that_are_ticked_come_back(page: Client) -> None:
    rows = [gone(), gone(), gone()]

    answer = page.post("/deleted/restore/", {"row": [rows[0].pk, rows[1].pk, "x"]}, follow=True)

    assertContains(answer, "2 brought back.")
    assert DeletedRecord.objects.get() == rows[2]


def test_all_that_match_come_back_as_a_job_without_what_was_merged(page: Client) -> None:
    gone(last_name="Zorn")
    gone(last_name="Zorn")
    gone(last_name="Else")
    merging.merge(ContactFactory(), ContactFactory(last_name="Zorn"))

    assertContains(page.get("/deleted/restore/all/?q=zorn"), "Bring back 2 deleted records?")
    page.post("/deleted/restore/all/?q=zorn")
    job = Job.objects.get()
    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.counts) == ("done", {"restored": 2})
    assert Contact.objects.filter(last_name="Zorn").count() == 2
    assert DeletedRecord.objects.count() == 2


def test_a_member_is_not_led_to_what_only_admins_may_bring_back(page: Client) -> None:
    assertNotContains(page.get("/deleted/"), "still in Salesforce")
