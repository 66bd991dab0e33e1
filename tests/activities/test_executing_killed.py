"""Workers that die, meet or find no mail server: nothing of a sequence is lost, no e-mail goes twice."""

import smtplib
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from activities.models import Activity, Enrolment, SequenceStep, StepRun
from activities.sequences import enrolling, executing
from tests.activities.sequencing import Killed, Server, dies, enrolled, lease_ends, now_due, sequence_of
from tests.pages import CaptureQueries
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

Kind, State, Reason = SequenceStep.Kind, Enrolment.State, Enrolment.Reason


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

    def test_who_was_moved_meanwhile_gets_no_task_of_the_step_that_was_theirs(
        self, kim: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        enrolment = enrolled(sequence_of(Kind.TASK, Kind.TASK), kim)
        second = enrolment.sequence.steps.last()
        settle = executing._settle

        def moved(*args: Any) -> None:
            Enrolment.objects.update(next_step=second)
            settle(*args)

        monkeypatch.setattr(executing, "_settle", moved)
        executing.run()

        assert StepRun.objects.get().step == second


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
