"""What monitors ask: whether pages can be shown, whether workers live, and what Prometheus reads."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.db import DatabaseError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from django_q.models import Schedule
from prometheus_client.parser import text_string_to_metric_families

from common import heartbeat
from integrations.models import Connection, Cursor, ErrorEntry, Outbox
from tests.factories import ContactFactory
from tests.pages import CaptureQueries

TOKEN = "of-tests-0123456789"


@pytest.fixture(autouse=True)
def _fresh(db: None) -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()


@pytest.fixture
def token(settings: Any) -> str:
    settings.METRICS_TOKEN = TOKEN
    return TOKEN


def scraped(client: Client) -> dict[str, dict[tuple[str, ...], float]]:
    """Values by name and by what the labels say, in the order of their names."""
    answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return {
        family.name: {tuple(text for _, text in sorted(one.labels.items())): one.value for one in family.samples}
        for family in text_string_to_metric_families(answer.content.decode())
    }


def test_a_process_lives_also_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.health._is_migrated", _no_database)

    with CaptureQueries() as queries:
        assert client.get("/healthz/live").json() == {"status": "ok"}
    assert not queries
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "no database"})


def _no_database() -> bool:
    raise DatabaseError


def test_a_database_that_is_not_migrated_is_not_ready_until_it_is(client: Client) -> None:
    row = MigrationRecorder.Migration.objects.filter(app="integrations").latest("id")
    row.delete()
    assert client.get("/healthz").status_code == 503
    row.save(force_insert=True)
    caches["process"].delete("health")
    assert client.get("/healthz").json()["status"] == "ok"


def test_who_asks_often_costs_no_queries(client: Client) -> None:
    client.get("/healthz")
    with CaptureQueries() as queries:
        for _ in range(20):
            assert client.get("/healthz").status_code == 200
    assert not queries


def test_silent_workers_are_told_of_and_make_no_page_fail(client: Client) -> None:
    heartbeat.beat("background")
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["workers"] == {"background": 0, "people": None}
    silent = client.get("/healthz/workers")
    assert silent.status_code == 503
    assert silent.json()["status"] == "no sign of life: people"

    heartbeat.beat("people")
    assert client.get("/healthz/workers").status_code == 200

    long_ago = timezone.now() - timedelta(seconds=heartbeat.SILENT_AFTER + 1)
    cache.set("heartbeat:background", long_ago.isoformat(), None)
    assert client.get("/healthz/workers").json()["status"] == "no sign of life: background"


def test_each_cluster_has_its_own_beat() -> None:
    beats = Schedule.objects.filter(func="common.heartbeat.beat")
    assert set(beats.values_list("cluster", "args")) == {(None, "('background',)"), ("people", "('people',)")}


def test_without_a_token_there_are_no_metrics_and_with_one_it_must_be_sent(client: Client, settings: Any) -> None:
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer other"}).status_code == 401
    assert client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}é"}).status_code == 401
    assert client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_metrics_tell_how_the_sync_stands(synced: Connection, client: Client, token: str) -> None:
    contact = ContactFactory(email="somebody@metrics.example")
    then = timezone.now() - timedelta(minutes=5)
    Outbox.objects.filter(record_id=contact.pk).update(queued_at=then, next_attempt_at=then)
    Cursor.objects.filter(remote_object="Contact").update(position=then)
    ErrorEntry.objects.create(
        connection=synced, record_kind="contact", record_id=contact.pk, remote_object="Contact", code="NO", message="No"
    )
    heartbeat.beat("background")

    found = scraped(client)

    assert found["tandem_queue_records"]["real_time",] == 1
    assert found["tandem_queue_oldest_seconds"]["real_time",] == pytest.approx(300, abs=20)
    assert found["tandem_queue_records"]["people",] == 0
    assert found["tandem_pull_lag_seconds"]["Contact",] == pytest.approx(300, abs=20)
    assert found["tandem_errors_open"]["NO", "Contact"] == 1
    assert found["tandem_runs_last_hour"]["pull", "done"] > 1
    assert found["tandem_connected"][()] == 1
    assert found["tandem_org_api_calls"]["limit",] == synced.api_limit
    assert found["tandem_worker_heartbeat_age_seconds"]["background",] < 10


def test_metrics_cost_the_same_whatever_waits(synced: Connection, client: Client, token: str) -> None:
    scraped(client)
    with CaptureQueries() as few:
        scraped(client)
    for number in range(5):
        ContactFactory(email=f"somebody{number}@metrics.example")
    with CaptureQueries() as many:
        scraped(client)
    assert len(many) == len(few)


def test_requests_are_timed_by_view_and_not_by_what_strangers_make_up(client: Client, token: str) -> None:
    client.get("/healthz/live")
    client.get("/no/such/page/4711")
    client.generic("BREW", "/healthz/live")

    labels = scraped(client)["tandem_request_duration_seconds"].keys()

    told = {one[-3:] for one in labels}
    assert {("GET", "200", "health_live"), ("GET", "404", ""), ("OTHER", "200", "health_live")} <= told
    assert not any("4711" in part or "BREW" in part for one in labels for part in one)
