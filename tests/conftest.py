"""Fixtures for every test."""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.db import connection as database
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import Browser

from integrations import connecting, logins, tasks, tuning
from integrations.models import Connection, Credential, Cursor, Lane, ObjectDescription, ObjectSettings
from integrations.salesforce import oauth
from tests import migrated
from tests.chromium import launched
from tests.factories import AdminFactory, UserFactory
from tests.salesforce_org import Org
from tests.states import State, recorded
from users.models import User

CONTENTS = "_test_serialized_contents"  # where Django keeps it
ADMIN = 1_000_000_000  # the key of the admin who connects: the same for every test

# The same commit is green or red, never either. `pytest --hypothesis-profile default` goes looking for more.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The tests' database is a copy of one that was migrated before."""
    database.settings_dict["TEST"]["TEMPLATE"] = migrated.database()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Under Playwright's loop Django has another connection: it too must know what the migrations put there."""
    contents = getattr(database, CONTENTS, None)
    with launched() as chromium:
        if contents:
            setattr(database, CONTENTS, contents)
        yield chromium


@pytest.fixture(scope="session")
def plain_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    org = Org(tmp_path_factory.mktemp("org"), seed="20")
    yield org
    org.stop()


@pytest.fixture(scope="session")
def states(django_db_setup: None, django_db_blocker: Any, plain_org: Org) -> dict[str, State]:
    """What the steps below write, each after those before it."""
    with django_db_blocker.unblock(), override_settings(**settings_for(plain_org)), transaction.atomic():
        plain_org.reset()
        AdminFactory(pk=ADMIN)
        made = {step.__name__: recorded(step) for step in (connect, start, sync_deals)}
        transaction.set_rollback(True)
    return made


@pytest.fixture(scope="session")
def org_server(plain_org: Org, states: dict[str, State]) -> Org:
    """The server behind ``org``. Tests of an org with other rules have one of their own."""
    return plain_org


def settings_for(server: Org) -> dict[str, Any]:
    return {
        "SALESFORCE_LOCAL_ORG": server.url,
        "SALESFORCE_LOGIN_URL": server.url,
        "SALESFORCE_CLIENT_ID": server.client_id,
        "SALESFORCE_CLIENT_SECRET": server.client_secret,
        "SYNC_TIMEOUT": 10.0,
    }


@pytest.fixture
def org(org_server: Org, settings: Any) -> Org:
    """A local org with twenty contacts, as at its first start."""
    org_server.reset()
    for name, value in settings_for(org_server).items():
        setattr(settings, name, value)
    return org_server


@pytest.fixture
def user(db: None, client: Client) -> User:
    """A member, signed in."""
    user = UserFactory(name="Kim")
    client.force_login(user)
    return user


@pytest.fixture
def admin(db: None) -> User:
    return AdminFactory(pk=ADMIN)


@pytest.fixture
def admin_client(admin: User, client: Client) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def connection(request: pytest.FixtureRequest, org: Org, admin: User) -> Connection:
    """The workspace connected to the org, in its setup window."""
    return done(request, connect)


@pytest.fixture
def synced(request: pytest.FixtureRequest, connection: Connection) -> Connection:
    """Connected, everything pulled once, contacts and accounts pushed."""
    return done(request, start)


@pytest.fixture
def with_deals(request: pytest.FixtureRequest, synced: Connection) -> Connection:
    """Deals are synced both ways, and pulled once."""
    return done(request, sync_deals)


def done(request: pytest.FixtureRequest, step: Callable[[], None]) -> Connection:
    """Do a step, or lay in what it writes: never where a test commits, or has an org of its own."""
    is_laid_in = "states" in request.fixturenames and not request.node.get_closest_marker("connected_anew")
    if is_laid_in and database.in_atomic_block:
        request.getfixturevalue("states")[step.__name__].lay_in()
        Credential.objects.update(access_token=token().access_token)  # a test before may have ended the one laid in
        ObjectDescription.objects.update(fetched_at=timezone.now())  # one that is older than a minute is read again
    else:
        step()
    return Connection.objects.get()


def token() -> oauth.TokenSet:
    return oauth.client_credentials(logins.app_for(logins.the_connection()))


def connect() -> None:
    admin = User.objects.get(pk=ADMIN)
    connecting.connect(logins.the_connection(), admin, token(), grant=Credential.Grant.CLIENT_CREDENTIALS)


def start() -> None:
    connection = Connection.objects.get()
    connection.object_settings.filter(record_kind="contact").update(push_new=True, create_as="Contact")
    connecting.start_syncing(connection)
    pull_all()


def sync_deals() -> None:
    settings = ObjectSettings.objects.get(record_kind="deal")
    settings.sync = ObjectSettings.Sync.BOTH
    tuning.save_settings(settings, ["sync"])
    pull_all()


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


def pytest_configure() -> None:
    """Every client of a test is a web server that starts: it need not look at a thousand static files first."""
    django_settings.WHITENOISE_AUTOREFRESH = True


def pytest_collection_finish() -> None:
    """What stays until the end, all modules and tests, need not be looked through for garbage during each test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that commits empties the tables; bring back what the migrations put there, for those after it."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        commits = (marker and marker.kwargs.get("transaction")) or "live_server" in getattr(item, "fixturenames", ())
        if commits:
            item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True), append=False)
