from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.models import Sequence, SequenceStep
from activities.sequences.timing import due_at

Hours, Unit = Sequence.Hours, SequenceStep.Unit
BERLIN = "Europe/Berlin"
START = datetime(2026, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def due(text: str, wait: int, unit: str, hours: str = Hours.ANY, zone: str = BERLIN) -> datetime:
    return due_at(SequenceStep(wait=wait, unit=unit), at(text), hours, zone)


@pytest.mark.parametrize(
    ("after", "wait", "unit", "expected"),
    [
        ("2027-03-01T09:00+01:00", 30, Unit.MINUTES, "2027-03-01T09:30+01:00"),
        ("2027-03-01T09:00+01:00", 3, Unit.DAYS, "2027-03-04T09:00+01:00"),
        # The clocks go forward on the 28th: a day later is the same hour, 24 hours later is not.
        ("2027-03-27T09:00+01:00", 1, Unit.DAYS, "2027-03-28T09:00+02:00"),
        ("2027-03-27T09:00+01:00", 24, Unit.HOURS, "2027-03-28T10:00+02:00"),
    ],
)
def test_a_wait_is_one_of_the_calendar(after: str, wait: int, unit: str, expected: str) -> None:
    assert due(after, wait, unit) == at(expected)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2027-03-01T07:59+01:00", "2027-03-01T08:00+01:00"),
        ("2027-03-01T17:59+01:00", "2027-03-01T17:59+01:00"),
        ("2027-03-01T18:00+01:00", "2027-03-02T08:00+01:00"),
        ("2027-03-05T18:30+01:00", "2027-03-08T08:00+01:00"),  # Friday evening
        ("2027-03-06T11:00+01:00", "2027-03-08T08:00+01:00"),  # Saturday
        ("2027-03-07T05:00+01:00", "2027-03-08T08:00+01:00"),  # Sunday
        ("2027-03-01T07:00+00:00", "2027-03-01T08:00+01:00"),  # eight o'clock where the sender lives
    ],
)
def test_office_hours_are_the_sender_s(after: str, expected: str) -> None:
    assert due(after, 0, Unit.DAYS, Hours.OFFICE) == at(expected)


@given(
    after=st.integers(0, 4 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    wait=st.integers(0, 400),
    unit=st.sampled_from(Unit.values),
    zone=st.sampled_from([BERLIN, "America/Los_Angeles", "Asia/Kathmandu", "UTC"]),
)
def test_nothing_is_due_early_nor_later_than_the_next_monday(after: datetime, wait: int, unit: str, zone: str) -> None:
    step = SequenceStep(wait=wait, unit=unit)
    any_time = due_at(step, after, Hours.ANY, zone)
    office = due_at(step, after, Hours.OFFICE, zone)

    assert after <= any_time <= office <= any_time + timedelta(days=2, hours=15)
    assert office.weekday() < 5
    assert 8 <= office.hour < 18
