"""No e-mail holds up the others: whatever is wrong with it, and wherever the server breaks off."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DataError, OperationalError

from activities.mail import storing
from activities.mail.reading import PATIENCE, UNREADABLE
from activities.models import Activity, Mailbox, MailFolder
from contacts.models import Contact
from tests.activities.mail.cutting import Line
from tests.activities.mail.letters import letter
from tests.activities.mail.reading import read, subjects
from tests.activities.mail.servers import Dovecot, ImapBox

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(dovecot: Dovecot, kims: Mailbox) -> Iterator[Line]:
    """Kim's mailbox is read over it."""
    line = Line(dovecot.port)
    Mailbox.objects.update(imap_port=line.port)
    yield line
    line.stop()


def letters(*numbers: int) -> list[bytes]:
    return [letter(id=f"{number}@x", subject=f"No {number}", body=f"Text {number} " * 3_000) for number in numbers]


def names(*numbers: int) -> list[str]:
    return [f"No {number}" for number in numbers]


def test_a_line_cut_in_the_middle_of_an_email_loses_and_doubles_nothing(
    line: Line, kims: Mailbox, box: ImapBox, ann: Contact
) -> None:
    box.put(*letters(*range(5)))
    line.left = 60_000

    read(kims)
    found = subjects()
    read(kims)

    assert found == names(0, 1), "what was whole is kept"
    assert subjects() == names(*range(5))
    assert (kims.problem, kims.attempts) == ("", 0)


def test_a_line_cut_in_the_middle_of_the_heads_is_tried_again(
    line: Line, kims: Mailbox, box: ImapBox, ann: Contact
) -> None:
    box.put(*letters(*range(3)))
    line.never = b"Subject: No 1"
    read(kims)
    assert (subjects(), kims.attempts) == ([], 1)
    assert "broke off" in kims.problem

    line.never = b""
    read(kims)

    assert subjects() == names(*range(3))


def test_an_email_at_which_the_line_always_breaks_is_kept_without_its_text(
    line: Line, kims: Mailbox, box: ImapBox, ann: Contact
) -> None:
    box.put(*letters(*range(4)))
    line.never = b"Text 1 Text 1"

    for _ in range(PATIENCE + 3):
        read(kims)

    assert subjects() == names(*range(4))
    assert Activity.objects.get(subject="No 1").body == UNREADABLE.text
    assert Activity.objects.get(subject="No 2").body.startswith("Text 2")


def test_an_email_that_the_server_lost_is_left_out(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(*letters(*range(4)))
    box.break_one(b"Subject: No 1")

    for _ in range(PATIENCE + 2):
        read(kims)

    assert subjects() == names(0, 2, 3)
    assert MailFolder.objects.get(role="inbox").last_uid == 4


def test_an_outage_costs_no_email(line: Line, kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(*letters(*range(2)))
    Mailbox.objects.update(attempts=PATIENCE + 5, imap_port=1)
    read(kims)
    Mailbox.objects.update(imap_port=line.port)

    read(kims)

    assert subjects() == names(*range(2))


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Storing an e-mail of the subject “No 1” raises this."""

    def install(error: Exception) -> None:
        row = storing._row

        def refuse(page: storing.Page, letter: storing.Letter) -> Any:
            if letter.envelope.subject == "No 1":
                raise error
            return row(page, letter)

        monkeypatch.setattr(storing, "_row", refuse)

    return install


@pytest.mark.parametrize("error", [DataError("what PostgreSQL refuses"), ValueError("nobody thought of this")])
def test_an_email_that_cannot_be_stored_is_left_out(
    kims: Mailbox, box: ImapBox, ann: Contact, fails: Any, error: Exception
) -> None:
    box.put(*letters(*range(3)))
    fails(error)

    read(kims)

    assert subjects() == names(0, 2)
    assert kims.problem == ""


def test_where_nothing_can_be_stored_nothing_is_left_out_at_once(
    kims: Mailbox, box: ImapBox, ann: Contact, fails: Any
) -> None:
    """Perhaps it is not the e-mail: only when it failed again and again it is given up."""
    box.put(*letters(1))
    fails(ValueError("nobody thought of this"))

    read(kims)
    assert (kims.attempts, MailFolder.objects.get(role="inbox").last_uid) == (1, 0)

    for _ in range(PATIENCE):
        read(kims)
    assert (kims.problem, MailFolder.objects.get(role="inbox").last_uid) == ("", 1)


def test_a_database_that_is_away_is_the_fault_of_no_email(
    kims: Mailbox, box: ImapBox, ann: Contact, fails: Any
) -> None:
    box.put(*letters(*range(3)))
    fails(OperationalError("the server closed the connection"))

    for _ in range(PATIENCE + 1):
        read(kims)

    assert subjects() == names(0)
    assert MailFolder.objects.get(role="inbox").last_uid == 1
