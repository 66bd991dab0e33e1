"""What the workers do by the clock."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.models import Contact
from integrations import connecting, tasks
from integrations.models import Connection, Credential, Cursor, LoginDescription, ObjectDescription, UserMapping
from tests.factories import UserFactory
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
CHECK = "integrations.tasks.check_login"


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object) -> list[str]:
    """The names of the jobs that were queued, run by nobody."""
    queued: list[str] = []
    for module in ("integrations.tasks", "integrations.services"):
        monkeypatch.setattr(f"{module}.async_task", lambda name, *args, **options: queued.append(name))
    return queued


def test_syncing_starts_by_itself_when_the_setup_window_ends(connection: Connection, jobs: list[str]) -> None:
    tasks.tick()
    before = Connection.objects.get().phase
    Connection.objects.update(setup_ends_at=timezone.now())

    tasks.tick()

    assert before == Connection.Phase.SETUP
    assert Connection.objects.get().phase == Connection.Phase.INITIAL_PULL


def test_a_held_back_start_stays_held_back(connection: Connection, jobs: list[str]) -> None:
    Connection.objects.update(setup_ends_at=timezone.now(), is_held=True)

    tasks.tick()

    assert Connection.objects.get().phase == Connection.Phase.SETUP


def test_an_object_is_pulled_when_it_is_due_and_not_before(synced: Connection, org: Org, jobs: list[str]) -> None:
    Cursor.objects.update(due_at=timezone.now() + timedelta(minutes=30))
    org.forget_calls()
    tasks.pull_due()
    early = org.calls()

    Cursor.objects.filter(remote_object="Lead").update(due_at=timezone.now())
    tasks.pull_due()

    assert not early
    assert sum(org.calls().values()) == 1
    assert Cursor.objects.get(remote_object="Lead").due_at > timezone.now() + timedelta(minutes=29)


def test_a_puller_that_finds_another_at_work_leaves_without_a_fuss(synced: Connection, jobs: list[str]) -> None:
    Cursor.objects.update(due_at=timezone.now(), leased_until=timezone.now() + timedelta(minutes=1))
    jobs.clear()

    assert tasks.pull_due() == []
    assert not jobs


def test_the_org_is_read_again_once_a_day(synced: Connection, org: Org, jobs: list[str]) -> None:
    tasks.tick()
    fresh = "integrations.tasks.read_metadata" in jobs
    ObjectDescription.objects.update(fetched_at=timezone.now() - timedelta(days=2))
    UserMapping.objects.all().delete()

    tasks.tick()
    tasks.read_metadata()

    assert not fresh
    assert "integrations.tasks.read_metadata" in jobs
    assert UserMapping.objects.exists()
    assert not ObjectDescription.objects.filter(fetched_at__lt=timezone.now() - timedelta(hours=1)).exists()


def test_somebody_new_here_is_matched_with_their_salesforce_user(synced: Connection, org: Org) -> None:
    email = org.query("SELECT Email FROM User WHERE IsActive = true AND UserType = 'Standard'")[-1]["Email"]

    user = UserFactory(email=email)

    assert UserMapping.objects.get(user=user).email == email


def test_saving_many_records_wakes_one_worker(
    synced: Connection, jobs: list[str], django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(5):
            Contact.objects.create(last_name=f"Many {number}")

    assert jobs.count("integrations.tasks.push_lane") == 1


def test_what_a_login_may_is_looked_at_though_its_job_was_lost(synced: Connection, jobs: list[str]) -> None:
    user = UserFactory()
    login = Credential.objects.create(connection=synced, user=user, remote_user_id="005000000000009AAA")
    before = jobs.count(CHECK)
    tasks.tick()
    asked = jobs.count(CHECK)

    LoginDescription.objects.create(credential=login, remote_object="Contact", content={})
    tasks.tick()

    assert (before, asked, jobs.count(CHECK)) == (0, 1, 1)


def test_a_login_that_cannot_be_looked_at_is_not_asked_about_every_minute(
    synced: Connection, jobs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Credential.objects.create(connection=synced, user=UserFactory(), remote_user_id="005000000000009AAA")

    tasks.tick()
    tasks.tick()
    asked = jobs.count(CHECK)
    later = timezone.now() + timedelta(seconds=tasks.LOOK_AGAIN + 1)
    monkeypatch.setattr("django.core.cache.backends.db.tz_now", lambda: later)
    tasks.tick()

    assert (asked, jobs.count(CHECK)) == (1, 2)


def test_a_login_that_must_be_connected_again_is_not_looked_at(synced: Connection, jobs: list[str]) -> None:
    Credential.objects.create(
        connection=synced, user=UserFactory(), remote_user_id="005000000000009AAA", broken_reason="It was revoked."
    )

    tasks.tick()

    assert CHECK not in jobs


def test_another_login_of_the_team_reads_the_org_again_though_its_job_was_lost(
    synced: Connection, jobs: list[str]
) -> None:
    tasks.tick()
    before = "integrations.tasks.read_metadata" in jobs

    other = Credential.objects.create(connection=synced, user=UserFactory(), remote_user_id="005000000000009AAA")
    connecting.choose_team_login(synced, other)
    tasks.tick()

    assert not before
    assert "integrations.tasks.read_metadata" in jobs
