"""Servers that are down or refuse, and mail that is odd or huge."""

import tracemalloc
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
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


def of_ann(text: bytes, kind: str = "text/plain", how: str = "8bit") -> bytes:
    return f"From: ann@acme.example\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {how}\r\n\r\n".encode() + text


ODD = {
    "utf-16": of_ann(b64encode("schöne Grüße, 16".encode("utf-16")), "text/plain; charset=utf-16", "base64"),
    "utf-16 that nobody names": of_ann(b64encode("schöne Grüße, 17".encode("utf-16")), "text/html", "base64"),
    "utf-7": of_ann("schöne Grüße, 7".encode("utf-7"), "text/plain; charset=utf-7"),
    "zero bytes in the text": of_ann(b64encode(b"zero\x00 bytes"), "text/plain; charset=utf-8", "base64"),
    "another charset than it says": of_ann("schöne Grüße, 1".encode("cp1252"), "text/plain; charset=utf-8"),
    "a charset that is none": of_ann("schöne Grüße, 8".encode(), "text/plain; charset=idna"),
    "two thousand recipients": b"To: "
    + b", ".join(b"Person <person%d@others.example>" % number for number in range(2_000))
    + b"\r\nFrom: ann@acme.example\r\n\r\nto all",
    "a subject of 100 KB before anything else": b"Subject: " + b"x" * 100_000 + b"\r\n" + of_ann(b"after it"),
    "sent in 1970": b"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n" + of_ann(b"long ago"),
    "sent in the year 9999": b"Date: Fri, 31 Dec 9999 23:59:59 +0000\r\n" + of_ann(b"not yet"),
    "an id that is empty": b"Message-ID: <>\r\n" + of_ann(b"one"),
    "another id that is empty": b"Message-ID: <>\r\nSubject: two\r\n" + of_ann(b"two"),
    "a file whose name is in no charset": of_ann(
        b"--b\r\n\r\nsee the file\r\n--b\r\nContent-Disposition: attachment; filename*=idna''%ff\r\n\r\nx\r\n--b--",
        'multipart/mixed; boundary="b"',
    ),
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
    found = set(Activity.objects.values_list("body", flat=True))
    assert found >= {f"schöne Grüße, {number}" for number in (1, 7, 8, 16, 17)}
    assert found >= {"zero bytes", "to all", "after it", "long ago", "not yet", "one", "two"}
    assert "see the file\n\nAttached: ?" in found
    days = set(Activity.objects.values_list("happened_at__date", flat=True))
    assert max(days) - min(days) <= timedelta(days=1), "what can't be is the time of its arrival"


def test_an_arrival_in_the_future_is_now(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(letter(headers={"Date": "soon"}), at=datetime(2098, 5, 1, tzinfo=UTC))

    read(kims)

    assert Activity.objects.get().happened_at <= timezone.now()


def test_of_a_huge_email_the_beginning_is_read(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    """Whoever sends 25 MB fills neither the memory of a worker nor the database."""
    attached = b"--b\r\nContent-Disposition: attachment; filename=film.mp4\r\n\r\n" + b"x" * 25_000_000
    box.put(of_ann(b"--b\r\n\r\nThe beginning\r\n" + attached, 'multipart/mixed; boundary="b"'))

    with most_memory() as most:
        read(kims)
        held = most()

    body = Activity.objects.get().body
    assert body.startswith("The beginning")
    assert "only its beginning is kept.)" in body
    assert body.endswith("Attached: film.mp4")
    assert held < 16 * 2**20


def test_of_a_long_text_the_beginning_is_kept(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(letter(body="The beginning") + b"x" * 5_000_000)

    read(kims)

    body = Activity.objects.get().body
    assert body.startswith("The beginning")
    assert body.endswith("only its beginning is kept.)")
    assert len(body) < 101_000


@contextmanager
def most_memory() -> Iterator[Callable[[], int]]:
    """Bytes that Python held at most beyond what it held before."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    yield lambda: tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
