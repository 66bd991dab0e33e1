"""Sequences on pages: making and editing them, enrolling, what is done with who is in one; e-mails by hand."""

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from activities.lists.services import add_to_list
from activities.models import Enrolment, Sequence, SequenceStep
from activities.sequences import enrolling, jobs
from common import actions
from common.jobs import run as run_job
from common.models import Job, Origin, Workspace
from common.tables import table_of
from common.visibility import let_see_pulled
from contacts.models import Contact
from tests.factories import (
    ContactFactory,
    RecordListFactory,
    SequenceFactory,
    StepFactory,
    UserFactory,
)
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
STEP = {"wait": "0", "unit": "days", "subject": "Hi {{first_name}}", "body": "Hello"}
State, Reason = Enrolment.State, Enrolment.Reason


@pytest.fixture
def sequence(user: User) -> Sequence:
    return StepFactory(sequence__owner=user, sequence__name="Welcome").sequence


def enrolled(sequence: Sequence, user: User, **values: Any) -> Enrolment:
    contact = ContactFactory(**values)
    enrolling.enrol(sequence, [contact.pk], user=user)
    return Enrolment.objects.get(contact=contact)


class TestEditor:
    def test_a_sequence_is_made_given_steps_and_turned_on(self, client: Client, user: User) -> None:
        made = client.post("/sequences/new/", {"name": "Welcome", "description": "", "hours": "office"})
        sequence = Sequence.objects.get()
        assertRedirects(made, sequence.get_absolute_url())
        path = sequence.get_absolute_url()

        client.post(f"{path}switch/", {"on": ""})
        assert not Sequence.objects.get().is_on  # it has no steps yet
        assert client.post(f"{path}steps/add/email/", STEP, headers=HTMX).status_code == 200
        client.post(f"{path}steps/add/call/", STEP | {"waits_for_task": "on"}, headers=HTMX)
        client.post(f"{path}switch/", {"on": ""})

        sequence.refresh_from_db()
        assert (sequence.is_on, sequence.owner, sequence.hours) == (True, user, "office")
        assert [step.kind for step in sequence.steps.all()] == ["email", "call"]

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"subject": "Hi {{nmae}}"}, "There is no placeholder {{nmae}}"),
            ({"body": ""}, "This field is required."),
            ({"wait": "-1"}, "greater than or equal to 0"),
            ({"wait": "99999"}, "less than or equal to"),
        ],
    )
    def test_what_is_wrong_stands_beside_its_field(
        self, client: Client, sequence: Sequence, values: dict[str, str], message: str
    ) -> None:
        response = client.post(f"/sequences/{sequence.pk}/steps/add/email/", STEP | values, headers=HTMX)

        assertContains(response, message, status_code=422)
        assert sequence.steps.count() == 1

    def test_a_step_is_edited_moved_and_deleted(self, client: Client, sequence: Sequence) -> None:
        first, second = sequence.steps.get(), StepFactory(sequence=sequence, subject="Second")
        path = f"/sequences/steps/{first.pk}/"

        client.post(path, STEP | {"subject": "Changed"}, headers=HTMX)
        client.post(f"{path}move/down/", headers=HTMX)
        first.refresh_from_db()
        assert (first.subject, list(sequence.steps.all())) == ("Changed", [second, first])

        assertNotContains(client.post(f"{path}delete/", headers=HTMX), "Changed")
        assert list(sequence.steps.all()) == [second]

    def test_a_preview_shows_what_somebody_would_read(self, client: Client, user: User) -> None:
        ContactFactory(first_name="Ann", last_name="Roe")

        shown = client.post("/sequences/preview/", {"subject": "Hi {{first_name}}", "body": "Dear {{name}}"})
        assertContains(shown, "Hi Ann")
        assertContains(shown, "Dear Ann Roe")
        assertContains(client.post("/sequences/preview/", {"subject": "{{title}}"}), "has no title")
        assertContains(client.post("/sequences/preview/", {"subject": "{{x}}"}), "no placeholder")

    def test_others_look_and_change_nothing(self, client: Client, sequence: Sequence) -> None:
        client.force_login(UserFactory())
        path, step = sequence.get_absolute_url(), sequence.steps.get()

        assertNotContains(client.get(path), "Add e-mail")
        for place in (f"{path}edit/", f"{path}delete/", f"{path}steps/add/email/", f"/sequences/steps/{step.pk}/"):
            assert client.get(place).status_code == 403
            assert client.post(place, STEP).status_code == 403
        for place in (f"{path}switch/", f"/sequences/steps/{step.pk}/move/up/", f"/sequences/steps/{step.pk}/delete/"):
            assert client.post(place).status_code == 403
        assert sequence.steps.get().subject == step.subject

    def test_the_overview_counts_people_and_costs_the_same_for_many(
        self, client: Client, user: User, sequence: Sequence
    ) -> None:
        enrolled(sequence, user)
        client.get("/sequences/")
        with CaptureQueries() as few:
            assertContains(client.get("/sequences/"), "Welcome")
        for _ in range(10):
            enrolled(StepFactory(sequence__owner=UserFactory()).sequence, user)
        with CaptureQueries() as many:
            client.get("/sequences/")

        assert len(many) == len(few)


class TestPeople:
    def test_who_is_enrolled_is_shown_and_who_is_not_with_the_reason(
        self, client: Client, user: User, sequence: Sequence
    ) -> None:
        path = f"{sequence.get_absolute_url()}people/"
        ann, silent = ContactFactory(last_name="Wanted"), ContactFactory(no_email=True)

        assertRedirects(client.post(f"{path}add/", {"contact": ann.pk}), path)
        assertContains(client.get(path), "Wanted")
        refused = client.post(f"{path}add/", {"contact": silent.pk})
        assertContains(refused, "does not want e-mail", status_code=422)

    def test_people_are_shown_by_their_state_at_the_same_cost(
        self, client: Client, user: User, sequence: Sequence
    ) -> None:
        path = f"{sequence.get_absolute_url()}people/"
        enrolling.pause(enrolled(sequence, user, last_name="Paused").pk)
        enrolled(sequence, user, last_name="Going")
        client.get(path)
        with CaptureQueries() as few:
            page = client.get(path, {"state": "paused"})
        assertContains(page, "Ann Paused")
        assertNotContains(page, "Ann Going")
        for _ in range(10):
            enrolling.pause(enrolled(sequence, UserFactory()).pk)
        with CaptureQueries() as many:
            client.get(path, {"state": "paused"})

        assert len(many) == len(few)

    def test_nobody_sees_people_whom_they_do_not_see_elsewhere(
        self, client: Client, user: User, sequence: Sequence
    ) -> None:
        hidden = enrolled(sequence, user, last_name="Zebulon", origin=Origin.CRM_PULL, owner=UserFactory())
        let_see_pulled(Workspace.SeenBy.OWNERS)

        assertNotContains(client.get(f"{sequence.get_absolute_url()}people/"), "Zebulon")
        assert client.post(f"/sequences/people/{hidden.pk}/finish/").status_code == 404

    @pytest.mark.parametrize(
        ("deed", "state", "reason"),
        [
            ("pause", State.PAUSED, Reason.PERSON),
            ("skip", State.FINISHED, Reason.THROUGH),
            ("finish", State.FINISHED, Reason.STOPPED),
            ("replied", State.FINISHED, Reason.REPLIED),
        ],
    )
    def test_what_is_done_with_one_shows_in_its_row(
        self, client: Client, user: User, sequence: Sequence, deed: str, state: str, reason: str
    ) -> None:
        enrolment = enrolled(sequence, user)

        row = client.post(f"/sequences/people/{enrolment.pk}/{deed}/", headers=HTMX)

        enrolment.refresh_from_db()
        assert (enrolment.state, enrolment.reason) == (state, reason)
        assertContains(row, enrolment.get_reason_display())

    def test_a_second_click_says_that_it_has_changed(self, client: Client, user: User, sequence: Sequence) -> None:
        path = f"/sequences/people/{enrolled(sequence, user).pk}/finish/"
        client.post(path, headers=HTMX)

        assert "changed meanwhile" in client.post(path, headers=HTMX)["HX-Trigger"]

    def test_a_whole_list_is_enrolled_as_a_job(
        self, client: Client, user: User, sequence: Sequence, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(jobs, "CHUNK", 2)
        present = RecordListFactory()
        contacts = [ContactFactory(), ContactFactory(no_email=True), ContactFactory(), ContactFactory(email="")]
        add_to_list(present, [contact.pk for contact in contacts], user=None)

        client.post(f"{sequence.get_absolute_url()}people/add-list/", {"list": present.pk})
        run_job(Job.objects.get().pk)

        job = Job.objects.get()
        assert (job.state, job.done, job.total) == ("done", 4, 4)
        assert job.counts == {
            "enrolled": 2,
            "not enrolled: does not want e-mail": 1,
            "not enrolled: has no e-mail address": 1,
        }
        assert Enrolment.objects.filter(owner=user).count() == 2


class TestCard:
    def test_a_contact_is_enrolled_on_its_page(self, client: Client, user: User, sequence: Sequence) -> None:
        ann = ContactFactory()
        assertContains(client.get(ann.get_absolute_url()), "Choose a sequence")

        card = client.post(f"/sequences/of/contact/{ann.pk}/", {"sequence": sequence.pk}, headers=HTMX)

        assertContains(card, "Active")
        assert Enrolment.objects.get().contact == ann

    def test_who_opted_out_is_not_and_the_card_says_why(self, client: Client, user: User, sequence: Sequence) -> None:
        silent = ContactFactory(no_email=True)
        assertContains(client.get(silent.get_absolute_url()), "“No e-mail” is set")

        card = client.post(f"/sequences/of/contact/{silent.pk}/", {"sequence": sequence.pk}, headers=HTMX)

        assertContains(card, "does not want e-mail", status_code=422)
        assert not Enrolment.objects.exists()

    def test_a_sequence_without_steps_is_not_offered(self, client: Client, user: User) -> None:
        empty, ann = SequenceFactory(), ContactFactory()

        card = client.post(f"/sequences/of/contact/{ann.pk}/", {"sequence": empty.pk}, headers=HTMX)

        assertContains(card, "It is not there any more.", status_code=422)


def test_strangers_sign_in_first(client: Client) -> None:
    sequence = StepFactory().sequence
    for path in ("", "new/", f"{sequence.pk}/", f"{sequence.pk}/people/", f"steps/{sequence.steps.get().pk}/"):
        assertRedirects(
            client.get(f"/sequences/{path}"), f"/auth/login/?next=/sequences/{path}", fetch_redirect_response=False
        )
    assert SequenceStep.objects.exists()
    assert not Contact.objects.exists()


class TestMany:
    def test_a_selection_is_enrolled_and_who_is_left_out_counted(self, user: User, sequence: Sequence) -> None:
        ann, silent = ContactFactory(), ContactFactory(no_email=True)
        action = actions.action_for("enrol", "contact", user)
        assert action
        table = table_of("contact")
        data = QueryDict(f"sequence={sequence.pk}")

        job = actions.start(action, actions.Selection(table, (ann.pk, silent.pk)), user=user, data=data)
        run_job(job.pk)

        job.refresh_from_db()
        assert job.state == "done", job.message
        assert {what: number for what, number in job.counts.items() if number} == {
            "enrolled": 1,
            "not enrolled: does not want e-mail": 1,
        }
        assert Enrolment.objects.get().contact == ann

    def test_contacts_are_found_by_the_sequence_that_they_are_in(
        self, client: Client, user: User, sequence: Sequence
    ) -> None:
        enrolled(sequence, user, last_name="Within")
        enrolling.finish(enrolled(sequence, user, last_name="Through").pk)
        ContactFactory(last_name="Without")

        page = client.get("/contacts/", {"sequence": sequence.pk})

        assertContains(page, "Ann Within")
        assertNotContains(page, "Ann Through")
        assertNotContains(page, "Ann Without")
