"""Previews are carried out: what was shown and no more, and only while it still holds."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from common.models import Workspace
from contacts.models import Contact
from integrations import carrying, changes, everything, previewing, tasks
from integrations.models import (
    ActivitySettings,
    Connection,
    Cursor,
    ExclusionRule,
    FieldMapping,
    ObjectSettings,
    Outbox,
    RecordLink,
    Run,
)
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory
from tests.integrations.previews import carried_out, planned, previewed
from tests.integrations.test_settings_pages import settings_form
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def test_carrying_out_a_one_time_push_pushes_and_knows_its_preview(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    contact = ContactFactory(company_name="", email="")
    Outbox.objects.all().delete()
    preview = previewed(admin_client, "preview_push", kind="contact", everything="1")

    run = carried_out(admin_client, preview)
    tasks.mark_everything()
    push_all()

    contact.refresh_from_db()
    assert contact.crm_id
    assert (run.state, run.preview, run.found["differences"]) == (Run.State.DONE, preview, [])
    assert Run.objects.get(kind=Run.Kind.EVERYTHING).preview == preview


def test_what_would_touch_over_a_tenth_more_than_was_shown_stops(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    ContactFactory.create_batch(5, company_name="", email="")
    Outbox.objects.all().delete()
    preview = previewed(admin_client, "preview_push", kind="contact", everything="1")
    ContactFactory(company_name="", email="")
    Outbox.objects.all().delete()

    run = carried_out(admin_client, preview)

    assert run.state == Run.State.INCOMPLETE
    assert "6 records would be touched now, 5 were shown" in run.message
    assert run.found["differences"] == ["Contact, to Salesforce: 6 created instead of 5."]
    assert not Outbox.objects.exists()


def test_records_that_come_to_a_one_time_push_after_all_stop_it(synced: Connection, admin: User) -> None:
    ContactFactory.create_batch(3, company_name="", email="")
    Outbox.objects.all().delete()

    everything.start(synced, ["contact"], admin, most={"Contact": 2})

    assert everything.mark_some(synced) is False
    assert "more records" in Run.objects.get(kind=Run.Kind.EVERYTHING).message
    assert not Outbox.objects.exists()


def test_a_changed_setting_is_tried_and_then_saved_from_its_preview(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    form = settings_form(synced, "contact", push_new="on", is_visible=None)

    run = previewed(admin_client, "preview_change", "settings", "contact", **form)

    settings = ObjectSettings.objects.get(record_kind="contact")
    assert settings.is_visible
    pulled = Contact.objects.filter(origin="crm_pull").count()
    assert f"{pulled} pulled records that are shown now would be hidden." in run.found["notes"]

    carried_out(admin_client, run)

    settings.refresh_from_db()
    assert not settings.is_visible


def test_settings_that_somebody_changed_meanwhile_are_not_overwritten(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    form = settings_form(synced, "contact", push_new="on", is_visible=None)
    preview = previewed(admin_client, "preview_change", "settings", "contact", **form)
    synced.object_settings.filter(record_kind="contact").update(source_value="Another")

    page = admin_client.post(reverse("integrations:preview_carry_out", args=[preview.pk]), follow=True)

    assert "The settings were changed since" in page.content.decode()
    assert ObjectSettings.objects.get(record_kind="contact").is_visible


@pytest.mark.parametrize("switch", ["push_notes", "push_all_calendar_events"])
def test_switches_and_exclusion_rules_of_activities_are_settings_too(synced: Connection, switch: str) -> None:
    settings = ActivitySettings.objects.create(connection=synced)
    before = changes.state_of(synced)
    setattr(settings, switch, True)
    settings.save()
    switched = changes.state_of(synced)

    ExclusionRule.objects.create(connection=synced, name="Acme", from_domains=["acme.example"])

    assert len({before, switched, changes.state_of(synced)}) == 3


def test_starting_from_a_preview_starts_syncing(admin_client: Client, connection: Connection, org: Org) -> None:
    preview = previewed(admin_client, "preview_first_sync")

    run = carried_out(admin_client, preview)

    assert run.state == Run.State.DONE, run.message
    assert Connection.objects.get().started_at
    pull_all()
    assert RecordLink.objects.exists()


def test_a_preview_says_when_settings_were_changed_since_and_is_made_again(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    run = previewed(admin_client, "preview_pull", object="Contact")
    FieldMapping.objects.filter(remote_object="Contact", field="title").delete()

    page = admin_client.get(reverse("integrations:preview", args=[run.pk])).content.decode()
    refused = admin_client.post(reverse("integrations:preview_carry_out", args=[run.pk]), follow=True)
    admin_client.post(reverse("integrations:preview_again", args=[run.pk]))
    fresh = planned(Run.objects.latest("pk"))

    assert "The settings were changed since" in page
    assert "The settings were changed since" in refused.content.decode()
    assert not Run.objects.filter(kind=Run.Kind.CARRIED).exists()
    assert carrying.refusal(fresh) == ""


def test_settings_that_changed_while_it_planned_again_stop_what_is_carried_out(
    synced: Connection, org: Org, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = planned(previewing.begin(synced, {"what": "pull", "names": ["Contact"], "everything": True}, admin))
    run = carrying.carry_out(preview, admin)
    real = carrying.plan

    def meanwhile(run: Run) -> Any:
        planner = real(run)
        FieldMapping.objects.filter(remote_object="Contact", field="title").delete()
        return planner

    monkeypatch.setattr(carrying, "plan", meanwhile)
    planned(run)

    assert run.state == Run.State.INCOMPLETE
    assert "The settings were changed since" in run.message
    assert not Cursor.objects.get(remote_object="Contact").is_full


def test_a_pull_of_everything_is_carried_out_from_its_preview(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    preview = previewed(admin_client, "preview_pull", object="Contact", everything="1")

    run = carried_out(admin_client, preview)

    assert (run.state, run.message) == (Run.State.DONE, "Pulling now.")
    assert Cursor.objects.get(remote_object="Contact").is_full


def test_who_sees_pulled_records_is_chosen_before_the_first_sync_is_carried_out(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    preview = previewed(admin_client, "preview_first_sync")

    page = admin_client.get(reverse("integrations:preview", args=[preview.pk])).content.decode()
    url = reverse("integrations:preview_carry_out", args=[preview.pk])
    admin_client.post(url, {"pulled_seen_by": Workspace.SeenBy.OWNERS})

    assert "Everything is read with the login of" in page
    assert Workspace.load().pulled_seen_by == Workspace.SeenBy.OWNERS
