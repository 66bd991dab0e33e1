"""The list of all activities."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains

from activities.models import Activity
from common.models import Origin
from common.visibility import let_see_pulled
from tests.factories import ActivityFactory, ContactFactory, DealFactory, TaskFactory, UserFactory
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
ACT = "/records/activity/act/"


def subjects(client: Client, **query: object) -> list[str]:
    return [row.subject for row in client.get("/activities/", query, headers=HTMX).context["page"]]


@pytest.mark.usefixtures("user")
class TestList:
    def test_the_newest_come_first(self, client: Client) -> None:
        now = timezone.now()
        ActivityFactory(subject="Old", happened_at=now - timedelta(days=2))
        ActivityFactory(subject="New", happened_at=now)

        assert subjects(client) == ["New", "Old"]

    def test_it_is_searched_and_filtered(self, client: Client, user: User) -> None:
        contact = ContactFactory()
        ActivityFactory(subject="Élan called", kind=Activity.Kind.CALL, owner=user)
        ActivityFactory(subject="Note", contact=contact)
        TaskFactory(subject="Done", completed_at=timezone.now())
        TaskFactory(subject="To do")

        assert subjects(client, q="elan") == ["Élan called"]
        assert subjects(client, type="call") == ["Élan called"]
        assert subjects(client, owner=user.pk) == ["Élan called"]
        assert subjects(client, contact=contact.pk) == ["Note"]
        assert subjects(client, open="yes") == ["To do"]

    def test_tasks_to_do_stand_in_the_order_of_their_days(self, client: Client) -> None:
        TaskFactory(subject="Some day")
        TaskFactory(subject="Later", due_on=date(2026, 5, 1))
        TaskFactory(subject="Soon", due_on=date(2026, 4, 1))
        TaskFactory(subject="Done", due_on=date(2026, 3, 1), completed_at=timezone.now())
        ActivityFactory(subject="Note")

        assert subjects(client, sort="due") == ["Soon", "Later", "Some day"]

    def test_what_is_about_others_records_is_not_in_it(self, client: Client) -> None:
        let_see_pulled("owners")
        other = UserFactory()
        ActivityFactory(subject="Secret", owner=other, contact=ContactFactory(origin=Origin.CRM_PULL, owner=other))
        ActivityFactory(subject="Open")

        assert subjects(client) == ["Open"]

    def test_its_queries_do_not_grow_with_its_rows(self, client: Client, user: User) -> None:
        ActivityFactory(owner=user, deal=DealFactory())
        client.get("/activities/")  # the very first page makes the row of the connection
        with CaptureQueries() as few:
            client.get("/activities/")
        for _ in range(5):
            ActivityFactory(owner=UserFactory(), deal=DealFactory())
        with CaptureQueries() as many:
            client.get("/activities/")

        assert len(many) == len(few) <= 14

    def test_the_empty_list_says_where_activities_are_made(self, client: Client) -> None:
        assertContains(client.get("/activities/"), "No activities yet")


@pytest.mark.usefixtures("user")
class TestMany:
    def test_tasks_are_done_and_the_rest_is_left_alone(self, client: Client) -> None:
        task, note = TaskFactory(), ActivityFactory()

        client.post(ACT, {"action": "complete", "confirm": "yes", "ids": [task.pk, note.pk]})

        assert set(Activity.objects.exclude(completed_at=None)) == {task}

    def test_they_are_given_to_somebody_else(self, client: Client, user: User) -> None:
        theirs, untouched = ActivityFactory(owner=UserFactory()), ActivityFactory(owner=None)

        client.post(ACT, {"action": "owner", "ids": [theirs.pk], "owner": user.pk, "confirm": "yes"})

        assert Activity.objects.get(owner=user) == theirs
        assert Activity.objects.get(owner=None) == untouched

    def test_they_are_deleted(self, client: Client) -> None:
        chosen, other = ActivityFactory(), ActivityFactory()

        client.post(ACT, {"action": "delete_activities", "confirm": "yes", "ids": [chosen.pk]})

        assert Activity.objects.get() == other

    @pytest.mark.parametrize("action", ["stage", "merge", "delete"])
    def test_what_is_for_records_is_not_for_them(self, client: Client, action: str) -> None:
        answer = client.post(ACT, {"action": action, "confirm": "yes", "ids": [ActivityFactory().pk]})

        assert answer.status_code == 404
