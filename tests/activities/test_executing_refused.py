"""Who gets nothing from a sequence, and which texts are not sent."""

from typing import Any

import pytest
from django.core import mail

from activities.models import Enrolment, SequenceStep
from activities.sequences import executing
from common.models import Origin, Workspace
from common.visibility import let_see_pulled
from contacts.models import Contact, Stage
from tests.activities.sequencing import enrolled, sequence_of
from tests.factories import CustomFieldFactory, SequenceFactory, StepFactory, UserFactory
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("server")]

Kind, State, Reason = SequenceStep.Kind, Enrolment.State, Enrolment.Reason


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
