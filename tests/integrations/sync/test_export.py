"""Large pulls: one query that the org works off by itself, read in parts."""

import pytest

from accounts.models import Account
from contacts.models import Contact
from integrations import tasks
from integrations.models import Connection, Cursor, RecordLink, Run
from integrations.sync import applying
from integrations.sync import pull as pulling
from integrations.sync.page import Page
from tests.conftest import pull_all
from tests.integrations.sync.test_pull import start
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts as large, small enough for a test."""
    monkeypatch.setattr(pulling, "EXPORT_FROM", 1)
    monkeypatch.setattr(pulling, "PART", 3)
    monkeypatch.setattr(pulling, "EXPORT_POLLS", (0.05,))


def test_a_large_first_pull_is_an_export_and_brings_everything_once(connection: Connection, org: Org) -> None:
    start(connection)
    org.forget_calls()

    pull_all()

    for model, name in ((Account, "Account"), (Contact, "Contact")):
        remote = {row["Id"] for row in org.query(f"SELECT Id FROM {name}")}
        assert set(model.objects.filter(crm_id__in=remote).values_list("crm_id", flat=True)) == remote
    run = Run.objects.get(remote_object="Contact")
    assert run.state == Run.State.DONE
    assert run.looked_at == run.total
    assert any("jobs/query" in call for call in org.calls())
    assert not Cursor.objects.exclude(export_id="").exists()


def test_an_export_and_pages_bring_the_same(connection: Connection, org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    start(connection)
    pull_all()
    exported = dict(RecordLink.objects.values_list("remote_id", "base"))
    RecordLink.objects.update(base={}, base_ours={}, remote_changed_at=None)
    monkeypatch.setattr(pulling, "EXPORT_FROM", 10**9)
    Cursor.objects.update(is_full=True)

    pull_all()

    assert dict(RecordLink.objects.values_list("remote_id", "base")) == exported


def test_a_pull_killed_in_an_export_goes_on_at_its_part(
    connection: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(connection)
    pull_all()
    Contact.objects.all().delete()
    RecordLink.objects.filter(remote_object="Contact").delete()
    Cursor.objects.filter(remote_object="Contact").update(position=None)
    apply_page, pages = applying.apply_page, []

    def killed_at_the_third(scope: object, page: Page, run: Run) -> object:
        pages.append(page)
        if len(pages) == 3:
            raise KeyboardInterrupt
        return apply_page(scope, page, run)

    monkeypatch.setattr(applying, "apply_page", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        tasks.pull_due(600, only="Contact", is_forced=True)
    job = Cursor.objects.get(remote_object="Contact").export_id
    pulled = Contact.objects.count()

    (run,) = tasks.pull_due(600, only="Contact", is_forced=True)

    assert job
    assert 0 < pulled < run.looked_at
    assert run.state == Run.State.DONE
    assert Contact.objects.filter(crm_object="Contact").count() == len(org.query("SELECT Id FROM Contact"))


def test_an_export_that_the_org_threw_away_is_read_page_by_page(connection: Connection, org: Org) -> None:
    start(connection)
    Cursor.objects.filter(remote_object="Account").update(export_id="750000000000001AAA", export_position=None)

    pull_all()

    assert Account.objects.count() == len(org.query("SELECT Id FROM Account"))


def test_an_export_that_is_not_ready_is_left_to_the_next_slice(connection: Connection, org: Org) -> None:
    start(connection)
    org.faults({"match": {"path": "jobs/query$"}, "do": "job_stall", "times": 1})
    (run,) = tasks.pull_due(0, only="Account", is_forced=True)
    job = Cursor.objects.get(remote_object="Account").export_id

    assert run.state == Run.State.RUNNING
    assert job
    assert not Account.objects.exists()
