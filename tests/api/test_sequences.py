import pytest

from activities.models import Enrolment, Sequence
from tests.api.conftest import V1, Api
from tests.factories import ContactFactory, SequenceFactory, StepFactory, UserFactory

pytestmark = pytest.mark.django_db

STEPS = [
    {"kind": "email", "subject": "Hi {{first_name|there}}", "body": "Hello"},
    {"kind": "call", "subject": "Follow up", "wait": 2},
]


def test_a_sequence_is_made_with_its_steps(api: Api) -> None:
    made = api.make("sequences", name="Welcome", steps=STEPS, is_on=True)

    one = api.one("sequences", made["id"])
    assert (one["is_on"], one["owner"]) == (True, api.user.pk)
    assert [(step["kind"], step["wait"]) for step in one["steps"]] == [("email", 0), ("call", 2)]
    assert api.change("sequences", made["id"], is_on=False)["is_on"] is False


def test_a_bad_step_makes_nothing(api: Api) -> None:
    steps = [*STEPS, {"kind": "email", "subject": "{{nmae}}", "body": "Hello"}]

    assert "no placeholder" in str(api.refused("sequences", name="Welcome", steps=steps))
    assert not Sequence.objects.exists()


def test_without_steps_it_is_not_turned_on(api: Api) -> None:
    assert "no steps" in str(api.refused("sequences", name="Welcome", is_on=True))


def test_steps_are_added_changed_and_deleted(api: Api) -> None:
    sequence = StepFactory(sequence__owner=api.user).sequence
    path = f"{V1}sequences/{sequence.pk}/steps/"

    step = api.post(path, {"kind": "task", "subject": "Look"}).json()
    assert api.patch(f"{path}{step['id']}/", {"subject": "Look again"}).json()["subject"] == "Look again"
    assert api.patch(f"{path}{step['id']}/", {"kind": "call"}).status_code == 400
    assert api.patch(f"{V1}sequences/{SequenceFactory().pk}/steps/{step['id']}/", {}).status_code == 404
    assert api.delete(f"{path}{step['id']}/").status_code == 204
    assert sequence.steps.count() == 1


def test_another_s_sequence_is_not_changed(api: Api) -> None:
    step = StepFactory(sequence__owner=UserFactory())
    path = f"{V1}sequences/{step.sequence_id}/"

    assert api.patch(path, {"is_on": False}).status_code == 403
    assert api.delete(path).status_code == 403
    assert api.post(f"{path}steps/", STEPS[1]).status_code == 403
    assert api.patch(f"{path}steps/{step.pk}/", {"subject": "Mine"}).status_code == 403
    assert api.delete(f"{path}steps/{step.pk}/").status_code == 403


def test_contacts_are_enrolled_and_the_refused_named(api: Api) -> None:
    sequence, ann, silent = StepFactory().sequence, ContactFactory(), ContactFactory(no_email=True)

    answer = api.post(f"{V1}sequences/{sequence.pk}/enrol/", {"ids": [ann.pk, silent.pk]}).json()

    assert answer["enrolled"] == 1
    assert answer["refused"][0]["contact"] == silent.pk
    assert "No e-mail" in answer["refused"][0]["reason"]
    assert Enrolment.objects.get().owner == api.user


def test_enrolments_are_listed_and_acted_on(api: Api) -> None:
    sequence, ann = StepFactory().sequence, ContactFactory()
    api.post(f"{V1}sequences/{sequence.pk}/enrol/", {"ids": [ann.pk]})
    (pk,) = api.ids("enrolments", sequence=sequence.pk, contact=ann.pk, state="active")

    assert api.post(f"{V1}enrolments/{pk}/pause/").json()["state"] == "paused"
    assert api.post(f"{V1}enrolments/{pk}/pause/").status_code == 409
    assert api.post(f"{V1}enrolments/{pk}/resume/").json()["state"] == "active"
    assert api.post(f"{V1}enrolments/{pk}/replied/").json()["reason"] == "replied"
    assert api.post(f"{V1}enrolments/{pk}/skip/").status_code == 409
