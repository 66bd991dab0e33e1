"""What a pull counts adds up to what it looked at, whatever its pages hold; a backfill is checked by the org."""

from collections import Counter
from typing import Any

import pytest
from django.db import connection as database

from contacts.models import Contact
from contacts.services import delete_contact
from integrations import services, tasks
from integrations.models import Connection, Cursor, DeletionSettings, Run
from integrations.salesforce.provider import SalesforceProvider
from integrations.sync import pull as pulling
from integrations.sync.page import Page
from tests.conftest import pull_all
from tests.factories import ContactFactory
from tests.integrations.sync.test_pull import start
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Of each page that was applied: how many records it held, and how many were counted."""
    apply, seen = pulling.apply, []

    def counted(scope: Any, page: Page, run: Run) -> Counter[str]:
        counts = apply(scope, page, run)
        seen.append((len({record.id for record in page.records}), sum(counts[name] for name in Run.OUTCOMES)))
        return counts

    monkeypatch.setattr(pulling, "apply", counted)
    return seen


def odd_things_happen(org: Org, user: User) -> None:
    """One of everything that can become of a record."""
    ours = list(Contact.objects.filter(crm_object="Contact").order_by("pk")[:14])
    org.update("Contact", ours[0].crm_id, Title="Changed there")
    Contact.objects.filter(pk=ours[1].pk).update(title="Changed here")
    org.update("Contact", ours[1].crm_id, Title="Changed on both sides")
    org.delete("Contact", ours[2].crm_id)
    org.control("merge", object="Contact", master=ours[3].crm_id, losers=[ours[4].crm_id])
    stranger = org.create("Contact", LastName="Stranger")
    org.control("merge", object="Contact", master=stranger, losers=[ours[5].crm_id])
    services.skip(ours[6], user)
    org.update("Contact", ours[6].crm_id, Title="Of one who is kept out")
    delete_contact(ours[7].pk)
    org.update("Contact", ours[7].crm_id, Title="Of one who is deleted here")
    delete_contact(ours[8].pk)
    org.delete("Contact", ours[8].crm_id)
    org.delete("Contact", ours[9].crm_id)
    org.control("undelete", ids=[ours[9].crm_id])
    org.update("Contact", ours[10].crm_id, Title="Odd")
    ContactFactory(last_name="Known", email="known@odd.example")
    for _ in range(2):
        org.create("Contact", LastName="Known", Email="known@odd.example")
    lead = Contact.objects.filter(crm_object="Lead").exclude(email="").order_by("pk")[0]
    org.create("Contact", LastName="Other face", Email=lead.email)
    org.control("convert", lead=Contact.objects.filter(crm_object="Lead").order_by("-pk")[0].crm_id)
    org.delete("Contact", org.create("Contact", LastName="Came and went"))


@pytest.mark.parametrize("size", [3, 2_000])
@pytest.mark.parametrize("is_synced", [False, True])
def test_counts_add_up(
    synced: Connection, org: Org, admin: User, pages: list, monkeypatch: pytest.MonkeyPatch, size: int, is_synced: bool
) -> None:
    for name in ("Contact", "Lead"):
        DeletionSettings.objects.create(
            connection=synced, remote_object=name, sync_deletes=is_synced, sync_merges=is_synced
        )
    monkeypatch.setattr(pulling, "PAGE", size)
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE contacts_contact ADD CONSTRAINT odd CHECK (title <> 'Odd')")
    odd_things_happen(org, admin)
    org.faults({"match": {"path": "/query"}, "do": "duplicate_page", "times": 3})

    for _ in range(3):  # the third looks at what the second brought back or left
        Cursor.objects.update(is_full=True)
        pull_all()

    assert pages
    assert [looked_at for looked_at, _ in pages] == [counted for _, counted in pages]
    runs = Run.objects.filter(remote_object="Contact").order_by("pk")
    assert runs[1].failed == 1
    assert runs[1].deleted
    assert all(run.looked_at == run.total for run in runs if size == 2_000)


def test_a_backfill_that_brought_all_says_nothing(connection: Connection, org: Org) -> None:
    start(connection)

    pull_all()

    run = Run.objects.get(remote_object="Contact")
    assert (run.is_first, run.looked_at, run.message) == (True, run.total, "")


@pytest.mark.parametrize("export_from", [1, 20_000])
def test_a_backfill_that_brought_less_than_the_org_counts_says_so(
    connection: Connection, org: Org, monkeypatch: pytest.MonkeyPatch, export_from: int
) -> None:
    count = SalesforceProvider.count
    monkeypatch.setattr(SalesforceProvider, "count", lambda *arguments: count(*arguments) + 3)
    monkeypatch.setattr(pulling, "EXPORT_FROM", export_from)
    start(connection)

    (run,) = tasks.pull_due(600, only="Contact", is_forced=True)

    assert run.message == f"Salesforce counted {run.looked_at + 3} records, {run.looked_at} came."
