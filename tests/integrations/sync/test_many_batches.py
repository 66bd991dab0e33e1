"""Pushes of many batches, several of which are under way at once."""

from typing import Any

import pytest

from common.bulk import update_rows
from contacts.models import Contact
from integrations.models import Connection, Outbox, RecordLink, Run
from integrations.sync import writing
from tests.conftest import push_all
from tests.integrations.sync.pushing import later
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
WRITE = {"method": "PATCH", "path": "composite/sobjects"}


@pytest.fixture
def edited(synced: Connection, monkeypatch: pytest.MonkeyPatch) -> list[Contact]:
    """Fourteen contacts that wait to be pushed, two in a batch."""
    monkeypatch.setattr(writing, "BATCH", 2)
    contacts = list(Contact.objects.filter(crm_object="Contact").order_by("pk")[:14])
    update_rows(Contact.objects.filter(pk__in=[contact.pk for contact in contacts]), title="Many of Us")
    return contacts


def titled(org: Org) -> int:
    return len(org.query("SELECT Id FROM Contact WHERE Title = 'Many of Us'"))


@pytest.mark.parametrize(
    "fault",
    [
        {"do": "expire"},
        {"do": "drop_before"},
        {"do": "drop_after"},
        {"do": "status", "status": 503},
        {"do": "html"},
        {"do": "truncate"},
        {"do": "lock"},
    ],
    ids=lambda fault: fault["do"],
)
def test_every_change_arrives_once_whatever_happens_to_one_call(
    synced: Connection, org: Org, edited: list[Contact], fault: dict[str, Any]
) -> None:
    org.faults({"match": WRITE, "after": 2, "times": 1, **fault})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    assert titled(org) == len(edited)
    assert not Outbox.objects.exists()
    for link in RecordLink.objects.filter(record_kind="contact", record_id__in=[contact.pk for contact in edited]):
        assert link.base["Title"] == "Many of Us"


def test_what_went_through_beside_a_failed_call_is_settled_at_once(
    synced: Connection, org: Org, edited: list[Contact]
) -> None:
    org.faults({"match": WRITE, "do": "status", "status": 503, "after": 1, "times": 1})

    push_all(sleeper=lambda seconds: None)

    assert titled(org) == len(edited) - Outbox.objects.count()
    assert Outbox.objects.count() < len(edited)


def test_the_counts_of_the_runs_add_up(synced: Connection, org: Org, edited: list[Contact]) -> None:
    push_all()

    assert sum(run.updated for run in Run.objects.filter(kind=Run.Kind.PUSH)) == len(edited)
