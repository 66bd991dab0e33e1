"""Saying what a pull or push would do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from time import monotonic, sleep

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.db import transaction

from contacts.models import Contact
from integrations import rehearsal
from integrations.models import Connection, Credential, Outbox, RecordLink, Run
from tests.factories import ContactFactory
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("action", ["pull", "push"])
def test_a_token_that_is_renewed_for_a_rehearsal_is_kept(synced: Connection, org: Org, action: str) -> None:
    contact = ContactFactory()
    Credential.objects.update(access_token="00Dexpired")

    with pytest.raises(SystemExit) as end:
        call_command("salesforce", action, "--dry-run")

    assert end.value.code == 0
    assert Credential.objects.get().access_token != "00Dexpired"
    assert Outbox.objects.filter(record_id=contact.pk, claim_token=None).exists()


def test_a_push_that_is_put_off_for_later_is_not_done(synced: Connection, org: Org) -> None:
    ContactFactory(company_name="", email="")
    Outbox.objects.update(next_attempt_at="2999-01-01T00:00Z")
    with pytest.raises(SystemExit) as end:
        call_command("salesforce", "push", "Contact")
    assert end.value.code == 1


def run_dry(action: str, *arguments: str) -> str:
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("salesforce", action, "--dry-run", *arguments, stdout=out)
    assert end.value.code == 0, out.getvalue()
    return out.getvalue()


def test_a_rehearsed_push_makes_the_account_that_a_contact_needs(synced: Connection, org: Org) -> None:
    contact = ContactFactory(company_name="Rehearsed Ltd", email="ann@rehearsed.example")
    accounts = org.query("SELECT COUNT(Id) n FROM Account")

    told = run_dry("push")

    assert "2 created" in told
    assert "0 failed" in told
    assert org.query("SELECT COUNT(Id) n FROM Account") == accounts
    contact.refresh_from_db()
    assert contact.crm_id == ""
    assert Outbox.objects.get(record_id=contact.pk, record_kind="contact").sent_at is None


def test_a_rehearsed_one_time_push_marks_nothing(synced: Connection, org: Org) -> None:
    ContactFactory.create_batch(3, company_name="", email="")
    Outbox.objects.all().delete()

    told = run_dry("push", "Contact", "--all")

    assert "3 created" in told
    assert not Outbox.objects.exists()
    assert not Run.objects.filter(kind=Run.Kind.EVERYTHING).exists()


def test_a_rehearsed_pull_counts_what_is_new_changed_and_gone(synced: Connection, org: Org) -> None:
    links = list(RecordLink.objects.filter(remote_object="Contact").order_by("pk")[:2])
    org.update("Contact", links[0].remote_id, Title="Rehearsed")
    org.delete("Contact", links[1].remote_id)
    org.create("Contact", LastName="New", Email="new@rehearsed.example")
    contacts = Contact.objects.count()

    told = run_dry("pull", "Contact")

    assert "1 created, 1 updated" in told
    assert "1 deleted" in told
    assert Contact.objects.count() == contacts
    assert not Contact.objects.filter(title="Rehearsed").exists()


def test_a_rehearsed_push_knows_what_was_erased_there(synced: Connection, org: Org) -> None:
    link = RecordLink.objects.filter(remote_object="Contact").first()
    assert link is not None
    org.delete("Contact", link.remote_id)
    org.control("clock", advance=int(timedelta(days=16).total_seconds()))
    contact = Contact.objects.get(pk=link.record_id)
    contact.title = "Edited"
    contact.save(update_fields=["title"])

    told = run_dry("push")

    assert "0 failed" in told
    assert RecordLink.objects.live().filter(pk=link.pk).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["pull", "push"])
def test_an_edit_goes_through_at_once_while_a_rehearsal_waits_for_the_org(
    synced: Connection, org: Org, action: str
) -> None:
    """Each call of the org takes two seconds; the edit of a record that the rehearsal is about takes none."""
    link = RecordLink.objects.filter(remote_object="Contact").first()
    assert link is not None
    org.update("Contact", link.remote_id, Title="Theirs")
    contact = Contact.objects.get(pk=link.record_id)
    contact.department = "Ours"
    contact.save(update_fields=["department"])
    org.faults({"match": {"path": "services/data"}, "do": "delay", "delay_ms": 2_000, "times": None})

    with ThreadPoolExecutor(1) as pool:
        rehearsed = pool.submit(_rehearse, action)
        waits = []
        while not rehearsed.done():
            begun = monotonic()
            with transaction.atomic():
                row = Contact.objects.select_for_update().get(pk=contact.pk)
                row.save(update_fields=["department"])
            Outbox.objects.filter(record_id=contact.pk).update(wait_reason="")
            waits.append(monotonic() - begun)
            sleep(0.05)

    assert rehearsed.result() >= 2.0
    assert max(waits) < 0.9


def _rehearse(action: str) -> float:
    begun = monotonic()
    try:
        present = Connection.objects.get()
        if action == "pull":
            rehearsal.pull(present, ["Contact"], everything=False)
        else:
            rehearsal.push(present)
    finally:
        database.close()
    return monotonic() - begun
