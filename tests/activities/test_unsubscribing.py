"""The link in an e-mail: signed, asked before it acts, and one click for mail programs (RFC 8058)."""

import pytest
from django.core import mail
from django.test import Client
from pytest_django.asserts import assertContains

from activities.models import Enrolment
from activities.optouts import unsubscribe_url
from activities.sending import MayHaveGone, NotSent, send_email
from activities.sequences import enrolling
from common import merging, trash
from common.models import Origin
from contacts.models import Contact
from tests.factories import ContactFactory, StepFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Contact:
    return ContactFactory(email="Ann@example.com")


@pytest.fixture
def stranger() -> Client:
    return Client(enforce_csrf_checks=True)


def link(contact: Contact) -> str:
    return unsubscribe_url(contact).removeprefix("http://localhost")


def wants_none(contact: Contact) -> bool:
    return Contact.objects.get(pk=contact.pk).no_email


def test_an_email_carries_the_link_for_people_and_for_mail_programs(ann: Contact) -> None:
    send_email(UserFactory(), ann, "Hi", "Hello", can_unsubscribe=True)

    (letter,) = mail.outbox
    url = unsubscribe_url(ann)
    assert url in letter.body
    assert letter.extra_headers["List-Unsubscribe"] == f"<{url}>"
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_looking_asks_and_changes_nothing(ann: Contact, stranger: Client) -> None:
    assertContains(stranger.get(link(ann)), "Stop e-mails to Ann@example.com?")
    stranger.head(link(ann))

    assert not wants_none(ann)


def test_one_click_of_a_mail_program_is_enough(ann: Contact, stranger: Client) -> None:
    enrolling.enrol(StepFactory().sequence, [ann.pk], user=UserFactory())

    answer = stranger.post(link(ann), "List-Unsubscribe=One-Click", "application/x-www-form-urlencoded")

    assertContains(answer, "No more e-mails")
    assert wants_none(ann)
    assert Enrolment.objects.get().reason == Enrolment.Reason.OPTED_OUT
    assert stranger.post(link(ann)).status_code == 200  # a second time does no harm


def test_the_history_says_that_they_did_it(ann: Contact, stranger: Client) -> None:
    stranger.post(link(ann))

    assert "link in an e-mail" in Contact.objects.get().events.get().pgh_context.metadata["source"]


def test_duplicates_of_the_address_are_meant_too(ann: Contact, stranger: Client) -> None:
    twin = ContactFactory(email="ann@EXAMPLE.com", origin=Origin.CRM_PULL)
    other = ContactFactory()

    stranger.post(link(ann))

    assert (wants_none(twin), wants_none(other)) == (True, False)


def test_whoever_has_another_address_by_now_is_still_meant(ann: Contact, stranger: Client) -> None:
    path = link(ann)
    Contact.objects.update(email="new@example.com")

    stranger.post(path)

    assert wants_none(ann)


def test_the_contact_that_they_were_merged_into_is_meant(ann: Contact, stranger: Client) -> None:
    path, keep = link(ann), ContactFactory()
    merging.merge(keep, ann)
    Contact.objects.update(email="new@example.com", other_emails=[])

    stranger.post(path)

    assert wants_none(keep)


def test_a_deleted_contact_that_is_restored_wants_none(ann: Contact, stranger: Client) -> None:
    path = link(ann)
    trash.delete_records(Contact, [ann.pk])

    assertContains(stranger.post(path), "No more e-mails")
    trash.restore("contact", ann.pk)

    assert wants_none(ann)


@pytest.mark.parametrize("token", ["x", "W10:1:abc", "%00"])
def test_a_link_that_nobody_signed_does_nothing(ann: Contact, stranger: Client, token: str) -> None:
    assert stranger.post(f"/unsubscribe/{token}/").status_code == 404
    assert not wants_none(ann)


def test_who_opted_out_is_not_written_to_by_anybody(ann: Contact) -> None:
    ann.no_email = True

    with pytest.raises(NotSent, match="does not want e-mail"):
        send_email(UserFactory(), ann, "Hi", "Hello")

    assert not mail.outbox


def test_a_lost_answer_is_told_apart_from_a_refusal(ann: Contact, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*args: object) -> None:
        raise TimeoutError

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", breaks)

    with pytest.raises(MayHaveGone):
        send_email(UserFactory(), ann, "Hi", "Hello")
