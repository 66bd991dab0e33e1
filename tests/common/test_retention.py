"""For how long what happened is kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains

from common import retention
from common.models import Retention
from contacts import services
from integrations import logins
from integrations.models import ErrorEntry, Run, SyncEvent
from tests.factories import ContactFactory, UserFactory

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=400)


@pytest.fixture
def past() -> Any:
    """A contact with an old and a new change, and what the sync told of it."""
    contact, connection = ContactFactory(), logins.the_connection()
    for title in ("CEO", "CTO"):
        services.update_contact(contact.pk, {"title": title})
    contact.events.filter(pk=contact.events.order_by("pgh_id").first().pk).update(pgh_created_at=LONG_AGO)
    for at in (LONG_AGO, timezone.now()):
        SyncEvent.objects.create(record_kind="contact", record_id=contact.pk, kind="pushed", at=at)
        Run.objects.create(connection=connection, kind="push", state="done", finished_at=at)
        ErrorEntry.objects.create(connection=connection, record_kind="contact", code="X", closed_at=at)
    SyncEvent.objects.create(record_kind="contact", record_id=contact.pk, kind="conflict", at=LONG_AGO)
    ErrorEntry.objects.create(connection=connection, record_kind="contact", code="Y", last_at=LONG_AGO)
    return contact


def left(contact: Any) -> list[int]:
    return [contact.events.count(), *(model.objects.count() for model in (SyncEvent, Run, ErrorEntry))]


def test_at_first_everything_is_kept(past: Any) -> None:
    retention.prune()

    assert left(past) == [2, 3, 2, 3]


@pytest.mark.parametrize(
    ("name", "expected"), [("history", [1, 2, 2, 3]), ("runs", [2, 3, 1, 3]), ("errors", [2, 3, 2, 2])]
)
def test_what_is_older_goes_but_for_what_is_still_open(name: str, expected: list[int], past: Any) -> None:
    Retention.objects.create(pk=1, **{f"{name}_months": 12})

    retention.prune()

    assert left(past) == expected


def test_much_goes_part_by_part(past: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[str] = []
    monkeypatch.setattr(retention, "async_task", again.append)
    Retention.objects.create(pk=1, history_months=12)

    retention.prune(seconds=0)

    assert again == ["common.retention.prune"]


def test_admins_set_it(admin_client: Client) -> None:
    assertContains(admin_client.get("/settings/retention/"), "For ever")
    admin_client.post("/settings/retention/", {"history_months": "24", "runs_months": "", "settings_months": "24"})

    assert (Retention.load().history_months, Retention.load().runs_months) == (24, None)
    assert admin_client.post("/settings/retention/", {"history_months": "-1"}).status_code == 422


def test_members_do_not(client: Client) -> None:
    client.force_login(UserFactory())
    assert client.get("/settings/retention/").status_code == 403
