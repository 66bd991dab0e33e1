"""What was sent here gets into the Sent folder once, and is one activity however it is found again."""

from datetime import timedelta
from imaplib import IMAP4

import pytest
from django.utils import timezone

from activities.mail import imap, reading
from activities.models import Activity, Mailbox, Message, SentCopy
from activities.sending import send_email, store_sent
from contacts.models import Contact
from tests.activities.mail.reading import read
from tests.activities.mail.servers import ImapBox, Sink
from users.models import User

pytestmark = pytest.mark.django_db


def test_an_email_sent_here_gets_into_the_sent_folder_once_and_is_one_activity(
    kims: Mailbox, box: ImapBox, ann: Contact, kim: User, sink: Sink
) -> None:
    store_sent(send_email(kim, ann, "From here", "…"))
    SentCopy.objects.update(created_at=timezone.now() - timedelta(minutes=2))

    read(kims)
    read(kims)

    assert [b"Subject: From here" in text for text in box.texts("Sent")] == [True]
    assert not SentCopy.objects.exists()
    assert Activity.objects.count() == 1


def test_a_server_that_keeps_what_it_sends_gets_no_second_copy(
    kims: Mailbox, box: ImapBox, ann: Contact, kim: User, sink: Sink
) -> None:
    store_sent(send_email(kim, ann, "From here", "…"))
    box.put(bytes(SentCopy.objects.get().data), folder="Sent")
    SentCopy.objects.update(created_at=timezone.now() - timedelta(minutes=2))

    read(kims)

    assert len(box.texts("Sent")) == 1
    assert not SentCopy.objects.exists()


def test_a_copy_that_is_read_before_its_sending_was_noted_is_the_same_activity(
    kims: Mailbox, box: ImapBox, ann: Contact, kim: User, sink: Sink
) -> None:
    sent = send_email(kim, ann, "From here", "…")
    box.put(sent.copy, folder="Sent")
    read(kims)

    activity = store_sent(sent)

    assert Activity.objects.get() == activity
    assert Message.objects.get().is_sent_here


def test_copies_for_which_there_is_no_time_are_put_next_time(
    kims: Mailbox, box: ImapBox, ann: Contact, kim: User, sink: Sink
) -> None:
    store_sent(send_email(kim, ann, "From here", "…"))
    SentCopy.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    Mailbox.objects.update(due_at=timezone.now())

    assert reading.read(kims.pk, seconds=0), "more is left"
    assert not box.texts("Sent")

    read(kims)
    assert len(box.texts("Sent")) == 1


def test_a_copy_that_the_server_refuses_is_given_up_after_a_day(
    kims: Mailbox, box: ImapBox, ann: Contact, kim: User, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise IMAP4.error("APPEND command error: NO [OVERQUOTA]")

    monkeypatch.setattr(imap.Session, "append", refuse)
    store_sent(send_email(kim, ann, "From here", "…"))
    SentCopy.objects.update(created_at=timezone.now() - timedelta(hours=2))
    read(kims)
    assert "[OVERQUOTA]" in kims.problem
    assert SentCopy.objects.exists()

    SentCopy.objects.update(created_at=timezone.now() - timedelta(hours=25))
    read(kims)

    assert (kims.problem, kims.attempts) == ("", 0)
    assert not SentCopy.objects.exists()
