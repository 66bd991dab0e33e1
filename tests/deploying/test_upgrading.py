"""From every version that is out to this one: nothing is lost, and what waited goes on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection as database
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import get_resolver

from common import heartbeat
from integrations import tasks
from integrations.doctor.examining import examine
from integrations.models import Connection, Outbox
from tests import migrated
from tests.browser import every_page
from tests.conftest import pull_all, push_all, settings_for
from tests.deploying import released
from tests.deploying.released import Contents
from tests.salesforce_org import ROOT, Org
from users.models import User

pytestmark = pytest.mark.xdist_group("upgrading")
FIRST = "0.1.0"
# What a later migration changed or took away on purpose, as "table" or "table.column": each with its reason.
MEANT: dict[str, str] = {}
# Written while it is used, or by ``migrate`` itself.
PASSING = {"django_migrations", "shared_cache"}


@pytest.fixture(params=released.KEPT)
def release(request: pytest.FixtureRequest, django_db_blocker: Any, settings: Any) -> Iterator[str]:
    """Django works on what that version left."""
    settings.TOKEN_KEYS = [released.TOKEN_KEY]
    with django_db_blocker.unblock(), released.restored(request.param):
        yield request.param


@pytest.fixture
def before(release: str) -> Contents:
    """What there was, before it was migrated to today's."""
    found = released.contents()
    call_command("migrate", verbosity=0)
    return found


@pytest.fixture
def org(before: Contents, plain_org: Org, settings: Any) -> Org:
    """The org and the database are those of before, at other addresses, and more than a year has passed."""
    released.set_back(days=400)
    plain_org.reset()
    for name, value in settings_for(plain_org).items():
        setattr(settings, name, value)
    Connection.objects.update(home="", login_url=plain_org.url, instance_url=plain_org.url)
    return plain_org


def test_this_version_is_kept() -> None:
    assert FIRST in released.KEPT
    assert "dev" in released.version() or released.version() in released.KEPT, "make release keeps it"


def test_every_row_and_value_is_still_there(before: Contents) -> None:
    assert lost(before, released.contents()) == []
    assert len(before) > 90
    assert sum(map(bool, before.values())) > 70


def test_what_is_lost_is_found() -> None:
    rows = {"a": {"1": {"x": 1, "y": 2}, "2": {"x": 3, "y": 4}}, "b": {"1": {"z": 1}}}

    assert lost(rows, {**rows, "c": {}}) == []
    assert lost(rows, {"a": {"1": {"x": 1}, "2": {"x": 3, "y": 5}}}) == ["a.y", "b"]
    assert lost(rows, {**rows, "a": {"1": {"x": 1, "y": 2, "new": 0}}}) == ["a"]


def test_the_schema_is_that_of_a_new_installation(before: Contents) -> None:
    """Also where somebody edits a migration that is out: those who have it keep what it made before."""
    upgraded = released.schema()
    with released.working_on(migrated.database()):
        new = released.schema()

    assert sorted(upgraded ^ new) == []
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_first_version_has_the_migrations_that_nobody_s_site_waited_for(django_db_blocker: Any) -> None:
    ours = json.loads((ROOT / "deploy" / "first_migrations.json").read_text())
    with django_db_blocker.unblock(), released.restored(FIRST):
        applied = MigrationRecorder(database).applied_migrations()

    kept = {app: sorted(name for label, name in applied if label == app) for app in ours}
    assert kept == ours, "before the version is out, make release keeps it anew"


def test_what_waited_goes_out_once_and_both_sides_are_the_same(org: Org) -> None:
    for cluster in heartbeat.clusters():
        heartbeat.beat(cluster)
    assert Outbox.objects.due().exists()

    tasks.read_metadata()
    push_all()
    pull_all()
    push_all()

    assert not Outbox.objects.exists(), list(Outbox.objects.values())
    assert len(org.query("SELECT Id FROM Contact WHERE LastName = 'Queued'")) == 1
    assert len(org.query("SELECT Id FROM Account WHERE Name = 'Queued Inc'")) == 1
    assert len(org.query("SELECT Id FROM Contact WHERE Title = 'Queued'")) == 1
    assert len(org.query("SELECT Id FROM Task WHERE Subject = 'Queued'")) == 1
    report = examine()
    assert report.findings == []
    assert report.unasked == ""


@pytest.mark.long
def test_pages_of_everything_that_was_there_open(org: Org, client: Client) -> None:
    client.force_login(User.objects.filter(role=User.Role.ADMIN).earliest("pk"))
    routes = [route for route in every_page._routes(get_resolver()) if "<" not in route]
    pages = {f"/{route}" for route in routes if not route.startswith(every_page.NO_PAGES)}
    for model in apps.get_models():
        if hasattr(model, "get_absolute_url") and (row := model._base_manager.order_by("pk").first()):
            pages.add(row.get_absolute_url())
    api = client.get("/api/v1/").json().values()

    answers = {path: client.get(path).status_code for path in (*pages, *api)}

    assert {path: status for path, status in answers.items() if status not in (200, 302, 405)} == {}
    assert list(answers.values()).count(200) > 50


def lost(before: Contents, after: Contents) -> list[str]:
    """Tables that lack a row, and columns of which a value is gone or another one."""
    found = set()
    for table, rows in before.items():
        if table in PASSING:
            continue
        found |= {table} if rows.keys() - after.get(table, {}).keys() else set()
        for key, row in rows.items():
            now = after.get(table, {}).get(key, row)
            found |= {f"{table}.{name}" for name, value in row.items() if name not in now or now[name] != value}
    return sorted(found - MEANT.keys())
