"""Answers, automatic ones and e-mails that came back: what they end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from activities.models import Activity, Enrolment, Mailbox, Message
from activities.sending import send_email, store_sent
from contacts.models import Contact
from tests.activities.mail.letters import bounce, letter
from tests.activities.mail.reading import read
from tests.activities.mail.servers import ImapBox, Sink
from tests.activities.sequencing import enrolled, sequence_of
from users.models import User

pytestmark = pytest.mark.django_db


def test_an_answer_belongs_to_the_thread_and_ends_sequences(
    kims: Mailbox, box: ImapBox, ann: Contact, kim: User, sink: Sink
) -> None:
    row = enrolled(sequence_of("email"), kim, email="bo@acme.example")
    Enrolment.objects.update(created_at=timezone.now() - timedelta(days=1))
    first = store_sent(send_email(kim, row.contact, "Offer", "…")).message
    refs = {"In-Reply-To": f"<{first.message_id}>", "References": f"<{first.message_id}>"}
    box.put(letter(from_="bo@acme.example", subject="Re: Offer", headers=refs))

    read(kims)

    answer = Message.objects.get(activity__subject="Re: Offer")
    assert (answer.thread, answer.in_reply_to, answer.is_reply) == (first.message_id, first.message_id, True)
    row.refresh_from_db()
    assert (row.state, row.reason) == (Enrolment.State.FINISHED, Enrolment.Reason.REPLIED)


def test_mail_from_before_the_enrolment_ends_nothing(kims: Mailbox, box: ImapBox, kim: User) -> None:
    row = enrolled(sequence_of("email"), kim, email="ann@acme.example")
    box.put(letter(at=timezone.now() - timedelta(days=2)))

    read(kims)

    row.refresh_from_db()
    assert row.state == Enrolment.State.ACTIVE


@pytest.mark.parametrize(
    "headers",
    [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"List-Unsubscribe": "<https://x.example>"}],
)
def test_what_no_person_wrote_is_no_activity_and_ends_no_sequence(
    kims: Mailbox, box: ImapBox, kim: User, headers: dict[str, str]
) -> None:
    row = enrolled(sequence_of("email"), kim, email="ann@acme.example")
    Enrolment.objects.update(created_at=timezone.now() - timedelta(days=1))
    box.put(letter(subject="Out of office", headers=headers))

    read(kims)

    assert not Activity.objects.exists()
    row.refresh_from_db()
    assert row.state == Enrolment.State.ACTIVE


def test_an_email_that_came_back_marks_the_address_and_ends_sequences(
    kims: Mailbox, box: ImapBox, kim: User, sink: Sink
) -> None:
    row = enrolled(sequence_of("email"), kim, email="bo@acme.example")
    sent = store_sent(send_email(kim, row.contact, "Offer", "…")).message
    box.put(bounce("unknown@x.example", "bo@acme.example"))
    read(kims)
    row.refresh_from_db()
    assert row.state == Enrolment.State.ACTIVE, "anybody can claim that something came back"
    box.put(bounce(sent.message_id, "Bo@acme.example").replace(b"<bounce@", b"<bounce2@"))

    read(kims)

    row.refresh_from_db()
    assert (row.state, row.reason) == (Enrolment.State.FINISHED, Enrolment.Reason.REFUSED)
    assert "550 no such user" in row.detail
    assert row.contact.email_status == Contact.EmailStatus.UNVERIFIED
    assert Activity.objects.count() == 1
