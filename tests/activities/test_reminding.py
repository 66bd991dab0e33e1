"""Reminders: one in the app and one by e-mail, whatever becomes of the worker."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from activities import reminding
from activities.models import Activity, Reminder
from tests.activities.sequencing import Killed, Server
from tests.factories import TaskFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def kim() -> User:
    return UserFactory(email="kim@example.com")


@pytest.fixture
def task(kim: User) -> Activity:
    return TaskFactory(subject="Call\nAnn", owner=kim, remind_at=timezone.now() - timedelta(minutes=1))


def lease_ends() -> None:
    Reminder.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))


def test_its_owner_is_told_once_in_the_app_and_by_mail(task: Activity, kim: User, client: Client) -> None:
    reminding.remind()
    reminding.remind()

    assert [(one.to, one.subject) for one in mail.outbox] == [(["kim@example.com"], "Reminder: Call Ann")]
    client.force_login(kim)
    assertContains(client.get("/activities/reminders/"), "Reminders: 1")
    assertContains(client.get("/"), "Tomorrow")
    assert Activity.objects.get().remind_at is None


@pytest.mark.parametrize(
    "values",
    [{"completed_at": timezone.now()}, {"remind_at": timezone.now() + timedelta(hours=1)}, {"owner": None}],
)
def test_nobody_is_reminded_of_what_is_done_or_later(task: Activity, values: dict[str, Any]) -> None:
    Activity.objects.update(**values)

    reminding.remind()

    assert not mail.outbox
    assert not Reminder.objects.exists()


def test_a_worker_killed_before_the_mail_leaves_it_to_the_next(task: Activity, server: type[Server]) -> None:
    server.before = Killed()
    with pytest.raises(Killed):
        reminding.remind()
    server.before = None

    reminding.remind()
    assert not mail.outbox  # it is the killed one's for a while

    lease_ends()
    reminding.remind()
    assert len(mail.outbox) == Reminder.objects.count() == 1


def test_one_killed_after_the_mail_sends_the_same_message_again(task: Activity, server: type[Server]) -> None:
    server.after = Killed()
    with pytest.raises(Killed):
        reminding.remind()
    server.after = None
    lease_ends()
    reminding.remind()

    assert len({one.extra_headers["Message-ID"] for one in mail.outbox}) == 1
    assert Reminder.objects.count() == 1


def test_it_is_put_off_done_or_known(task: Activity, kim: User, client: Client) -> None:
    client.force_login(kim)
    reminding.remind()
    path = f"/activities/reminders/{Reminder.objects.get().pk}/"

    assertNotContains(client.post(path, {"answer": "hour"}), "Tomorrow")
    task.refresh_from_db()
    assert task.remind_at > timezone.now() + timedelta(minutes=50)

    Activity.objects.update(remind_at=timezone.now())
    reminding.remind()
    client.post(f"/activities/reminders/{Reminder.objects.latest('pk').pk}/", {"answer": "done"})
    task.refresh_from_db()
    assert task.completed_at
    assert not Reminder.objects.unseen().exists()


def test_others_reminders_are_not_mine_to_answer(task: Activity, client: Client) -> None:
    reminding.remind()
    client.force_login(UserFactory())

    client.post(f"/activities/reminders/{Reminder.objects.get().pk}/", {"answer": "done"})

    assert Reminder.objects.unseen().exists()
