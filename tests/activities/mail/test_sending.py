"""E-mails to contacts go through the mailbox of whoever writes, over the wire."""

import pytest
from django.core import mail

from activities.models import Activity, Enrolment, Mailbox, Message, SentCopy
from activities.sending import NotSent, TryLater, Unreachable, mail_connection, send_email, store_sent
from activities.sequences import executing
from tests.activities.mail.servers import Sink
from tests.activities.sequencing import enrolled, sequence_of
from tests.factories import ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db


def test_an_email_goes_through_the_writers_mailbox(kim: User, kims: Mailbox, sink: Sink) -> None:
    ann = ContactFactory(email="ann@acme.example")

    store_sent(send_email(kim, ann, "Hello", "Dear Ann, grüße"))

    letter = sink.letters[0]
    assert (letter["From"], letter["To"]) == ("Kim Demo <kim@tandem-team.example>", "ann@acme.example")
    assert letter["Reply-To"] is None
    assert letter.get_content().strip() == "Dear Ann, grüße"
    assert not mail.outbox
    message = Message.objects.get()
    assert letter["Message-ID"] == f"<{message.message_id}>"
    assert (message.is_sent_here, message.is_internal, message.activity.direction) == (True, False, "out")
    people = message.activity.participants.order_by("id").values_list("role", "address", "contact", "user")
    assert list(people) == [
        ("from", "kim@tandem-team.example", None, kim.pk),
        ("to", "ann@acme.example", ann.pk, None),
    ]


def test_whoever_has_no_mailbox_writes_from_the_servers_address(kims: Mailbox, sink: Sink) -> None:
    send_email(UserFactory(email="max@example.com"), ContactFactory(), "Hello", "…")

    assert not sink.letters
    assert mail.outbox[0].reply_to == ["max@example.com"]


def test_an_answer_names_what_it_answers(kim: User, kims: Mailbox, sink: Sink) -> None:
    ann = ContactFactory()
    first = store_sent(send_email(kim, ann, "Hello", "…")).message
    second = store_sent(send_email(kim, ann, "Re: Hello", "…", answers=first)).message

    third = store_sent(send_email(kim, ann, "Re: Hello", "…", answers=second)).message

    assert sink.letters[2]["In-Reply-To"] == f"<{second.message_id}>"
    assert sink.letters[2]["References"] == f"<{first.message_id}> <{second.message_id}>"
    assert third.thread == first.message_id


@pytest.mark.parametrize(("answer", "raised"), [("550 no such user", NotSent), ("451 try again", TryLater)])
def test_what_the_server_says_to_a_recipient_is_passed_on(
    kim: User, kims: Mailbox, sink: Sink, answer: str, raised: type[Exception]
) -> None:
    sink.answers["ann@acme.example"] = answer

    with pytest.raises(raised, match=answer[4:]):
        send_email(kim, ContactFactory(email="ann@acme.example"), "Hello", "…")


def test_a_wrong_password_asks_for_attention_and_nothing_goes_another_way(kim: User, kims: Mailbox) -> None:
    Mailbox.objects.update(password="wrong")

    with pytest.raises(Unreachable, match="refused the user name or the password"):
        send_email(kim, ContactFactory(), "Hello", "…")

    kims.refresh_from_db()
    assert kims.state == Mailbox.State.ATTENTION
    assert not mail.outbox
    with pytest.raises(Unreachable, match="needs attention"), mail_connection(kim):
        pass


def test_a_server_that_is_down_leaves_the_mailbox_as_it_is(kim: User, kims: Mailbox) -> None:
    Mailbox.objects.update(smtp_port=1)

    with pytest.raises(Unreachable, match="does not answer at this port"):
        send_email(kim, ContactFactory(), "Hello", "…")

    kims.refresh_from_db()
    assert kims.state == Mailbox.State.WORKS


def test_a_sequence_writes_from_each_owners_mailbox_and_one_that_fails_holds_up_no_other(
    kim: User, kims: Mailbox, sink: Sink
) -> None:
    max_ = UserFactory(email="max@example.com")
    sequence = sequence_of("email")
    kims_row, maxs_row = enrolled(sequence, kim), enrolled(sequence, max_)
    Mailbox.objects.update(smtp_port=1)

    executing.run()

    kims_row.refresh_from_db()
    maxs_row.refresh_from_db()
    assert "cannot send" in kims_row.detail
    assert kims_row.state == Enrolment.State.ACTIVE
    assert [letter.to for letter in mail.outbox] == [[maxs_row.contact.email]]
    Mailbox.objects.update(smtp_port=sink.port)
    Enrolment.objects.filter(pk=kims_row.pk).update(due_at=kims_row.created_at)

    executing.run()

    assert [letter["To"] for letter in sink.letters] == [kims_row.contact.email]
    assert Activity.objects.filter(message__is_sent_here=True).count() == 2


def test_a_copy_waits_for_the_sent_folder(kim: User, kims: Mailbox, sink: Sink) -> None:
    activity = store_sent(send_email(kim, ContactFactory(), "Hello", "…"))

    copy = SentCopy.objects.get()

    assert (copy.mailbox, copy.message_id) == (kims, activity.message.message_id)
    assert bytes(copy.data).count(b"Subject: Hello") == 1


def test_private_servers_are_refused_unless_the_setting_allows_them(kim: User, kims: Mailbox, settings: object) -> None:
    settings.MAIL_PRIVATE_HOSTS = False

    with pytest.raises(Unreachable, match="private network"):
        send_email(kim, ContactFactory(), "Hello", "…")
