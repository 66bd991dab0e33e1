from datetime import date, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from activities.models import Activity, Participant
from deals.models import Stage
from tests.factories import (
    AccountFactory,
    ActivityFactory,
    ContactFactory,
    DealFactory,
    TaskFactory,
    UserFactory,
)
from tests.pages import CaptureQueries, shown
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize("path", ["1/", "of/contact/1/", "of/contact/1/add/note/"])
def test_a_stranger_signs_in_first(client: Client, path: str) -> None:
    assertRedirects(client.get(f"/activities/{path}"), f"/auth/login/?next=/activities/{path}")


def add(client: Client, path: str, **values: Any) -> HttpResponse:
    """Fill in the form that an address shows, and send it."""
    data = shown(client.get(path, headers=HTMX).context["form"])
    return client.post(path, data | values, headers=HTMX)


class TestAdding:
    def test_a_note_is_its_writer_s_and_belongs_to_the_account_too(self, client: Client, user: User) -> None:
        contact = ContactFactory(account=AccountFactory())

        response = add(client, f"/activities/of/contact/{contact.pk}/add/note/", body="Hello")

        note = Activity.objects.get()
        assert (note.kind, note.owner, note.contact, note.account) == ("note", user, contact, contact.account)
        assert "record-saved" in response["HX-Trigger"]

    @pytest.mark.parametrize(("kind", "field"), [("note", "body"), ("call", "subject"), ("task", "subject")])
    def test_an_empty_one_is_refused_beside_its_field(self, client: Client, user: User, kind: str, field: str) -> None:
        path = f"/activities/of/deal/{DealFactory().pk}/add/{kind}/"

        response = add(client, path, happened_at="2026-01-01T10:00")

        assert response.status_code == 422
        assert field in response.context["form"].errors
        assert not Activity.objects.exists()

    def test_a_call_happened_when_its_maker_says_in_their_time_zone(self, client: Client, user: User) -> None:
        user.time_zone = "Europe/Berlin"
        user.save()
        path = f"/activities/of/account/{AccountFactory().pk}/add/call/"

        add(client, path, subject="Hello", happened_at="2026-01-05T10:00")

        assert Activity.objects.get().happened_at.isoformat() == "2026-01-05T09:00:00+00:00"

    @pytest.mark.parametrize("path", ["contact/999/add/note/", "planet/1/add/note/", "contact/{pk}/add/email/"])
    def test_what_cannot_be_added_is_not_there(self, client: Client, user: User, path: str) -> None:
        path = path.format(pk=ContactFactory().pk)

        assert client.post(f"/activities/of/{path}", {"body": "x"}).status_code == 404


class TestTasks:
    def test_a_task_is_checked_off_and_opened_again(self, client: Client, user: User) -> None:
        task = TaskFactory()

        done = client.post(f"/activities/{task.pk}/complete/", headers=HTMX)
        assert Activity.objects.get().completed_at is not None
        client.post(f"/activities/{task.pk}/complete/", headers=HTMX)

        assertContains(done, "checked")
        assert Activity.objects.get().completed_at is None

    def test_only_tasks_can_be_completed(self, client: Client, user: User) -> None:
        assert client.post(f"/activities/{ActivityFactory().pk}/complete/").status_code == 404

    def test_an_activity_is_edited_and_deleted_on_its_own_page(self, client: Client, user: User) -> None:
        task = TaskFactory(subject="Call")
        path = f"/activities/{task.pk}/"

        assertContains(client.get(path), "Call")
        form = shown(client.get(path).context["form"])
        assertRedirects(client.post(path, form | {"subject": "Call again"}), path)
        assertContains(client.get(path), "Subject changed")
        assert Activity.objects.get().subject == "Call again"
        client.post(f"{path}delete/")
        assert not Activity.objects.exists()

    def test_it_is_asked_before_one_is_deleted(self, client: Client, user: User) -> None:
        task = TaskFactory()

        assertContains(client.get(f"/activities/{task.pk}/delete/"), str(task.contact))
        assert Activity.objects.exists()


class TestHome:
    def test_it_shows_what_is_mine(self, client: Client, user: User) -> None:
        TaskFactory(subject="My task", owner=user)
        TaskFactory(subject="Done", owner=user, completed_at=timezone.now())
        TaskFactory(subject="Other's", owner=UserFactory())
        ContactFactory(last_name="Mine", owner=user)
        today = timezone.localdate()
        DealFactory(owner=user, amount=1000, close_on=today)
        DealFactory(owner=user, amount=500, close_on=today)
        DealFactory(owner=user, amount=9, close_on=today, stage=Stage.objects.get(name="Lost"))

        response = client.get("/")

        for text in ("My task", "Ann Mine", "of 1,500 USD by probability"):
            assertContains(response, text)
        for text in (">Done<", "Other's"):
            assertNotContains(response, text)

    def test_an_overdue_task_is_marked(self, client: Client, user: User) -> None:
        TaskFactory(owner=user, due_on=date.today() - timedelta(days=2))  # noqa: DTZ011

        assertContains(client.get("/"), "overdue since")

    def test_the_first_visit_says_what_to_do(self, client: Client, user: User) -> None:
        assertContains(client.get("/"), "Welcome to Tandem")
        ContactFactory()
        assertNotContains(client.get("/"), "Welcome to Tandem")

    def test_its_queries_do_not_grow(self, client: Client, user: User) -> None:
        TaskFactory(owner=user)
        client.get("/")
        with CaptureQueries() as few:
            client.get("/")
        for _ in range(8):
            TaskFactory(owner=user, contact=ContactFactory(owner=user, account=AccountFactory()))

        with CaptureQueries() as many:
            client.get("/")

        assert len(many) == len(few)


def test_an_email_to_very_many_names_a_few_and_folds_the_rest(client: Client, user: User) -> None:
    email = ActivityFactory(kind="email", direction="out", contact=ContactFactory(), owner=user)
    names = [f"person{number}@others.example" for number in range(100)]
    Participant.objects.bulk_create(Participant(activity=email, role="to", address=name) for name in names)

    page = client.get(email.get_absolute_url())

    assertContains(page, "to person0@others.example, person1@others.example, person2@others.example and 97 more")
    assertContains(page, "<summary>100 others</summary>", html=True)
    assertContains(page, "person99@others.example", count=1)
