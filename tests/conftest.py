"""Fixtures for every test."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.test import Client
from playwright.sync_api import Browser

from integrations import connecting, logins, tasks, tuning
from integrations.models import Connection, Credential, Cursor, Lane, ObjectSettings
from integrations.salesforce import oauth
from tests.chromium import launched
from tests.factories import AdminFactory
from tests.salesforce_org import Org
from users.models import User

# The same commit is green or red, never either. `pytest --hypothesis-profile default` goes looking for more.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def org_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    org = Org(tmp_path_factory.mktemp("org"), seed="20")
    yield org
    org.stop()


@pytest.fixture
def org(org_server: Org, settings: Any) -> Org:
    """A local org with twenty contacts, as at its first start."""
    org_server.reset()
    settings.SALESFORCE_LOCAL_ORG = settings.SALESFORCE_LOGIN_URL = org_server.url
    settings.SALESFORCE_CLIENT_ID = org_server.client_id
    settings.SALESFORCE_CLIENT_SECRET = org_server.client_secret
    settings.SYNC_TIMEOUT = 10.0
    return org_server


@pytest.fixture
def admin(db: None) -> User:
    return AdminFactory()


@pytest.fixture
def admin_client(admin: User, client: Client) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def connection(org: Org, admin: User) -> Connection:
    """The workspace connected to the org, in its setup window."""
    connection = logins.the_connection()
    tokens = oauth.client_credentials(logins.app_for(connection))
    connecting.connect(connection, admin, tokens, grant=Credential.Grant.CLIENT_CREDENTIALS)
    return Connection.objects.get()


@pytest.fixture
def synced(connection: Connection) -> Connection:
    """Connected, everything pulled once, contacts and accounts pushed."""
    connection.object_settings.filter(record_kind="contact").update(push_new=True, create_as="Contact")
    connecting.start_syncing(connection)
    pull_all()
    return Connection.objects.get()


@pytest.fixture
def with_deals(synced: Connection) -> Connection:
    """Deals are synced both ways, and pulled once."""
    settings = synced.object_settings.get(record_kind="deal")
    settings.sync = ObjectSettings.Sync.BOTH
    tuning.save_settings(settings, ["sync"])
    pull_all()
    return Connection.objects.get()


def pull_all() -> None:
    """Pull every object now, as the worker does."""
    for name in tasks.PULL_ORDER:
        if Cursor.objects.filter(remote_object=name).exists():
            tasks.pull_due(600, only=name, is_forced=True)


def push_all(sleeper: Any = lambda seconds: None) -> None:
    """Send everything that is due, as the workers do."""
    for _ in range(3):  # parents go first, and free their children
        for lane in Lane:
            tasks.push_lane(lane, sleeper=sleeper)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that commits empties the tables; bring back what the migrations put there, for those after it."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        commits = (marker and marker.kwargs.get("transaction")) or "live_server" in getattr(item, "fixturenames", ())
        if commits:
            item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True), append=False)
