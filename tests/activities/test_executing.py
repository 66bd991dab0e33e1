"""Carrying sequences out: step after step, each once, also when steps or contacts change meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from activities import tasks
from activities.models import Activity, Enrolment, Sequence, SequenceStep
from activities.sequences import editing, enrolling, executing
from activities.services import complete_task
from contacts.models import Contact
from tests.activities.sequencing import Server, enrolled, now_due, sequence_of
from tests.factories import StepFactory
from tests.pages import CaptureQueries
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

Kind, State, Reason = SequenceStep.Kind, Enrolment.State, Enrolment.Reason


class TestSteps:
    def test_an_email_goes_in_the_owner_s_name_and_stands_in_the_timeline(self, kim: User) -> None:
        enrolled(sequence_of(Kind.EMAIL), kim, first_name="Ann", last_name="Roe", email="ann@example.com")

        executing.run()

        (letter,) = mail.outbox
        assert (letter.subject, letter.to, letter.reply_to) == ("Hello Ann", ["ann@example.com"], ["kim@example.com"])
        assert letter.from_email.startswith("Kim Demo <")
        activity = Activity.objects.get()
        assert (activity.kind, activity.subject, activity.body) == ("email", "Hello Ann", "Dear Ann Roe, …")
        assert (activity.owner, activity.completed_at is not None) == (kim, True)

    def test_calls_and_tasks_become_tasks_that_are_due_today(self, kim: User) -> None:
        enrolled(sequence_of(Kind.CALL), kim, phone="+49 40 1", account=None)
        enrolled(sequence_of(Kind.TASK), kim)

        executing.run()

        call, task = Activity.objects.open_tasks().filter(owner=kim).order_by("pk")
        assert call.subject.startswith("Call: Hello")
        assert "+49 40 1" in call.body
        assert (call.due_on, task.due_on) == (timezone.localdate(), timezone.localdate())

    def test_steps_come_one_after_the_other_each_after_its_wait(self, kim: User) -> None:
        sequence = sequence_of(Kind.EMAIL)
        StepFactory(sequence=sequence, subject="Again", wait=3)
        enrolment = enrolled(sequence, kim)

        executing.run()
        executing.run()
        enrolment.refresh_from_db()
        assert len(mail.outbox) == 1
        assert enrolment.due_at
        assert timedelta(days=2, hours=23) < enrolment.due_at - timezone.now() <= timedelta(days=3, hours=1)

        now_due()
        executing.run()
        enrolment.refresh_from_db()
        assert [letter.subject for letter in mail.outbox] == ["Hello Ann", "Again"]
        assert (enrolment.state, enrolment.reason) == (State.FINISHED, Reason.THROUGH)

    def test_what_comes_after_a_task_waits_until_it_is_done(self, kim: User) -> None:
        enrolled(sequence_of(Kind.CALL, Kind.EMAIL), kim)

        executing.run()
        tasks.tick()
        assert not mail.outbox
        complete_task(Activity.objects.get().pk)
        assert executing.release_waiting() == 1
        executing.run()

        assert len(mail.outbox) == 1

    def test_a_task_that_was_deleted_is_waited_for_no_longer(self, kim: User) -> None:
        enrolled(sequence_of(Kind.TASK, Kind.EMAIL), kim)
        executing.run()

        Activity.objects.get().delete()

        assert executing.release_waiting() == 1

    def test_a_step_that_does_not_wait_lets_the_next_one_come(self, kim: User) -> None:
        sequence = sequence_of(Kind.TASK, Kind.EMAIL)
        sequence.steps.update(waits_for_task=False)
        enrolled(sequence, kim)

        executing.run()

        assert len(mail.outbox) == 1

    @pytest.mark.parametrize("change", [{"is_on": False}, {}])
    def test_nothing_happens_while_it_is_off_or_paused(self, kim: User, change: dict[str, Any]) -> None:
        sequence = sequence_of(Kind.EMAIL, **change)
        enrolment = enrolled(sequence, kim)
        if not change:
            enrolling.pause(enrolment.pk)

        executing.run()
        assert not mail.outbox

        Sequence.objects.update(is_on=True)
        enrolling.resume(enrolment.pk)
        executing.run()
        assert len(mail.outbox) == 1

    def test_a_batch_of_tasks_costs_the_same_for_many(self, kim: User) -> None:
        sequence = sequence_of(Kind.TASK)
        enrolled(sequence, kim)
        with CaptureQueries() as few:
            executing.run()
        for _ in range(15):
            enrolled(sequence, kim)
        with CaptureQueries() as many:
            executing.run()

        assert Activity.objects.count() == 16
        assert len(many) == len(few)


class TestEditedMeanwhile:
    def test_nobody_gets_a_step_twice_when_steps_change_places(self, kim: User) -> None:
        sequence = sequence_of(Kind.EMAIL)
        second = StepFactory(sequence=sequence, subject="Second", wait=1)
        enrolled(sequence, kim)
        executing.run()

        editing.move_step(second.pk, up=True)
        for _ in range(3):
            now_due(state=State.ACTIVE)
            executing.run()

        assert [letter.subject for letter in mail.outbox] == ["Hello Ann", "Second"]

    def test_who_waits_for_a_step_that_is_deleted_waits_for_the_next_one(self, kim: User) -> None:
        sequence = sequence_of(Kind.EMAIL)
        StepFactory(sequence=sequence, subject="Second")
        enrolled(sequence, kim)

        editing.delete_step(sequence.steps.first().pk)
        executing.run()

        assert [letter.subject for letter in mail.outbox] == ["Second"]

    def test_who_waits_for_the_last_step_when_it_is_deleted_is_through(self, kim: User) -> None:
        sequence = sequence_of(Kind.EMAIL)
        enrolment = enrolled(sequence, kim)

        editing.delete_step(sequence.steps.get().pk)

        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.reason) == (State.FINISHED, Reason.THROUGH)

    def test_a_step_that_is_deleted_while_it_is_sent_goes_once(
        self, kim: User, monkeypatch: pytest.MonkeyPatch, server: type[Server]
    ) -> None:
        sequence = sequence_of(Kind.EMAIL)
        StepFactory(sequence=sequence, subject="Second", wait=2)
        enrolled(sequence, kim)
        send = server.send_messages

        def deletes_the_step(self: Server, messages: Any) -> int:
            editing.delete_step(sequence.steps.first().pk)
            return send(self, messages)

        with monkeypatch.context() as patch:
            patch.setattr(server, "send_messages", deletes_the_step)
            executing.run()

        enrolment = Enrolment.objects.get()
        assert [letter.subject for letter in mail.outbox] == ["Hello Ann"]
        assert (enrolment.next_step.subject, enrolment.due_at > timezone.now()) == ("Second", True)

    def test_a_contact_that_is_deleted_while_it_is_sent_breaks_nothing(
        self, kim: User, monkeypatch: pytest.MonkeyPatch, server: type[Server]
    ) -> None:
        enrolled(sequence_of(Kind.EMAIL), kim)
        send = server.send_messages

        def deletes_the_contact(self: Server, messages: Any) -> int:
            Contact.objects.get().delete()
            return send(self, messages)

        monkeypatch.setattr(server, "send_messages", deletes_the_contact)
        executing.run()

        assert len(mail.outbox) == 1
        assert not Enrolment.objects.exists()
