"""What is new in a mailbox becomes activities, once: read from a real server."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from imapclient import DRAFT

from activities import services, tasks
from activities.mail import imap, reading, strangers
from activities.models import Activity, Enrolment, Mailbox, MailFolder, Message, SentCopy
from activities.sending import send_email, store_sent
from common.erasing import erase
from contacts.models import Contact
from integrations.models import ActivitySettings, Connection, ExclusionRule
from tests.activities.mail.letters import bounce, letter
from tests.activities.mail.servers import Dovecot, ImapBox, Sink
from tests.activities.sequencing import Killed, dies, enrolled, sequence_of
from tests.factories import AccountFactory, ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Contact:
    return ContactFactory(email="Ann@acme.example", last_name="Roe", account=AccountFactory())


def read(mailbox: Mailbox) -> None:
    Mailbox.objects.update(due_at=timezone.now())
    reading.read(mailbox.pk)
    mailbox.refresh_from_db()


def subjects() -> list[str]:
    return sorted(Activity.objects.values_list("subject", flat=True))


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
    monkeypatch.setattr(imap.Session, "bodies", lambda self, uids: dies() if uids else iter(()))

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


def test_a_new_generation_of_uids_doubles_nothing(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(letter(id="1@x", subject="First"), letter(id="2@x", subject="Second"))
    read(kims)
    before = MailFolder.objects.get(role="inbox").uid_validity
    box.begin_anew()
    box.put(letter(id="3@x", subject="Third"))

    read(kims)

    assert subjects() == ["First", "Second", "Third"]
    assert MailFolder.objects.get(role="inbox").uid_validity != before


@pytest.mark.parametrize("is_one_of_many", [False, True])
def test_what_somebody_deleted_here_does_not_come_back_from_another_mailbox(
    kims: Mailbox, box: ImapBox, ann: Contact, is_one_of_many: bool
) -> None:
    box.put(letter(id="1@x", subject="Deleted"), letter(id="2@x", subject="Kept"))
    read(kims)
    gone = Activity.objects.get(subject="Deleted").pk
    services.delete_activities([gone]) if is_one_of_many else services.delete_activity(gone)
    box.begin_anew()

    read(kims)

    assert subjects() == ["Kept"]


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


def test_two_mailboxes_with_the_same_email_make_one_activity(
    kims: Mailbox, box: ImapBox, ann: Contact, connected: Callable[..., Mailbox], dovecot: Dovecot
) -> None:
    maxs = connected(UserFactory(email="max@tandem-team.example"))
    same = letter(to="kim@tandem-team.example, max@tandem-team.example", headers={"Message-ID": None})
    box.put(same)
    ImapBox(dovecot, maxs.imap_login).put(same)

    read(kims)
    read(maxs)

    people = Activity.objects.get().participants.filter(role="to")
    assert {person.user_id for person in people} == {kims.user_id, maxs.user_id}


@pytest.mark.parametrize("place", ["heads", "bodies"])
def test_a_worker_that_dies_while_the_server_is_asked_loses_and_doubles_nothing(
    kims: Mailbox, box: ImapBox, ann: Contact, monkeypatch: Any, place: str
) -> None:
    box.put(*(letter(id=f"{number}@x", subject=f"No {number}") for number in range(5)))
    monkeypatch.setattr(reading, "PAGE", 2)
    asks, count = getattr(imap.Session, place), iter(range(10))
    monkeypatch.setattr(
        imap.Session, place, lambda self, uids: dies() if next(count) == 1 and uids else asks(self, uids)
    )
    with pytest.raises(Killed):
        read(kims)
    assert Activity.objects.count() <= 2
    assert not Mailbox.objects.due().exists(), "the dead worker's lease holds on"
    Mailbox.objects.update(claimed_until=timezone.now())

    read(kims)

    assert subjects() == [f"No {number}" for number in range(5)]


def test_a_worker_whose_lease_was_taken_writes_nothing(
    kims: Mailbox, box: ImapBox, ann: Contact, monkeypatch: Any
) -> None:
    box.put(letter())
    asks = imap.Session.heads

    def paused(self: imap.Session, uids: list[int]) -> list[imap.Head]:
        Mailbox.objects.update(state=Mailbox.State.PAUSED)
        return asks(self, uids)

    monkeypatch.setattr(imap.Session, "heads", paused)

    read(kims)

    assert not Activity.objects.exists()
    assert kims.claim_token is None, "resumed, it is read at once"


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


def test_people_are_made_of_strangers_only_where_that_is_wanted(
    kims: Mailbox, box: ImapBox, kim: User, monkeypatch: Any
) -> None:
    acme = AccountFactory(website="https://acme.example")
    box.put(letter(to="kim@tandem-team.example, Bo Doe <bo@acme.example>"))
    monkeypatch.setattr(strangers, "_askers", [lambda kind: lambda occasion: kind == "email"])

    read(kims)

    ann = Contact.objects.get(email="ann@acme.example")
    assert (ann.first_name, ann.last_name, ann.origin, ann.owner, ann.account) == ("Ann", "Roe", "email", kim, acme)
    assert Activity.objects.get().contact == ann
    assert set(Contact.objects.values_list("email", flat=True)) == {"ann@acme.example", "bo@acme.example"}


def test_mail_among_the_team_is_internal(kims: Mailbox, box: ImapBox) -> None:
    ContactFactory(email="max@tandem-team.example")
    ContactFactory(email="ann@acme.example")
    box.put(letter(id="1@x", from_="max@tandem-team.example", subject="Among us"), letter(id="2@x", subject="Not"))

    read(kims)

    assert dict(Message.objects.values_list("activity__subject", "is_internal")) == {"Among us": True, "Not": False}


def test_people_are_made_of_strangers_only_for_what_is_pushed(
    kims: Mailbox, box: ImapBox, connection: Connection
) -> None:
    """Not of whoever writes to us, where only what we send is pushed."""
    settings = {"push_unknown_people": True, "push_emails_sent_elsewhere": True}
    ActivitySettings.objects.update_or_create(connection=connection, defaults=settings)
    ExclusionRule.objects.create(connection=connection, name="Secret", to_keywords=["secret"])
    box.put(letter(id="1@x", from_="junk@casino.example", subject="You won"))
    box.put(
        letter(id="2@x", from_="kim@tandem-team.example", to="Bo <bo@acme.example>"),
        letter(id="3@x", from_="kim@tandem-team.example", to="cy@acme.example", subject="Top secret"),
        folder="Sent",
    )

    read(kims)

    assert list(Contact.objects.filter(origin="email").values_list("email", flat=True)) == ["bo@acme.example"]
    assert subjects() == ["Hello"]


@pytest.mark.parametrize(("is_on", "is_made"), [((), False), (("push_meetings",), True)])
def test_meetings_make_people_only_where_they_are_pushed(
    connection: Connection, is_on: tuple[str, ...], is_made: bool
) -> None:
    settings = {"push_all_calendar_events": True} | dict.fromkeys(is_on, True)
    ActivitySettings.objects.update_or_create(connection=connection, defaults=settings)

    assert strangers.judge_of("meeting")(strangers.Occasion()) == is_made
    assert not strangers.judge_of("email")(strangers.Occasion())


def test_whoever_is_erased_is_named_in_no_email_of_others(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    bo = ContactFactory(email="bo@acme.example")
    box.put(letter(headers={"Cc": "Bo Doe <bo@acme.example>"}))
    read(kims)

    erase("contact", bo.pk, elsewhere=False)

    assert [one.role for one in Activity.objects.get().participants.order_by("id")] == ["from", "to"]


def test_a_page_that_takes_too_long_is_left_in_its_middle_and_gone_on_with(
    kims: Mailbox, box: ImapBox, ann: Contact
) -> None:
    box.put(*(letter(id=f"{number}@x", subject=f"No {number}") for number in range(3)))
    Mailbox.objects.update(due_at=timezone.now())
    MailFolder.objects.create(mailbox=kims, role="inbox", name="INBOX")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "monotonic", iter([0.0, 0.0, 99.0]).__next__)
        assert reading.read(kims.pk), "more is left"
    assert subjects() == ["No 0"]

    read(kims)

    assert subjects() == ["No 0", "No 1", "No 2"]
