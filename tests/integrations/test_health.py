"""The health page: what is measured each minute, how it is kept, and what the charts and the ceiling say."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common.bulk import copy_in
from integrations import health, sampling
from integrations.models import ApiUsage, Connection, ErrorEntry, Run, Sample
from tests.conftest import push_all
from tests.factories import ContactFactory
from tests.pages import CaptureQueries

pytestmark = pytest.mark.django_db
DAY, WEEK, MONTH = (health.SPANS[name] for name in ("day", "week", "month"))


def chart(connection: Connection, key: str, span: health.Span = DAY) -> health.Chart:
    return next(one for one in health.charts(connection, span) if one.key == key)


def measured(connection: Connection, minutes_ago: int = 0) -> Sample:
    """The sample of this minute, taken a while ago."""
    sampling.take_sample(connection)
    sample = connection.samples.latest("at")
    sample.at -= timedelta(minutes=minutes_ago)
    sample.save(update_fields=["at"])
    return sample


def sampled(connection: Connection, ago: timedelta, **values: Any) -> Sample:
    at = (timezone.now() - ago).replace(second=0, microsecond=0)
    return Sample.objects.create(connection=connection, at=at, values=values)


@pytest.mark.connected_anew  # its runs are of this minute
def test_a_minute_tells_what_came_in_and_went_out_and_each_record_once(synced: Connection) -> None:
    first = measured(synced, minutes_ago=2)
    ContactFactory(email="somebody@health.example")
    push_all()
    second = measured(synced, minutes_ago=1)
    third = measured(synced)

    assert first.values["in"]["Contact"] == 20
    assert second.values["out"]["Contact"] == 1
    assert second.values["pushed"]["records"] >= 1
    assert not third.values["in"]
    assert not third.values["out"]


def test_a_run_under_way_is_told_bit_by_bit(synced: Connection) -> None:
    synced.runs.update(seen_at=timezone.now())  # the first sample tells those that are laid in
    measured(synced, minutes_ago=2)
    run = Run.objects.create(connection=synced, kind=Run.Kind.PULL, remote_object="Lead")
    run.count(created=3, unchanged=9)
    first = measured(synced, minutes_ago=1)
    run.count(updated=2)
    second = measured(synced)

    assert (first.values["in"], second.values["in"]) == ({"Lead": 3}, {"Lead": 2})


def test_calls_are_told_apart_from_those_before(synced: Connection) -> None:
    before = measured(synced, minutes_ago=1)
    ApiUsage.objects.filter(purpose="pulls").update(calls=before.seen["calls"]["pulls"] + 5)

    assert measured(synced).values["calls"] == {"pulls": 5}


def test_two_ticks_in_a_minute_make_one_sample(synced: Connection) -> None:
    sampling.take_sample(synced)
    sampling.take_sample(synced)

    assert synced.samples.count() == 1


def test_minutes_become_hours_and_old_hours_go(synced: Connection) -> None:
    for number in range(3):
        sampled(synced, timedelta(hours=50, minutes=number), queue={"edits": 5 + number}, **{"in": {"Lead": 2}})
    fresh = sampled(synced, timedelta(hours=1))
    Sample.objects.create(connection=synced, minutes=60, at=timezone.now() - timedelta(days=40))

    sampling.roll_up(synced)

    hours = list(synced.samples.filter(minutes=60))
    assert sum(hour.values["in"]["Lead"] for hour in hours) == 6
    assert max(hour.values["queue"]["edits"] for hour in hours) == 7
    assert list(synced.samples.filter(minutes=1)) == [fresh]
    assert all(hour.at > timezone.now() - timedelta(days=32) for hour in hours)


def test_a_sample_costs_the_same_however_much_there_is(synced: Connection) -> None:
    with CaptureQueries() as few:
        measured(synced, minutes_ago=1)
    copy_in([ErrorEntry(connection=synced, record_kind="contact", record_id=n, remote_object="Contact",
                        code=f"C{n % 30}", message="-") for n in range(5_000)])  # fmt: skip
    for _ in range(20):
        Run.objects.create(connection=synced, kind=Run.Kind.PUSH, remote_object="Contact", updated=1)
    with CaptureQueries() as many:
        values = measured(synced).values

    assert len(many) <= len(few) + 1
    assert len(values["errors"]) == sampling.CAUSES + 1
    assert sum(values["errors"].values()) == 5_000


def test_charts_show_what_was_measured_in_each_span(synced: Connection) -> None:
    sampled(synced, timedelta(minutes=5), lag={"Account": 120}, pushed={"records": 4, "seconds": 10})
    sampled(synced, timedelta(days=3), lag={"Account": 600})

    day, week = chart(synced, "lag"), chart(synced, "lag", WEEK)

    assert [series.label for series in day.series] == ["Accounts"]
    assert [value for _, (value,) in day.rows] == [2]
    assert [value for _, (value,) in week.rows] == [10, 2]
    assert [value for _, (value,) in chart(synced, "wait").rows] == [2.5]


def test_a_young_system_says_that_nothing_was_measured(admin_client: Client, connection: Connection) -> None:
    page = admin_client.get(reverse("integrations:health")).content.decode()

    assert "Nothing was measured yet" in page
    assert "<canvas" not in page
    assert "when syncing starts" in page


def test_the_page_costs_the_same_with_a_month_of_samples(admin_client: Client, synced: Connection) -> None:
    measured(synced)
    url = reverse("integrations:health")
    with CaptureQueries() as few:
        admin_client.get(url)
    values = {"lag": {"Lead": 60}, "in": {"Lead": 5}, "errors": {f"C{n}": n for n in range(9)}, "calls": {"pulls": 3}}
    start = timezone.now().replace(second=0, microsecond=0)
    copy_in([Sample(connection=synced, at=start - timedelta(minutes=n), values=values) for n in range(1, 1_440)])
    copy_in([Sample(connection=synced, minutes=60, at=start - timedelta(hours=n), values=values)
             for n in range(25, 750)])  # fmt: skip
    for span in ("day", "week", "month", "year"):
        with CaptureQueries() as many:
            page = admin_client.get(url, {"span": span}).content.decode()
        assert len(many) == len(few)
        assert page.count("<canvas") >= 4


def test_the_ceiling_is_kept_and_says_what_it_stops(admin_client: Client, synced: Connection) -> None:
    Connection.objects.update(api_limit=1_000, api_used=700, api_read_at=timezone.now())

    admin_client.post(reverse("integrations:ceiling"), {"api_ceiling_percent": "50"})
    page = admin_client.get(reverse("integrations:health")).content.decode()

    assert Connection.objects.get().api_ceiling_percent == 50
    assert "waits from 450 on" in page
    assert "goes on up to the org’s own limit" in page
    assert "work resumes at about" in page
    assert "work resumes at about" in admin_client.get(reverse("integrations:overview")).content.decode()


@pytest.mark.parametrize("typed", ["", "5", "101", "x", "9" * 30])
def test_what_is_no_ceiling_is_refused_beside_the_field(admin_client: Client, synced: Connection, typed: str) -> None:
    response = admin_client.post(reverse("integrations:ceiling"), {"api_ceiling_percent": typed})

    assert response.status_code == 422
    assert "invalid-feedback" in response.content.decode()
    assert Connection.objects.get().api_ceiling_percent == 90
