"""Carrying sequences out: what is due is done once, also when workers are killed or meet."""

import smtplib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from activities import tasks
from activities.models import Activity, Enrolment, Sequence, SequenceStep, StepRun
from activities.sequences import editing, enrolling, executing
from activities.services import complete_task
from common.models import Origin, Workspace
from common.visibility import let_see_pulled
from contacts.models import Contact, Stage
from tests.factories import ContactFactory, CustomFieldFactory, SequenceFactory, StepFactory, UserFactory
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db

Kind, State, Reason = SequenceStep.Kind, Enrolment.State, Enrolment.Reason


class Killed(BaseException):
    """The worker is gone, and nothing of it runs any more."""


class Server(EmailBackend):
    """A mail server; ``trouble`` is raised before or after it has taken an e-mail."""

    before: BaseException | None = None
    after: BaseException | None = None
    closed: BaseException | None = None

    def open(self) -> bool:
        if Server.closed:
            raise Server.closed
        return True

    def send_messages(self, messages: Any) -> int:
        if Server.before:
            raise Server.before
        sent = super().send_messages(messages)
        if Server.after:
            raise Server.after
        return sent


@pytest.fixture(autouse=True)
def server(settings: Any) -> Iterator[type[Server]]:
    settings.EMAIL_BACKEND = "tests.activities.test_executing.Server"
    yield Server
    Server.before = Server.after = Server.closed = None


@pytest.fixture
def kim() -> User:
    return UserFactory(name="Kim Demo", email="kim@example.com")


def sequence_of(*kinds: str, **values: Any) -> Sequence:
    sequence = SequenceFactory(**values)
    for kind in kinds:
        StepFactory(sequence=sequence, kind=kind)
    return sequence


def enrolled(sequence: Sequence, user: User, **values: Any) -> Enrolment:
    contact = ContactFactory(**values)
    result = enrolling.enrol(sequence, [contact.pk], user=user)
    assert result.count == 1, result.refused
    return Enrolment.objects.get(contact=contact)


def now_due(**filters: Any) -> None:
    Enrolment.objects.filter(**filters).update(due_at=timezone.now())


def lease_ends() -> None:
    Enrolment.objects.exclude(claimed_until=None).update(claimed_until=timezone.now() - timedelta(seconds=1))


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


class TestKilled:
    """A worker may die between any two statements; the next one goes on when the lease is over."""

    def test_before_the_email_is_sent_it_goes_later_once(self, kim: User, monkeypatch: pytest.MonkeyPatch) -> None:
        enrolled(sequence_of(Kind.EMAIL), kim)
        with monkeypatch.context() as patch:
            patch.setattr(executing, "mail", dies)
            with pytest.raises(Killed):
                executing.run()

        executing.run()
        assert not mail.outbox  # the lease of the dead worker still holds
        lease_ends()
        executing.run()
        executing.run()

        assert len(mail.outbox) == 1

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_while_it_is_sent_nobody_sends_it_again_by_themselves(
        self, kim: User, server: type[Server], moment: str
    ) -> None:
        enrolment = enrolled(sequence_of(Kind.EMAIL), kim)
        setattr(server, moment, Killed())
        with pytest.raises(Killed):
            executing.run()
        setattr(server, moment, None)

        lease_ends()
        executing.run()
        executing.run()

        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.reason) == (State.PAUSED, Reason.UNKNOWN)
        assert len(mail.outbox) == (moment == "after")

    def test_a_person_has_it_sent_again(self, kim: User, server: type[Server]) -> None:
        enrolment = killed_while_sending(kim, server)

        assert enrolling.resume(enrolment.pk)
        executing.run()

        enrolment.refresh_from_db()
        assert (len(mail.outbox), enrolment.state) == (1, State.FINISHED)

    def test_or_says_that_it_has_gone(self, kim: User, server: type[Server]) -> None:
        enrolment = killed_while_sending(kim, server)

        assert enrolling.skip(enrolment.pk)
        executing.run()

        enrolment.refresh_from_db()
        assert (len(mail.outbox), enrolment.state) == (0, State.FINISHED)
        assert enrolment.runs.get().state == StepRun.State.DONE

    def test_between_making_tasks_and_moving_on_nothing_of_it_was_done(
        self, kim: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            enrolled(sequence_of(Kind.TASK, Kind.TASK), kim)
        with monkeypatch.context() as patch:
            patch.setattr(executing, "write_columns", dies)
            with pytest.raises(Killed):
                executing.run()
        assert not Activity.objects.exists()

        lease_ends()
        executing.run()
        executing.run()

        assert Activity.objects.count() == 3

    def test_what_another_worker_has_is_left_to_it(self, kim: User, monkeypatch: pytest.MonkeyPatch) -> None:
        enrolled(sequence_of(Kind.EMAIL), kim)
        settle = executing._settle

        def meets_another(*args: Any) -> None:
            executing.run()
            settle(*args)

        monkeypatch.setattr(executing, "_settle", meets_another)
        executing.run()

        assert len(mail.outbox) == 1

    def test_what_another_has_locked_is_not_waited_for(self, kim: User) -> None:
        with CaptureQueries() as queries:
            executing.run()

        assert queries[1]["sql"].endswith('FOR UPDATE OF "activities_enrolment" SKIP LOCKED')

    def test_who_was_taken_for_dead_sends_nothing_more(self, kim: User, monkeypatch: pytest.MonkeyPatch) -> None:
        enrolled(sequence_of(Kind.EMAIL), kim)
        send = executing.mail

        def sleeps(*args: Any) -> None:
            with monkeypatch.context() as patch:
                patch.setattr(executing, "mail", send)
                lease_ends()
                executing.run()
            send(*args)

        monkeypatch.setattr(executing, "mail", sleeps)
        executing.run()

        assert len(mail.outbox) == 1


def dies(*args: Any, **kwargs: Any) -> None:
    raise Killed


def killed_while_sending(owner: User, server: type[Server]) -> Enrolment:
    enrolment = enrolled(sequence_of(Kind.EMAIL), owner)
    server.before = Killed()
    with pytest.raises(Killed):
        executing.run()
    server.before = None
    lease_ends()
    executing.run()
    return enrolment


class TestMailServer:
    def test_while_none_can_be_reached_everything_waits(self, kim: User, server: type[Server]) -> None:
        enrolment = enrolled(sequence_of(Kind.EMAIL), kim)
        server.closed = ConnectionRefusedError("refused")

        executing.run()

        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.attempts) == (State.ACTIVE, 0)
        assert "cannot be reached" in enrolment.detail
        server.closed = None
        now_due()
        executing.run()
        assert len(mail.outbox) == 1

    def test_an_email_that_is_refused_stops_only_its_own(self, kim: User, server: type[Server]) -> None:
        enrolment = enrolled(sequence_of(Kind.EMAIL), kim)
        server.before = smtplib.SMTPRecipientsRefused({"ann@example.com": (550, b"no such user")})

        executing.run()

        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.reason) == (State.PAUSED, Reason.REFUSED)
        assert "550 no such user" in enrolment.detail
        assert not enrolment.runs.exists()

    def test_one_that_is_refused_for_now_is_tried_again_and_not_for_ever(self, kim: User, server: type[Server]) -> None:
        enrolment = enrolled(sequence_of(Kind.EMAIL), kim)
        server.before = smtplib.SMTPDataError(451, b"greylisted")

        for _ in range(5):
            executing.run()
            enrolment.refresh_from_db()
            assert enrolment.state == State.PAUSED or enrolment.due_at > timezone.now()
            now_due()

        assert (enrolment.state, enrolment.reason, enrolment.attempts) == (State.PAUSED, Reason.REFUSED, 4)

    def test_a_connection_that_breaks_leaves_one_in_doubt_and_sends_the_others(
        self, kim: User, server: type[Server], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sequence = sequence_of(Kind.EMAIL)
        for _ in range(3):
            enrolled(sequence, kim)
        breaks_once(server, monkeypatch, smtplib.SMTPServerDisconnected("gone"))

        executing.run()

        assert Enrolment.objects.filter(reason=Reason.UNKNOWN).count() == 1
        assert len(mail.outbox) == 2


def breaks_once(server: type[Server], monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    send: Callable[..., int] = server.send_messages
    calls = []

    def sends(self: Server, messages: Any) -> int:
        calls.append(messages)
        if len(calls) == 1:
            raise error
        return send(self, messages)

    monkeypatch.setattr(server, "send_messages", sends)


class TestRefusals:
    @pytest.mark.parametrize("change", [{"no_email": True}, {"stage": "Do Not Contact"}])
    def test_who_opted_out_meanwhile_gets_nothing(self, kim: User, change: dict[str, Any]) -> None:
        enrolment = enrolled(sequence_of(Kind.EMAIL), kim)
        if "stage" in change:
            change = {"stage": Stage.objects.get(name="Do Not Contact")}
        Contact.objects.update(**change)  # as a pull writes: no signal tells of it

        executing.run()

        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.reason) == (State.FINISHED, Reason.OPTED_OUT)
        assert not mail.outbox

    def test_who_opts_out_at_the_last_moment_gets_nothing(self, kim: User, monkeypatch: pytest.MonkeyPatch) -> None:
        enrolled(sequence_of(Kind.EMAIL), kim)
        send = executing.mail

        def opts_out_first(*args: Any) -> None:
            Contact.objects.update(no_email=True)
            send(*args)

        monkeypatch.setattr(executing, "mail", opts_out_first)
        executing.run()

        assert not mail.outbox
        assert Enrolment.objects.get().reason == Reason.OPTED_OUT

    def test_a_text_that_lacks_a_value_is_not_sent(self, kim: User) -> None:
        sequence = SequenceFactory()
        StepFactory(sequence=sequence, subject="Hello {{first_name}}")
        missing, present = enrolled(sequence, kim, first_name=""), enrolled(sequence, kim)

        executing.run()

        missing.refresh_from_db()
        assert (missing.state, missing.reason) == (State.PAUSED, Reason.MISSING)
        assert "no first name" in missing.detail
        assert [letter.to for letter in mail.outbox] == [[present.contact.email]]

    def test_a_fallback_stands_in_and_custom_values_are_known(self, kim: User) -> None:
        CustomFieldFactory(key="level", label="Level")
        sequence = SequenceFactory()
        StepFactory(sequence=sequence, subject="Hello {{first_name|there}}", body="Level {{custom.level}}")
        enrolled(sequence, kim, first_name="", custom={"level": "7"})

        executing.run()

        assert (mail.outbox[0].subject, mail.outbox[0].body.split("\n")[0]) == ("Hello there", "Level 7")

    def test_a_line_break_in_a_name_makes_no_header(self, kim: User) -> None:
        enrolled(sequence_of(Kind.EMAIL), kim, first_name="Ann\r\nBcc: all@example.com")

        executing.run()

        assert mail.outbox[0].subject == "Hello Ann Bcc: all@example.com"

    @pytest.mark.parametrize("change", [{"is_active": False}, {"role": User.Role.READ_ONLY}])
    def test_without_an_owner_who_may_write_nothing_goes(self, kim: User, change: dict[str, Any]) -> None:
        enrolment = enrolled(sequence_of(Kind.EMAIL), kim)
        User.objects.filter(pk=kim.pk).update(**change)

        executing.run()

        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.reason) == (State.PAUSED, Reason.SENDER)

    def test_nobody_writes_to_contacts_that_they_do_not_see_any_more(self, kim: User) -> None:
        enrolment = enrolled(sequence_of(Kind.EMAIL), kim, origin=Origin.CRM_PULL, owner=kim)
        Contact.objects.update(owner=UserFactory())
        let_see_pulled(Workspace.SeenBy.OWNERS)

        executing.run()

        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.reason) == (State.PAUSED, Reason.NOT_SEEN)


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
