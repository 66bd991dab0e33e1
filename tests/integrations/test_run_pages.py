"""The list of runs and a run's page: in plain words, with every record that it touched."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from common.merging import merge
from contacts.models import Contact
from integrations import everything, tasks, telling
from integrations.models import Connection, Outbox, Run, SyncEvent
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory
from tests.pages import CaptureQueries
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def page_of(client: Client, run: Run, **query: str) -> str:
    return client.get(reverse("integrations:run", args=[run.pk]), query).content.decode()


def listed(client: Client, **query: str) -> list[int]:
    return [told.run.pk for told in client.get(reverse("integrations:runs"), query).context["runs"]]


def newest(**of: Any) -> Run:
    return Run.objects.filter(**of).latest("pk")


def test_runs_are_listed_newest_first_in_words(admin_client: Client, synced: Connection) -> None:
    page = admin_client.get(reverse("integrations:runs")).content.decode()

    assert listed(admin_client) == list(Run.objects.order_by("-pk").values_list("pk", flat=True))
    assert "Full pull of contacts" in page
    assert "20 records: 20 new" in page


def test_runs_are_filtered_by_object_kind_state_and_who(admin_client: Client, synced: Connection, admin: User) -> None:
    make = Run.objects.create
    pushed = make(connection=synced, kind=Run.Kind.PUSH, remote_object="Lead", started_by=admin)
    cut = make(connection=synced, kind=Run.Kind.PULL, remote_object="Lead", state=Run.State.INCOMPLETE)

    assert listed(admin_client, kind="push", object="Lead") == [pushed.pk]
    assert listed(admin_client, state="incomplete") == [cut.pk]
    assert listed(admin_client, who=str(admin.pk)) == [pushed.pk]
    assert pushed.pk not in listed(admin_client, who="nobody")
    assert listed(admin_client, who="9" * 40) == []
    assert listed(admin_client, kind="\x00x") == []


def test_the_list_costs_the_same_whatever_it_shows(admin_client: Client, synced: Connection, admin: User) -> None:
    url = reverse("integrations:runs")
    with CaptureQueries() as few:
        admin_client.get(url)
    for _ in range(60):
        Run.objects.create(connection=synced, kind=Run.Kind.PUSH, remote_object="Lead", started_by=admin)
    with CaptureQueries() as many:
        page = admin_client.get(url)

    assert len(many) == len(few)
    assert "Next" in page.content.decode()


def test_a_pull_shows_the_records_that_it_made(admin_client: Client, synced: Connection) -> None:
    run = newest(kind=Run.Kind.PULL, remote_object="Contact")
    contact = Contact.objects.filter(crm_object="Contact").latest("pk")

    page = page_of(admin_client, run, show="created")

    assert f'href="{contact.get_absolute_url()}"' in page
    assert "Full pull of contacts" in page
    assert str(synced.team_credential) in page


def test_a_pull_shows_each_change_before_and_after(admin_client: Client, synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").earliest("pk")
    before = contact.title
    org.update("Contact", contact.crm_id, Title="Keeper of bees")
    pull_all()

    page = page_of(admin_client, newest(kind=Run.Kind.PULL, remote_object="Contact"), show="updated")

    assert str(contact) in page
    assert "Keeper of bees" in page
    assert f'<span class="was">{before or "empty"}</span>' in page


def test_a_one_time_push_shows_what_the_pushes_did_that_worked_it_off(
    admin_client: Client, synced: Connection, admin: User
) -> None:
    contact = ContactFactory(first_name="Onetime", email="one@time.example")
    Outbox.objects.all().delete()  # it was made before push was on
    everything.start(synced, ["contact"], admin)
    tasks.mark_everything(600)
    push_all()

    whole = newest(kind=Run.Kind.EVERYTHING)

    assert str(contact) in page_of(admin_client, whole, show="created")


def test_a_merge_made_here_is_a_run_with_both_records(admin_client: Client, synced: Connection, admin: User) -> None:
    kept, other = ContactFactory(last_name="Stays"), ContactFactory(last_name="Goes")
    merge(kept, other)

    run = newest(kind=Run.Kind.MERGE)
    page = page_of(admin_client, run)

    assert run.looked_at == run.total == 2
    assert str(kept) in page
    assert f"{other} (deleted)" in page


def test_a_page_of_records_costs_the_same_for_one_and_for_fifty(admin_client: Client, synced: Connection) -> None:
    run = newest(kind=Run.Kind.PULL, remote_object="Contact")
    contacts = list(Contact.objects.all())

    def tell(contact: Contact) -> SyncEvent:
        return SyncEvent(record_kind="contact", record_id=contact.pk, kind="pulled", run=run)

    tell(contacts[0]).save()
    with CaptureQueries() as few:
        page_of(admin_client, run)
    SyncEvent.objects.bulk_create(map(tell, [*contacts, *contacts]))
    with CaptureQueries() as many:
        page_of(admin_client, run)

    assert len(many) == len(few)


def test_a_run_under_way_asks_for_itself_and_no_longer_when_done(admin_client: Client, synced: Connection) -> None:
    run = Run.objects.create(connection=synced, kind=Run.Kind.PULL, remote_object="Lead", total=10)
    htmx = {"HX-Request": "true", "HX-Target": "run"}
    url = reverse("integrations:run", args=[run.pk])

    assert "every 2s" in admin_client.get(url, headers=htmx).content.decode()
    run.finish(Run.State.DONE)
    fragment = admin_client.get(url, headers=htmx).content.decode()
    assert "every 2s" not in fragment
    assert "<html" not in fragment


def test_a_run_that_is_not_there_is_not_found(admin_client: Client, synced: Connection) -> None:
    assert admin_client.get(reverse("integrations:run", args=[10**9])).status_code == 404


def test_the_overview_links_to_the_runs(admin_client: Client, synced: Connection) -> None:
    page = admin_client.get(reverse("integrations:overview")).content.decode()

    assert reverse("integrations:run", args=[newest().pk]) in page


def test_a_preview_is_called_by_what_it_previews(connection: Connection) -> None:
    run = Run(connection=connection, kind=Run.Kind.PREVIEW, request={"what": "first_sync"})

    assert telling.title(run) == "Preview: first sync"
