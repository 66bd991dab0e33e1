"""Runs: what was looked at adds up, whoever started it is named, and none is running for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.models import Contact
from integrations import everything, services, tasks
from integrations.models import Connection, Cursor, Outbox, Run
from integrations.sync.leases import take_lease
from integrations.sync.outbox import claim, lease
from integrations.sync.runs import end_lost_runs
from tests.conftest import push_all
from tests.factories import ContactFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
PUSHES = {"kind": Run.Kind.PUSH}


def silent(run: Run) -> Run:
    """As its worker left it a while ago."""
    Run.objects.filter(pk=run.pk).update(seen_at=timezone.now() - 3 * lease(), state=Run.State.RUNNING)
    return run


def edited() -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    contact.title = "Edited"
    contact.save(update_fields=["title"])


def test_a_push_run_names_its_object_login_and_person_and_counts_what_is_settled(
    synced: Connection, org: Org, admin: User
) -> None:
    ContactFactory(email="nobody@runs.example")
    services.push_now([ContactFactory(email="somebody@runs.example")], admin)
    push_all()

    runs = Run.objects.filter(**PUSHES)
    assert {run.credential for run in runs} == {synced.team_credential}
    assert {(run.remote_object, run.started_by) for run in runs} >= {("Contact", admin), ("Contact", None)}
    assert {run.state for run in runs} == {Run.State.DONE}
    assert sum(run.looked_at for run in runs.filter(remote_object="Contact")) == 2


def test_a_push_that_was_cut_off_is_incomplete_and_counts_nothing_that_waits(synced: Connection, org: Org) -> None:
    edited()
    org.faults(
        {"match": {"method": "PATCH", "path": "composite/sobjects"}, "do": "status", "status": 503, "times": None}
    )

    tasks.push_lane("real_time", seconds=2)

    run = Run.objects.filter(**PUSHES).latest("pk")
    assert run.state == Run.State.INCOMPLETE
    assert "503" in run.message
    assert not run.looked_at
    assert Outbox.objects.count() == 1


def test_a_push_that_got_through_after_all_is_done(synced: Connection, org: Org) -> None:
    edited()
    org.faults({"match": {"method": "PATCH", "path": "composite/sobjects"}, "do": "status", "status": 503, "times": 1})

    tasks.push_lane("real_time", sleeper=lambda seconds: Connection.objects.update(paused_until=None))

    assert [(run.state, run.updated) for run in Run.objects.filter(**PUSHES)] == [(Run.State.DONE, 1)]


def test_a_push_whose_worker_was_killed_is_ended(synced: Connection) -> None:
    ContactFactory()
    claim("real_time")
    fresh = Run.objects.create(connection=synced, kind=Run.Kind.PUSH)
    lost = silent(Run.objects.create(connection=synced, kind=Run.Kind.PUSH))

    assert end_lost_runs() == 1
    assert Run.objects.get(pk=lost.pk).state == Run.State.INCOMPLETE
    assert Run.objects.get(pk=fresh.pk).state == Run.State.RUNNING


def test_a_pull_whose_worker_was_killed_is_ended_and_taken_up_again(synced: Connection, org: Org) -> None:
    take_lease(synced, "Contact")
    cursor = Cursor.objects.get(remote_object="Contact")
    Cursor.objects.filter(pk=cursor.pk).update(page_at=cursor.position - timedelta(days=9000))
    held = end_lost_runs() or (silent(cursor.run) and end_lost_runs())
    Cursor.objects.update(leased_until=timezone.now() - timedelta(seconds=1), due_at=timezone.now())
    tasks.end_lost_runs()
    ended = Run.objects.get(pk=cursor.run_id).state

    (run,) = tasks.pull_due(only="Contact")

    assert not held
    assert ended == Run.State.INCOMPLETE
    assert (run.pk, run.state) == (cursor.run_id, Run.State.DONE)


def test_a_pull_between_two_slices_is_left_alone(synced: Connection) -> None:
    silent(Cursor.objects.get(remote_object="Contact").run)
    assert end_lost_runs() == 0


def test_a_one_time_push_is_a_run_that_counts_everything_it_marked(synced: Connection, org: Org, admin: User) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_new=False)
    contacts = [ContactFactory(company_name="", email="") for _ in range(3)]
    ContactFactory(last_name="x" * 81, company_name="", email="")
    push_all()
    synced.object_settings.filter(record_kind="contact").update(push_new=True)

    everything.start(synced, ["contact"], admin)
    tasks.mark_everything(600)
    everything.end_finished(synced)
    before = Run.objects.get(kind=Run.Kind.EVERYTHING)
    contacts[0].delete()
    push_all()
    everything.end_finished(synced)

    run = Run.objects.get(kind=Run.Kind.EVERYTHING)
    assert (before.state, before.total, before.looked_at) == (Run.State.RUNNING, 4, 0)
    assert (run.state, run.started_by, run.remote_object) == (Run.State.DONE, admin, "Contact")
    assert (run.created, run.failed, run.skipped, run.total) == (2, 1, 1, run.looked_at)


def test_a_one_time_push_that_is_cancelled_says_so_and_adds_up(synced: Connection, admin: User) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_new=False)
    ContactFactory(company_name="", email="")
    push_all()
    synced.object_settings.filter(record_kind="contact").update(push_new=True)
    everything.start(synced, ["contact"], admin)
    tasks.mark_everything(600)

    everything.cancel(synced)

    run = Run.objects.get(kind=Run.Kind.EVERYTHING)
    assert (run.state, run.skipped, run.total) == (Run.State.CANCELLED, 1, 1)
    assert not Contact.objects.filter(company_name="", email="").exclude(crm_id="").exists()
