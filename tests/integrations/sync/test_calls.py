"""Calling workers to lanes: one for saves that follow one another quickly, and nobody's change is left behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.models import Contact
from integrations import tasks
from integrations.models import Connection, Lane, LaneCall, Outbox
from integrations.sync import calls
from tests.integrations.sync.activities.making import linked_contact

pytestmark = pytest.mark.django_db(transaction=True)
Save = Callable[[str], None]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lanes that workers are called to, who do not come."""
    lanes: list[str] = []
    monkeypatch.setattr("integrations.services.async_task", lambda name, lane, **options: lanes.append(lane))
    return lanes


@pytest.fixture
def save(synced: Connection) -> Save:
    """Save a contact of the org with this title."""
    contact = linked_contact()

    def save(title: str) -> None:
        contact.title = title
        contact.save(update_fields=["title"])

    return save


def test_saves_that_follow_one_another_call_one_worker_who_sends_them_all(save: Save, called: list[str]) -> None:
    save("First")
    save("Second")

    assert called == [Lane.REAL_TIME]
    tasks.push_lane(Lane.REAL_TIME)
    assert not Outbox.objects.exists()


def test_what_is_saved_once_a_worker_began_calls_another(save: Save, called: list[str]) -> None:
    save("First")
    tasks.push_lane(Lane.REAL_TIME)
    save("Second")

    assert called == [Lane.REAL_TIME, Lane.REAL_TIME]


def test_what_is_saved_while_a_worker_waits_to_begin_goes_with_it(save: Save, called: list[str]) -> None:
    save("First")
    tasks.push_lane(Lane.REAL_TIME)
    save("Second")
    LaneCall.objects.update(begun_at=timezone.now())
    waits: list[float] = []

    def sleeper(seconds: float) -> None:
        waits.append(seconds)
        save("Third")

    tasks.push_lane(Lane.REAL_TIME, sleeper=sleeper)

    assert [0 < seconds <= calls.BREATH.total_seconds() for seconds in waits] == [True]
    assert len(called) == 1 + 1
    assert Contact.objects.get(title="Third")
    assert not Outbox.objects.exists()


def test_a_save_after_a_pause_waits_for_nothing(save: Save, called: list[str]) -> None:
    save("First")
    tasks.push_lane(Lane.REAL_TIME)
    LaneCall.objects.update(begun_at=timezone.now() - calls.BREATH)
    save("Second")
    waits: list[float] = []

    tasks.push_lane(Lane.REAL_TIME, sleeper=waits.append)

    assert waits == []
    assert not Outbox.objects.exists()


def test_what_a_person_pushes_waits_for_no_breath() -> None:
    waits: list[float] = []
    for _ in range(2):
        assert calls.note(Lane.PEOPLE)
        calls.answer(Lane.PEOPLE, waits.append)

    assert waits == []


def test_a_call_whose_job_was_lost_counts_for_a_moment(save: Save, called: list[str]) -> None:
    save("First")
    LaneCall.objects.update(called_at=timezone.now() - calls.CALLED_FOR - timedelta(seconds=0.1))
    save("Second")

    assert called == [Lane.REAL_TIME, Lane.REAL_TIME]


def test_lanes_are_called_apart() -> None:
    assert [calls.note(lane) for lane in (Lane.REAL_TIME, Lane.BACKGROUND, Lane.REAL_TIME)] == [True, True, False]
