"""What is new in a mailbox becomes activities: read from a real server."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from imapclient import DRAFT

from activities.mail import imap
from activities.models import Activity, Mailbox, MailFolder, Message
from common.erasing import erase
from contacts.models import Contact
from tests.activities.mail.letters import letter
from tests.activities.mail.reading import read, subjects
from tests.activities.mail.servers import ImapBox
from tests.activities.sequencing import dies
from tests.factories import ContactFactory
from users.models import User

pytestmark = pytest.mark.django_db


def test_an_email_of_somebody_known_becomes_an_activity(kims: Mailbox, box: ImapBox, ann: Contact, kim: User) -> None:
    at = timezone.now().replace(microsecond=0) - timedelta(hours=3)
    box.put(letter(at=at, html="<p>Dear <b>Kim</b></p>", headers={"Cc": "Bo <bo@acme.example>"}))

    read(kims)

    activity = Activity.objects.get()
    assert (activity.kind, activity.direction, activity.origin) == ("email", "in", "email")
    assert (activity.contact, activity.account, activity.owner) == (ann, ann.account, kim)
    assert (activity.subject, activity.body) == ("Hello", "Dear Kim")
    assert activity.happened_at == activity.completed_at == at
    assert activity.message.html == "<p>Dear <b>Kim</b></p>"
    assert [str(one.role) for one in activity.participants.order_by("id")] == ["from", "to", "cc"]
    assert activity.participants.get(role="from").contact == ann
    assert activity.participants.get(role="to").user == kim
    assert (kims.state, kims.problem) == ("works", "")
    assert kims.due_at > timezone.now() + timedelta(minutes=4)


def test_only_what_is_new_is_read(kims: Mailbox, box: ImapBox, ann: Contact, monkeypatch: Any) -> None:
    box.put(letter(id="1@x", subject="First"))
    read(kims)
    asked: list[int] = []
    heads = imap.Session.heads
    monkeypatch.setattr(imap.Session, "heads", lambda self, uids: asked.extend(uids) or heads(self, uids))
    box.put(letter(id="2@x", subject="Second"))

    read(kims)
    read(kims)

    assert subjects() == ["First", "Second"]
    assert asked == [2]


def test_mail_with_nobody_known_is_neither_stored_nor_read(
    kims: Mailbox, box: ImapBox, monkeypatch: Any, ann: Contact
) -> None:
    box.put(letter(from_="private@elsewhere.example", subject="Private"))
    monkeypatch.setattr(imap.Session, "body", lambda self, uid: dies())

    read(kims)

    assert not Activity.objects.exists()
    assert MailFolder.objects.get(role="inbox").last_uid == 1


def test_mail_from_before_the_chosen_day_is_left_out(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    long_ago = timezone.now() - timedelta(days=40)
    box.put(letter(id="old@x", at=long_ago), at=long_ago)
    box.put(letter(id="new@x", subject="New"))

    read(kims)

    assert subjects() == ["New"]


def test_a_secondary_address_is_known_too(kims: Mailbox, box: ImapBox) -> None:
    ann = ContactFactory(email="ann@new.example", other_emails=["ann@acme.example"])
    box.put(letter())

    read(kims)

    assert Activity.objects.get().contact == ann


def test_what_was_sent_elsewhere_is_outgoing(kims: Mailbox, box: ImapBox, ann: Contact, kim: User) -> None:
    box.put(letter(from_="Kim <kim@tandem-team.example>", to="x@y.example, ann@acme.example"), folder="Sent")

    read(kims)

    activity = Activity.objects.get()
    assert (activity.direction, activity.contact, activity.owner) == ("out", ann, kim)
    assert not activity.message.is_sent_here


def test_what_gmail_archives_unread_is_read_once_and_drafts_are_not(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    """Its folder of all mail holds the Inbox and what was sent as well, and what is still being written."""
    inbox, sent = (
        letter(id="1@x", subject="First"),
        letter(id="2@x", from_="kim@tandem-team.example", to="ann@acme.example"),
    )
    box.put(inbox)
    read(kims)
    box.make("All")
    box.put(sent, folder="Sent")
    box.put(inbox, sent, letter(id="3@x", subject="Archived"), folder="All")
    box.put(
        letter(id="4@x", from_="kim@tandem-team.example", to="ann@acme.example", subject="Draft"),
        folder="All",
        flags=[DRAFT],
    )

    read(kims)
    read(kims)

    assert subjects() == ["Archived", "First", "Hello"]
    assert Activity.objects.get(subject="Hello").direction == "out"


def test_a_page_costs_the_same_however_many_it_holds(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            database,
        ) as queries:
            read(kims)
        return len(queries)

    box.put(letter(id="first@x"))
    read(kims)
    box.put(letter(id="1@x"))
    one = cost()
    box.put(*(letter(id=f"many{number}@x") for number in range(10)))

    assert cost() == one


def test_mail_among_the_team_is_internal(kims: Mailbox, box: ImapBox) -> None:
    ContactFactory(email="max@tandem-team.example")
    ContactFactory(email="ann@acme.example")
    box.put(letter(id="1@x", from_="max@tandem-team.example", subject="Among us"), letter(id="2@x", subject="Not"))

    read(kims)

    assert dict(Message.objects.values_list("activity__subject", "is_internal")) == {"Among us": True, "Not": False}


def test_whoever_is_erased_is_named_in_no_email_of_others(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    bo = ContactFactory(email="bo@acme.example")
    box.put(letter(headers={"Cc": "Bo Doe <bo@acme.example>"}))
    read(kims)

    erase("contact", bo.pk, elsewhere=False)

    assert [one.role for one in Activity.objects.get().participants.order_by("id")] == ["from", "to"]
