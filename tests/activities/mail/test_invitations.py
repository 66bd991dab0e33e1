"""Invitations in mail make, move and call off meetings, when who sends them has a say."""

import pytest
from django.utils import timezone

from activities.mail import reading
from activities.models import Activity, Mailbox
from contacts.models import Contact
from tests.activities.calendars.conftest import event, ics
from tests.activities.mail.letters import letter
from tests.activities.mail.servers import ImapBox
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
ANN, KIM = "ann@acme.example", "kim@tandem-team.example"


@pytest.fixture
def ann() -> Contact:
    return ContactFactory(email=ANN)


def mail(number: int, method: str, *events: str, from_: str = ANN) -> bytes:
    """An e-mail with an invitation, as calendar programs send them."""
    calendar = ics(*events, method=method).decode()
    head, _, _ = letter(id=f"{number}@x", from_=from_).partition(b"Content-Type")
    body = (
        'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nYou are invited\r\n"
        f"--b\r\nContent-Type: text/calendar; charset=utf-8; method={method}\r\n\r\n{calendar}\r\n--b--\r\n"
    )
    return head + body.encode()


def invited(**values: object) -> str:
    return event(organizer=ANN, guests=[KIM], **values)


def read(mailbox: Mailbox) -> None:
    Mailbox.objects.update(due_at=timezone.now())
    reading.read(mailbox.pk)


def test_an_invitation_is_a_meeting_and_no_email(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(mail(1, "REQUEST", invited()))

    read(kims)

    activity = Activity.objects.get()
    assert (activity.kind, activity.contact, activity.owner) == ("meeting", ann, kims.user)
    assert activity.participants.get(role="attendee").user == kims.user


def test_it_is_moved_and_called_off_by_its_organizer(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(mail(1, "REQUEST", invited()), mail(2, "REQUEST", invited(sequence=2, summary="Moved")))
    read(kims)
    assert Activity.objects.get().subject == "Moved"

    box.put(mail(3, "CANCEL", invited(sequence=3)), mail(4, "REQUEST", invited(sequence=1)))
    read(kims)

    assert not Activity.objects.exists(), "what came late is older than the cancellation"


def test_somebody_else_can_neither_move_nor_call_it_off(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    eve = "eve@elsewhere.example"
    ContactFactory(email=eve)
    box.put(mail(1, "REQUEST", invited()))
    box.put(mail(2, "CANCEL", invited(sequence=5), from_=eve))
    box.put(mail(3, "REQUEST", event(organizer=eve, guests=[KIM], sequence=5, summary="Eve's"), from_=eve))

    read(kims)

    assert Activity.objects.get().subject == "Demo"


def test_an_answer_tells_of_a_meeting_and_a_guest_who_declines_takes_it_away(
    kims: Mailbox, box: ImapBox, ann: Contact
) -> None:
    ours = {"organizer": KIM, "guests": []}
    accepted = event(**ours, lines=[f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ANN}"])
    declined = event(**ours, lines=[f"ATTENDEE;PARTSTAT=DECLINED:mailto:{ANN}"])
    box.put(mail(1, "REPLY", accepted))
    read(kims)
    assert Activity.objects.get().contact == ann

    box.put(mail(2, "REPLY", declined))
    read(kims)

    assert not Activity.objects.exists()


def test_a_broken_invitation_holds_up_nothing(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(mail(1, "REQUEST", "BEGIN:VEVENT\r\nDTSTART:soon\r\n"), letter(id="2@x", subject="After it"))

    read(kims)

    assert Activity.objects.get().subject == "After it"
