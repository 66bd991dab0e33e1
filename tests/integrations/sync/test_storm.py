"""Random edits on both sides under random faults; then quiet: both sides are equal, nothing lost, nothing doubled.

A seed repeats a storm: ``STORM_SEED=n make test``. Longer ones: ``make test-long``.
"""

import os
from collections import Counter
from typing import Any

import pytest
from django.db.models.signals import post_save

from integrations.models import Connection, IngestJob
from tests.integrations.sync.storms import EDITS, SYNC, be_impatient, join_no_accounts, weather
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _storm(synced: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    join_no_accounts(synced)
    be_impatient(monkeypatch)


def blow(synced: Connection, org: Org, steps: int, seed: int) -> None:
    weather(org, synced, (*EDITS, *SYNC), steps, seed)
    names = Counter(row["LastName"] for row in org.query("SELECT LastName FROM Contact WHERE LastName LIKE 'Storm %'"))
    assert set(names.values()) <= {1}, f"seed {seed}, {steps} steps"


@pytest.mark.parametrize("seed", [int(os.environ.get("STORM_SEED", "1")), 2, 3])
def test_after_a_storm_both_sides_are_equal(synced: Connection, org: Org, seed: int) -> None:
    blow(synced, org, 80, seed)


def test_after_a_storm_of_bulk_jobs_both_sides_are_equal(synced: Connection, org: Org, settings: Any) -> None:
    settings.SYNC_BULK_FROM = 1
    synced.object_settings.update(external_id_field="Tandem_Id__c")
    jobs: list[int] = []

    def note(instance: IngestJob, **_: Any) -> None:
        jobs.append(instance.pk)

    post_save.connect(note, sender=IngestJob)
    try:
        blow(synced, org, 80, 4)
    finally:
        post_save.disconnect(note, sender=IngestJob)
    assert jobs
    assert not IngestJob.objects.exists()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 106))
def test_after_a_long_storm_both_sides_are_equal(synced: Connection, org: Org, seed: int) -> None:
    blow(synced, org, 500, seed)
