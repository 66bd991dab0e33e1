"""Meetings of a calendar with people who are known make, move and lose their activities by themselves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.calendars import feeds
from activities.models import Activity, Calendar, Meeting
from activities.services import delete_activity
from contacts.models import Contact
from tests.activities.calendars.conftest import Web, event, ics
from tests.factories import AccountFactory, ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Contact:
    return ContactFactory(email="ann@acme.example", account=AccountFactory())


@pytest.fixture
def kims(kim: User, subscribed: Callable[[User], Calendar]) -> Calendar:
    return subscribed(kim)


def read(calendar: Calendar) -> None:
    Calendar.objects.update(due_at=timezone.now())
    feeds.read(calendar.pk)
    calendar.refresh_from_db()


def test_a_meeting_with_somebody_known_becomes_an_activity(web: Web, kims: Calendar, kim: User, ann: Contact) -> None:
    start = (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    web.data = ics(event(start=start, lines=["LOCATION:Room 5", "DESCRIPTION:First\\nsecond"]))

    read(kims)

    activity = Activity.objects.get()
    assert (activity.kind, activity.contact, activity.account, activity.owner) == ("meeting", ann, ann.account, kim)
    assert (activity.happened_at, activity.ends_at) == (start, start + timedelta(hours=1))
    assert (activity.subject, activity.location, activity.body) == ("Demo", "Room 5", "First\nsecond")
    people = {one.role: (one.address, one.contact, one.user) for one in activity.participants.all()}
    assert people == {
        "organizer": ("kim@example.com", None, kim),
        "attendee": ("ann@acme.example", ann, None),
    }
    assert (kims.state, kims.problem) == ("works", "")


def test_a_meeting_moves_and_goes_as_in_the_calendar(web: Web, kims: Calendar, ann: Contact) -> None:
    web.data = ics(event(), event("two@x"))
    read(kims)
    later = (timezone.now() + timedelta(days=5)).replace(microsecond=0)
    first = Activity.objects.get(meeting__uid="one@calendar.example")

    web.data = ics(event(start=later, sequence=1, summary="Moved"))
    read(kims)

    activity = Activity.objects.get()
    assert (activity.pk, activity.happened_at, activity.subject) == (first.pk, later, "Moved")
    web.data = ics(event(start=later, sequence=2, lines=["STATUS:CANCELLED"]))
    read(kims)
    assert not Activity.objects.exists()


def test_a_series_is_one_meeting_a_time_and_one_of_them_may_move(web: Web, kims: Calendar, ann: Contact) -> None:
    start = (timezone.now() + timedelta(days=1)).replace(microsecond=0)
    second = start + timedelta(days=7)
    moved = event("weekly@x", start=second + timedelta(hours=3), lines=[f"RECURRENCE-ID:{second:%Y%m%dT%H%M%SZ}"])
    weekly = event("weekly@x", start=start, lines=["RRULE:FREQ=WEEKLY;COUNT=30"])
    web.data = ics(weekly, moved)

    read(kims)

    times = list(Activity.objects.order_by("happened_at").values_list("happened_at", flat=True))
    assert times[:3] == [start, second + timedelta(hours=3), start + timedelta(days=14)]
    assert len(times) == 13, "no later than in 90 days"


def test_a_series_that_is_moved_leaves_what_took_place_as_it_was(web: Web, kims: Calendar, ann: Contact) -> None:
    """Calendars give all of it another time, also what is past."""
    start = (timezone.now() - timedelta(days=15)).replace(microsecond=0)
    web.data = ics(event("weekly@x", start=start, lines=["RRULE:FREQ=WEEKLY;COUNT=6"]))
    read(kims)
    later = start + timedelta(hours=1)
    web.data = ics(event("weekly@x", start=later, sequence=1, lines=["RRULE:FREQ=WEEKLY;COUNT=6"]))

    read(kims)

    times = list(Activity.objects.order_by("happened_at").values_list("happened_at", flat=True))
    assert times == [(start if week < 3 else later) + timedelta(weeks=week) for week in range(6)]


def test_nothing_is_kept_of_what_is_private_or_with_nobody_known(web: Web, kims: Calendar, ann: Contact) -> None:
    web.data = ics(
        event("1@x", lines=["CLASS:PRIVATE"]),
        event("2@x", guests=["doctor@clinic.example"]),
        event("3@x", guests=[]),
        event("4@x", lines=["ATTENDEE;PARTSTAT=DECLINED:mailto:kim@example.com"]),
    )

    read(kims)

    assert not Activity.objects.exists()
    assert not Meeting.objects.exists()


def test_what_somebody_deleted_here_is_not_made_again(web: Web, kims: Calendar, ann: Contact) -> None:
    web.data = ics(event())
    read(kims)
    delete_activity(Activity.objects.get().pk)
    web.data = ics(event(sequence=1, summary="Changed"))

    read(kims)

    assert not Activity.objects.exists()


def test_two_calendars_with_one_meeting_make_one_activity_that_does_not_go_to_and_fro(
    web: Web, kims: Calendar, ann: Contact, subscribed: Callable[[User], Calendar]
) -> None:
    max_ = UserFactory(email="max@example.com")
    maxs = subscribed(max_)
    start = (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    both = ["ann@acme.example", "max@example.com"]
    web.data = ics(event(start=start, guests=both))
    read(kims)
    web.data = ics(event(start=start, guests=both, summary="Worded otherwise"))
    read(maxs)

    activity = Activity.objects.get()
    assert activity.subject == "Demo"
    assert activity.participants.filter(user=max_).exists()
    web.data = ics(event("other@x"))
    read(kims)
    assert Activity.objects.filter(pk=activity.pk).exists(), "it stands in Max's calendar still"
    read(maxs)
    assert not Activity.objects.filter(pk=activity.pk).exists()


def test_what_was_stays_when_it_leaves_the_feed(web: Web, kims: Calendar, ann: Contact) -> None:
    web.data = ics(event(start=timezone.now() - timedelta(days=3)), event("two@x"))
    read(kims)
    web.data = ics(event("two@x"))

    read(kims)

    assert Activity.objects.count() == 2


def test_a_feed_that_comes_empty_takes_nothing_away(web: Web, kims: Calendar, ann: Contact) -> None:
    web.data = ics(event())
    read(kims)
    web.data = ics()

    read(kims)

    assert Activity.objects.count() == 1
    assert "without a single meeting" in kims.problem


def test_a_feed_that_has_not_changed_is_not_sent_again_until_the_next_day(
    web: Web, kims: Calendar, ann: Contact
) -> None:
    web.headers = {"ETag": '"v1"'}
    web.data = ics(event())
    read(kims)
    read(kims)
    assert [headers["If-None-Match"] for headers in web.asked] == [None, '"v1"']
    Calendar.objects.update(whole_at=timezone.now() - timedelta(days=2))

    read(kims)

    assert web.asked[2]["If-None-Match"] is None


@pytest.mark.parametrize(
    ("status", "data", "state", "said"),
    [
        (404, b"", "attention", "gives no calendar at this address any more"),
        (503, b"", "works", "answered 503"),
        (200, b"<html>Sign in</html>", "works", "is no calendar"),
        (200, b"x" * (feeds.LARGEST + 1), "attention", "larger than 5 MB"),
    ],
)
def test_what_is_wrong_with_a_feed_is_said(
    web: Web, kims: Calendar, status: int, data: bytes, state: str, said: str
) -> None:
    web.status, web.data = status, data

    read(kims)

    assert kims.state == state
    assert said in kims.problem


def test_rules_that_recur_without_end_cost_nothing(web: Web, kims: Calendar, ann: Contact) -> None:
    web.data = ics(
        event("1@x", lines=["RRULE:FREQ=SECONDLY"]),
        event("2@x", lines=[f"RRULE:FREQ=DAILY;BYMINUTE={','.join(map(str, range(60)))}"]),
        event("4@x", lines=["RRULE:FREQ=DAILY;INTERVAL=0"]),
        event("5@x", start=datetime(1601, 1, 1, tzinfo=UTC), lines=["RRULE:FREQ=DAILY"]),
        event("6@x", lines=["RRULE:FREQ=DAILY"]).replace("DTSTART:", "DTSTART:soon"),
        event("3@x"),
    )

    read(kims)

    assert Activity.objects.count() == 1


@pytest.mark.parametrize(
    "line",
    [
        "SEQUENCE:often",
        "SEQUENCE:99999999999999999999",
        "UID:two@x",
        "DTSTART:20261124T100000Z",
        "DURATION:P99999999D",
        "RRULE:FREQ=SOMETIMES",
        "RRULE:FREQ=DAILY;INTERVAL=often",
        "RECURRENCE-ID:soon",
        "ATTENDEE:",
        "SUMMARY:twice",
    ],
)
def test_a_meeting_that_cannot_be_read_holds_up_no_others(web: Web, kims: Calendar, ann: Contact, line: str) -> None:
    web.data = ics(event("1@x", summary="Odd", lines=[line]), event("2@x", summary="Other"))

    read(kims)

    assert kims.problem == ""
    assert set(Activity.objects.values_list("subject", flat=True)) - {"Odd"} == {"Other"}


def test_private_addresses_are_refused_also_when_another_leads_there(
    web: Web, kims: Calendar, settings: Any, monkeypatch: Any
) -> None:
    settings.MAIL_PRIVATE_HOSTS = False

    read(kims)

    assert not web.asked
    assert "begins with https://" in kims.problem
    with pytest.raises(feeds.FeedFailed, match="private network"):
        feeds.fetch(web.url.replace("http:", "https:"))


def test_a_calendar_is_added_read_and_removed_by_its_owner_only(
    client: Client, kim: User, web: Web, ann: Contact
) -> None:
    client.force_login(kim)
    web.data = b"nonsense"
    answer = client.post(reverse("mail:calendar_add"), {"name": "Work", "url": web.url})
    assert "is no calendar" in str(answer.context["form"].errors["url"])
    web.data = ics(event())

    assert client.post(reverse("mail:calendar_add"), {"name": "Work", "url": web.url}).status_code == 302

    calendar = Calendar.objects.get(user=kim)
    assert "Work" in client.get(reverse("mail:mailbox")).content.decode()
    assert web.url not in client.get(reverse("mail:mailbox")).content.decode()
    client.force_login(UserFactory())
    assert client.post(reverse("mail:calendar_remove", args=[calendar.pk])).status_code == 404
    client.force_login(kim)
    assert client.post(reverse("mail:calendar_read", args=[calendar.pk])).status_code == 302
    client.post(reverse("mail:calendar_remove", args=[calendar.pk]))
    assert not Calendar.objects.exists()


def test_whole_days_of_a_series_are_the_same_for_people_in_different_zones(
    web: Web, kims: Calendar, ann: Contact, subscribed: Callable[[User], Calendar]
) -> None:
    first = timezone.localdate() + timedelta(days=1)
    days = [f"DTSTART;VALUE=DATE:{first:%Y%m%d}", f"DTEND;VALUE=DATE:{first + timedelta(days=1):%Y%m%d}"]
    lines = ["UID:fair@x", *days, "RRULE:FREQ=DAILY;COUNT=3", "SUMMARY:Fair", "ATTENDEE:mailto:ann@acme.example"]
    web.data = ics("\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"]))
    read(kims)

    read(subscribed(UserFactory(time_zone="Asia/Tokyo")))

    found = Activity.objects.order_by("happened_at")
    assert [one.first_day for one in found] == [first + timedelta(days=n) for n in range(3)]
    assert all(one.is_all_day and one.last_day == one.first_day for one in found)
