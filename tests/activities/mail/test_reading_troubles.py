"""Servers that are down or refuse, and mail that is odd or huge."""

from typing import Any

import pytest
from django.utils import timezone

from activities import tasks
from activities.models import Activity, Mailbox
from contacts.models import Contact
from tests.activities.mail.letters import letter
from tests.activities.mail.reading import read, subjects
from tests.activities.mail.servers import ImapBox

pytestmark = pytest.mark.django_db


def test_a_wrong_password_needs_a_person(kims: Mailbox) -> None:
    Mailbox.objects.update(password="wrong")

    read(kims)

    assert kims.state == Mailbox.State.ATTENTION
    assert kims.problem == "127.0.0.1 refused the user name or the password."
    assert not Mailbox.objects.due().exists()


def test_a_server_that_is_down_is_asked_again_later_and_later(kims: Mailbox) -> None:
    Mailbox.objects.update(imap_port=1)

    read(kims)
    first = kims.due_at - timezone.now()
    read(kims)

    assert (kims.state, kims.attempts) == (Mailbox.State.WORKS, 2)
    assert "does not answer at this port" in kims.problem
    assert kims.due_at - timezone.now() > first * 1.5


def test_the_clock_wakes_a_worker_for_whoever_is_due(
    kims: Mailbox, box: ImapBox, ann: Contact, monkeypatch: Any
) -> None:
    box.put(letter())
    monkeypatch.setattr("activities.tasks.wake_mailbox", tasks.read_mailbox)

    tasks.tick()
    tasks.tick()

    assert subjects() == ["Hello"]


ODD = {
    "no id, no date, no subject": b"From: ann@acme.example\r\n\r\nhello",
    "eight bits everywhere": "From: Änn <ann@acme.example>\r\nSubject: Grüße\r\n\r\nschöne Grüße".encode("cp1252"),
    "a broken box": b'From: ann@acme.example\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Typ',
    "no base64": b"From: ann@acme.example\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=",
    "broken headers": b"From: ann@acme.example\r\nTo: <<>>,,;:\r\nDate: soon\r\n =?x?q?\r\nnonsense\r\n\r\nhello",
    "a zero byte": b"From: ann@acme.example\r\nSubject: =?utf-8?q?a=00b?=\r\n\r\n=00",
    "brackets without end": b"From: ann@acme.example\r\nTo: " + b"(" * 20_000 + b"\r\n\r\nhello",
    "itself twice": letter(id="loop@x", headers={"In-Reply-To": "<loop@x>", "References": "<loop@x> <loop@x>"}),
}


def test_odd_mail_is_stored_as_far_as_it_can_be_read(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(*ODD.values())

    read(kims)

    assert Activity.objects.count() == len(ODD)
    assert kims.problem == ""
    assert Activity.objects.get(body="schöne Grüße").subject == "Grüße"


def test_of_a_huge_email_the_beginning_is_read(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    data = letter(body="The beginning") + b"x" * 5_000_000
    box.put(data)

    read(kims)

    body = Activity.objects.get().body
    assert body.startswith("The beginning")
    assert body.endswith("only its beginning is kept.)")
    assert len(body) < 101_000
