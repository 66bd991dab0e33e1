"""Who is taken into a sequence, who is not and why, and what takes people out again."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from activities.models import Enrolment, Sequence, SequenceStep
from activities.sequences import editing, enrolling
from common import merging, trash
from common.acting import acting_as
from common.bulk import update_rows
from common.models import Origin, Workspace
from common.visibility import let_see_pulled
from contacts.models import Contact, Stage
from contacts.services import update_contact
from tests.factories import AdminFactory, ContactFactory, SequenceFactory, StepFactory, UserFactory
from tests.pages import CaptureQueries
from users.models import User
from users.services import deactivate

pytestmark = pytest.mark.django_db

Kind, State, Reason = SequenceStep.Kind, Enrolment.State, Enrolment.Reason


@pytest.fixture
def sequence() -> Sequence:
    return StepFactory().sequence


def enrol(sequence: Sequence, user: User, *contacts: Contact, **options: Any) -> enrolling.Enrolled:
    return enrolling.enrol(sequence, [contact.pk for contact in contacts], user=user, **options)


class TestEnrolling:
    def test_the_first_step_is_due_after_its_wait(self, sequence: Sequence, kim: User) -> None:
        sequence.steps.update(wait=2, unit="hours")

        assert enrol(sequence, kim, ContactFactory()).count == 1

        row = Enrolment.objects.get()
        assert (row.owner, row.next_step, row.state) == (kim, sequence.steps.get(), State.ACTIVE)
        assert row.due_at
        assert abs(row.due_at - timezone.now() - timedelta(hours=2)) < timedelta(minutes=1)

    @pytest.mark.parametrize(
        ("values", "why"),
        [
            ({"no_email": True}, "“No e-mail” is set"),
            ({"email": ""}, "no e-mail address"),
            ({"stage": "Do Not Contact"}, "nobody is contacted"),
        ],
    )
    def test_who_must_not_be_written_to_is_refused_with_the_reason(
        self, sequence: Sequence, kim: User, values: dict[str, Any], why: str
    ) -> None:
        if "stage" in values:
            values = {"stage": Stage.objects.get(name=values["stage"])}

        ((_, reason),) = enrol(sequence, kim, ContactFactory(**values)).refused

        assert why in reason
        assert not Enrolment.objects.exists()

    def test_who_must_not_be_called_is_refused_where_there_are_calls(self, sequence: Sequence, kim: User) -> None:
        silent = ContactFactory(do_not_call=True)
        calls = StepFactory(kind=Kind.CALL).sequence

        assert enrol(sequence, kim, silent).count == 1
        assert "“Do not call”" in enrol(calls, kim, silent).refused[0][1]

    def test_nobody_is_in_it_twice_nor_written_to_at_one_address_twice(self, sequence: Sequence, kim: User) -> None:
        ann, twin = ContactFactory(email="ann@example.com"), ContactFactory(email="ANN@example.com")

        result = enrol(sequence, kim, ann, twin)
        again = enrol(sequence, kim, ann, twin)

        assert (result.count, again.count) == (1, 0)
        assert again.refused[0][1] == "is in it already"
        assert "somebody who is in it already" in result.refused[0][1]

    def test_who_has_been_through_is_taken_again_only_when_asked(self, sequence: Sequence, kim: User) -> None:
        ann = ContactFactory()
        enrol(sequence, kim, ann)
        enrolling.finish(Enrolment.objects.get().pk)

        assert enrol(sequence, kim, ann).refused == [(ann, "has been through it")]
        assert enrol(sequence, kim, ann, again=True).count == 1
        assert Enrolment.objects.get().state == State.ACTIVE

    def test_without_steps_nobody_is_taken(self, kim: User) -> None:
        with pytest.raises(ValidationError, match="no steps"):
            enrol(SequenceFactory(), kim, ContactFactory())

    def test_nobody_takes_whom_they_do_not_see(self, sequence: Sequence, kim: User) -> None:
        hidden = ContactFactory(origin=Origin.CRM_PULL, owner=UserFactory())
        let_see_pulled(Workspace.SeenBy.OWNERS)

        assert enrol(sequence, kim, hidden) == enrolling.Enrolled()

    def test_many_cost_what_one_costs(self, sequence: Sequence, kim: User) -> None:
        one, many = ContactFactory(), [ContactFactory() for _ in range(20)]
        assert kim.sees_everything  # asked once a request
        with CaptureQueries() as few:
            enrol(sequence, kim, one)
        with CaptureQueries() as more:
            enrol(sequence, kim, *many)

        assert len(more) == len(few)


class TestEnds:
    @pytest.mark.parametrize("way", ["edit", "bulk", "stage"])
    def test_who_opts_out_is_taken_out_at_once(self, sequence: Sequence, kim: User, way: str) -> None:
        ann, stays = ContactFactory(), ContactFactory()
        enrol(sequence, kim, ann, stays)

        match way:
            case "edit":
                update_contact(ann.pk, {"no_email": True})
            case "bulk":
                update_rows(Contact.objects.filter(pk=ann.pk), no_email=True)
            case "stage":
                update_contact(ann.pk, {"stage": Stage.objects.get(name="Do Not Contact")})

        states = dict(Enrolment.objects.values_list("contact_id", "reason"))
        assert states == {ann.pk: Reason.OPTED_OUT, stays.pk: ""}

    def test_no_calls_any_more_does_not_end_what_only_writes(self, sequence: Sequence, kim: User) -> None:
        ann = ContactFactory()
        enrol(sequence, kim, ann)

        update_contact(ann.pk, {"do_not_call": True})

        assert Enrolment.objects.get().state == State.ACTIVE

    def test_a_reply_ends_all_that_somebody_is_in(self, sequence: Sequence, kim: User) -> None:
        ann = ContactFactory()
        enrol(sequence, kim, ann)
        enrol(StepFactory().sequence, kim, ann)

        assert enrolling.end_for([ann.pk], Reason.REPLIED) == 2
        assert enrolling.end_for([ann.pk], Reason.REPLIED) == 0

    def test_who_is_deleted_leaves_and_comes_back_paused(self, sequence: Sequence, kim: User) -> None:
        ann = ContactFactory()
        enrol(sequence, kim, ann)

        trash.delete_records(Contact, [ann.pk])
        assert not Enrolment.objects.exists()
        trash.restore("contact", ann.pk)

        row = Enrolment.objects.get()
        assert (row.state, row.reason) == (State.PAUSED, Reason.RESTORED)

    def test_of_two_merged_contacts_the_one_that_stays_goes_on_once(self, sequence: Sequence, kim: User) -> None:
        keep, other = ContactFactory(), ContactFactory()
        enrol(sequence, kim, keep, other)
        enrol(StepFactory().sequence, kim, other)

        merging.merge(keep, other)

        assert Enrolment.objects.filter(contact=keep).count() == Enrolment.objects.count() == 2

    def test_who_leaves_the_team_hands_over_whom_they_write_to(self, sequence: Sequence, kim: User) -> None:
        enrol(sequence, kim, ContactFactory())
        heir = AdminFactory()

        deactivate(kim, heir=heir)

        assert Enrolment.objects.get().owner == heir


class TestPeople:
    def test_only_what_runs_is_paused_and_only_what_is_paused_resumed(self, sequence: Sequence, kim: User) -> None:
        enrol(sequence, kim, ContactFactory())
        pk = Enrolment.objects.get().pk

        assert not enrolling.resume(pk)
        assert enrolling.pause(pk)
        assert not enrolling.pause(pk)
        assert enrolling.resume(pk)
        assert enrolling.finish(pk)
        for deed in (enrolling.finish, enrolling.pause, enrolling.resume, enrolling.skip):
            assert not deed(pk)

    def test_a_step_is_skipped(self, sequence: Sequence, kim: User) -> None:
        second = StepFactory(sequence=sequence)
        enrol(sequence, kim, ContactFactory())
        row = Enrolment.objects.get()

        assert enrolling.skip(row.pk)
        row.refresh_from_db()
        assert (row.next_step, row.state) == (second, State.ACTIVE)
        assert enrolling.skip(row.pk)
        row.refresh_from_db()
        assert (row.state, row.reason) == (State.FINISHED, Reason.THROUGH)


class TestEditing:
    def test_steps_stand_in_their_order_and_change_places(self, sequence: Sequence) -> None:
        first = sequence.steps.get()
        second = editing.add_step(sequence.pk, kind=Kind.CALL, subject="Call")

        editing.move_step(second.pk, up=True)
        editing.move_step(second.pk, up=True)  # it is the first already

        assert list(sequence.steps.all()) == [second, first]

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"subject": "Hi {{frist_name}}"}, "subject"),
            ({"body": "Hi {{first_name"}, "body"),
            ({"body": "  "}, "body"),
            ({"subject": ""}, "subject"),
        ],
    )
    def test_a_text_that_could_not_be_sent_is_refused(
        self, sequence: Sequence, values: dict[str, str], field: str
    ) -> None:
        with pytest.raises(ValidationError) as refused:
            editing.add_step(sequence.pk, **{"kind": Kind.EMAIL, "subject": "Hi", "body": "Hi"} | values)

        assert field in refused.value.message_dict

    def test_without_steps_it_is_not_turned_on_and_turns_off(self, sequence: Sequence) -> None:
        with pytest.raises(ValidationError, match="no steps"):
            editing.update_sequence(SequenceFactory(is_on=False).pk, {"is_on": True})

        editing.delete_step(sequence.steps.get().pk)

        sequence.refresh_from_db()
        assert not sequence.is_on

    def test_only_its_owner_and_admins_change_it(self, sequence: Sequence, kim: User) -> None:
        Sequence.objects.update(owner=UserFactory())
        step = sequence.steps.get()
        deeds = [
            lambda: editing.update_sequence(sequence.pk, {"is_on": False}),
            lambda: editing.add_step(sequence.pk, kind=Kind.CALL, subject="Call"),
            lambda: editing.update_step(step.pk, {"subject": "Mine"}),
            lambda: editing.move_step(step.pk, up=True),
            lambda: editing.delete_step(step.pk),
            lambda: editing.delete_sequence(sequence.pk),
        ]
        for deed in deeds:
            with acting_as(kim), pytest.raises(PermissionDenied):
                deed()
        with acting_as(AdminFactory()):
            deeds[-1]()
        assert not Sequence.objects.exists()
