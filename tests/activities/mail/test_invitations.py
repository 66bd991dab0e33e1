"""Invitations in mail make, move and call off meetings, when who sends them has a say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from activities.mail import reading
from activities.models import Activity, Mailbox
from contacts.models import Contact
from tests.activities.calendars.conftest import event, ics
from tests.activities.mail.letters import letter
from tests.activities.mail.servers import ImapBox
from tests.factories import ContactFactory
from users.models import User

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


def test_a_series_is_a_meeting_a_time_and_one_of_them_is_called_off(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    start = (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    second = f"RECURRENCE-ID:{start + timedelta(days=7):%Y%m%dT%H%M%SZ}"
    box.put(mail(1, "REQUEST", invited(start=start, lines=["RRULE:FREQ=WEEKLY;COUNT=3"])))
    read(kims)
    assert Activity.objects.count() == 3

    box.put(mail(2, "CANCEL", invited(start=start + timedelta(days=7), sequence=1, lines=[second])))
    read(kims)

    days = Activity.objects.order_by("happened_at").values_list("happened_at", flat=True)
    assert list(days) == [start, start + timedelta(days=14)]


@pytest.mark.parametrize(
    ("when", "starts_at", "is_all_day"),
    [
        (";VALUE=DATE:20261207", datetime(2026, 12, 7, tzinfo=UTC), True),
        (";TZID=America/New_York:20261207T100000", datetime(2026, 12, 7, 15, tzinfo=UTC), False),
        (";TZID=W. Europe Standard Time:20261207T100000", datetime(2026, 12, 7, 9, tzinfo=UTC), False),
        (":20261207T100000", datetime(2026, 12, 7, 1, tzinfo=UTC), False),
    ],
)
def test_it_takes_place_when_its_time_zone_says(
    kims: Mailbox, box: ImapBox, ann: Contact, when: str, starts_at: datetime, is_all_day: bool, monkeypatch: Any
) -> None:
    """Without a time zone, or by one that nobody knows, in the guest's."""
    User.objects.update(time_zone="Asia/Tokyo")
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 12, 1, tzinfo=UTC))
    lines = [line for line in invited().split("\r\n") if not line.startswith("DT")]
    box.put(mail(1, "REQUEST", "\r\n".join([*lines[:-1], f"DTSTART{when}", lines[-1]])), at=timezone.now())

    read(kims)

    found = Activity.objects.get()
    assert (found.happened_at, found.is_all_day) == (starts_at, is_all_day)


def test_an_invitation_that_never_ends_holds_up_nothing(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(mail(1, "REQUEST", invited(lines=["RRULE:FREQ=DAILY;INTERVAL=0"])))
    endless = "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"
    many = (event(f"{number}@x", organizer=ANN, guests=[KIM], lines=[endless]) for number in range(1_000))
    box.put(mail(2, "REQUEST", *many), letter(id="3@x", subject="After it"))

    read(kims)

    assert Activity.objects.get().subject == "After it"
