"""Previews: what they show, what they leave alone, and how they are carried out."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from accounts.models import Stage as AccountStage
from common.models import Workspace
from contacts.models import Contact, Stage
from integrations import (
    carrying,
    changes,
    everything,
    forecasting,
    outlook,
    planning,
    previewing,
    rehearsal,
    staging,
    tasks,
    trying,
)
from integrations.models import (
    Connection,
    Cursor,
    FieldMapping,
    InferenceMark,
    ObjectSettings,
    Outbox,
    RecordLink,
    Run,
    RunLine,
)
from integrations.rehearsed import Rehearsed
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory, UserFactory
from tests.integrations.test_condition_pages import rows
from tests.integrations.test_settings_pages import HTMX, mapping_form, settings_form
from tests.pages import shown
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def previewed(client: Client, name: str, *args: Any, **form: Any) -> Run:
    """Ask for a preview as the page does, and let the worker plan it."""
    response = client.post(reverse(f"integrations:{name}", args=args), form, headers=HTMX)
    assert response.headers.get("HX-Redirect"), response.content.decode()[:2000]
    return planned(Run.objects.latest("pk"))


def planned(run: Run) -> Run:
    tasks.preview(run.pk)
    run.refresh_from_db()
    return run


def carried_out(client: Client, preview: Run) -> Run:
    client.post(reverse("integrations:preview_carry_out", args=[preview.pk]))
    return planned(Run.objects.filter(kind=Run.Kind.CARRIED).latest("pk"))


def linked() -> tuple[Contact, str]:
    link = RecordLink.objects.filter(remote_object="Contact").order_by("pk")[0]
    assert link.record_id
    return Contact.objects.get(pk=link.record_id), link.remote_id


def test_a_pull_is_shown_field_by_field_and_changes_nothing(admin_client: Client, synced: Connection, org: Org) -> None:
    contact, remote_id = linked()
    org.update("Contact", remote_id, Title="Theirs")

    run = previewed(admin_client, "preview_pull", object="Contact")
    page = admin_client.get(reverse("integrations:preview", args=[run.pk])).content.decode()

    line = run.lines.get(outcome="updated")
    assert (line.record_id, line.changes) == (
        contact.pk,
        [{"side": "here", "field": "Title", "before": contact.title, "after": "Theirs"}],
    )
    assert (run.state, run.updated, run.created) == (Run.State.DONE, 1, 0)
    assert run.api_calls >= 1
    assert "Theirs" in page
    contact.refresh_from_db()
    assert contact.title != "Theirs"
    assert RecordLink.objects.get(remote_id=remote_id).base["Title"] != "Theirs"


def test_the_first_sync_is_counted_by_object_and_direction(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    connection.object_settings.filter(record_kind="contact").update(push_new=True, create_as="Contact")
    ContactFactory(last_name="Waiting", company_name="", email="")

    run = previewed(admin_client, "preview_first_sync")

    counts = {(part.direction, part.remote_object): part.counts for part in outlook.parts_of(run)}
    assert counts["pull", "Contact"]["created"] == len(org.query("SELECT Id FROM Contact"))
    assert counts["pull", "Account"]["created"] == len(org.query("SELECT Id FROM Account"))
    assert counts["push", "Contact"]["created"] == 1
    assert not RecordLink.objects.exists()
    assert Contact.objects.count() == 1
    assert run.lines.filter(direction="pull", outcome="created").exclude(name="").exists()


def test_a_one_time_push_says_what_it_would_create_and_what_stays_out_and_why(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    ContactFactory.create_batch(2, company_name="", email="")
    Outbox.objects.all().delete()
    chosen = Stage.objects.order_by("pk")[0]
    synced.object_settings.filter(record_kind="contact").update(push_by_stage=True, push_stages=[chosen.pk])
    ContactFactory(company_name="", email="", stage=chosen)
    Outbox.objects.all().delete()

    run = previewed(admin_client, "preview_push", kind="contact", everything="1")

    assert (run.created, run.skipped) == (1, Contact.objects.filter(crm_id="").count() - 1)
    assert any("stage" in note for note in run.found["notes"])
    assert not Outbox.objects.exists()


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


def test_a_changed_mapping_is_tried_on_linked_records(admin_client: Client, synced: Connection, org: Org) -> None:
    form = mapping_form(synced, "Contact", title="")

    run = previewed(admin_client, "preview_change", "mapping", "Contact", **form)

    assert run.state == Run.State.DONE
    assert FieldMapping.objects.filter(remote_object="Contact", field="title").exists()
    part = next(part for part in outlook.parts_of(run) if part.remote_object == "Contact")
    assert part.looked_at == RecordLink.objects.filter(remote_object="Contact").count()


def test_a_newly_mapped_field_is_shown_field_by_field_on_the_side_that_would_change(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    FieldMapping.objects.filter(remote_object="Contact", field="title").delete()
    contact, remote_id = linked()
    long_ago = timezone.now() - timedelta(hours=1)
    Contact.objects.filter(pk=contact.pk).update(title="Ours", updated_at=long_ago)  # so theirs is the latest
    org.update("Contact", remote_id, Title="Theirs")
    form = mapping_form(synced, "Contact", title="Title")

    run = previewed(admin_client, "preview_change", "mapping", "Contact", **form)

    line = run.lines.get(direction="then", record_id=contact.pk)
    assert line.changes == [{"side": "here", "field": "Title", "before": "Ours", "after": "Theirs"}]
    assert outlook.touched(outlook.parts_of(run)) == 0  # saving alone moves nothing of it
    contact.refresh_from_db()
    assert contact.title == "Ours"

    carried = carried_out(admin_client, run)

    assert carried.state == Run.State.DONE, carried.message
    assert FieldMapping.objects.get(remote_object="Contact", field="title").remote_field == "Title"


def test_settings_that_somebody_changed_meanwhile_are_not_overwritten(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    form = settings_form(synced, "contact", push_new="on", is_visible=None)
    preview = previewed(admin_client, "preview_change", "settings", "contact", **form)
    synced.object_settings.filter(record_kind="contact").update(source_value="Another")

    page = admin_client.post(reverse("integrations:preview_carry_out", args=[preview.pk]), follow=True)

    assert "The settings were changed since" in page.content.decode()
    assert ObjectSettings.objects.get(record_kind="contact").is_visible


def test_a_form_that_can_not_be_saved_says_so_beside_its_fields(admin_client: Client, synced: Connection) -> None:
    form = settings_form(synced, "contact", pull_every="0")

    response = admin_client.post(
        reverse("integrations:preview_change", args=["settings", "contact"]), form, headers=HTMX
    )

    assert response.status_code == 422
    assert not Run.objects.filter(kind=Run.Kind.PREVIEW).exists()


def test_a_preview_that_is_cancelled_stops(admin_client: Client, synced: Connection, org: Org) -> None:
    run = previewing.begin(synced, {"what": "pull", "names": ["Contact"], "everything": True}, None)
    admin_client.post(reverse("integrations:preview_cancel", args=[run.pk]))

    planned(run)

    assert run.state == Run.State.CANCELLED
    assert not run.lines.exists()


def test_an_org_that_does_not_answer_ends_a_preview_with_the_reason(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    org.faults({"match": {"path": "services/data"}, "do": "status", "status": 503, "times": None})

    run = previewed(admin_client, "preview_pull", object="Contact")

    assert run.state == Run.State.INCOMPLETE
    assert run.message


def test_a_second_click_asks_for_the_same_preview(admin_client: Client, synced: Connection) -> None:
    for _ in range(2):
        admin_client.post(reverse("integrations:preview_pull"), {"object": "Contact"})

    assert Run.objects.filter(kind=Run.Kind.PREVIEW).count() == 1


def test_old_previews_are_thrown_away_with_their_lines(synced: Connection) -> None:
    run = previewing.begin(synced, {"what": "pull", "names": ["Contact"], "everything": False}, None)
    RunLine.objects.create(run=run, outcome="updated", direction="pull", remote_object="Contact", record_kind="contact")
    Run.objects.filter(pk=run.pk).update(started_at=timezone.now() - previewing.KEPT * 2)

    tasks.prune_deleted()

    assert not RunLine.objects.exists()


def test_a_trial_syncs_the_chosen_records_and_no_others(admin_client: Client, connection: Connection, org: Org) -> None:
    connection.object_settings.filter(record_kind="contact").update(push_new=True, create_as="Contact")
    wanted, other = ContactFactory.create_batch(2, company_name="", email="")
    preview = previewed(admin_client, "preview_first_sync")
    pulled = next(line for line in trying.offered(preview, "pull") if line.remote_object == "Contact")
    pushed = next(line for line in trying.offered(preview, "push") if line.record_id == wanted.pk)

    page = admin_client.get(reverse("integrations:trial", args=[preview.pk])).content.decode()
    admin_client.post(reverse("integrations:trial", args=[preview.pk]), {"line": [pulled.pk, pushed.pk]})
    run = Run.objects.get(kind=Run.Kind.TRIAL)
    tasks.trial(run.pk)

    run.refresh_from_db()
    wanted.refresh_from_db()
    other.refresh_from_db()
    assert wanted.last_name in page
    assert (run.state, run.created) == (Run.State.DONE, 2)
    assert Contact.objects.filter(crm_id=pulled.remote_id).exists()
    assert (bool(wanted.crm_id), other.crm_id) == (True, "")
    assert {line.direction for line in run.lines.all()} == {"pull", "push"}
    assert connection.phase == Connection.Phase.SETUP
    told = admin_client.get(reverse("integrations:preview", args=[run.pk])).content.decode()
    assert "The way back" in told


def test_a_trial_is_of_ten_records_in_each_direction(admin_client: Client, connection: Connection, org: Org) -> None:
    preview = previewed(admin_client, "preview_first_sync")
    chosen = [line.pk for line in trying.offered(preview, "pull")][: trying.MOST + 1]

    page = admin_client.post(reverse("integrations:trial", args=[preview.pk]), {"line": chosen}).content.decode()

    assert "Choose 10 records at most" in page
    assert not Run.objects.filter(kind=Run.Kind.TRIAL).exists()


def test_after_the_setup_window_there_are_no_trials(admin_client: Client, connection: Connection, org: Org) -> None:
    preview = previewed(admin_client, "preview_first_sync")
    Connection.objects.update(started_at=timezone.now())

    page = admin_client.get(reverse("integrations:trial", args=[preview.pk])).content.decode()

    assert "syncing has started" in page


def test_starting_from_a_preview_starts_syncing(admin_client: Client, connection: Connection, org: Org) -> None:
    preview = previewed(admin_client, "preview_first_sync")

    run = carried_out(admin_client, preview)

    assert run.state == Run.State.DONE, run.message
    assert Connection.objects.get().started_at
    pull_all()
    assert RecordLink.objects.exists()


def test_a_preview_whose_worker_was_killed_is_told_as_broken_off_and_can_be_started_again(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    run = previewing.begin(synced, {"what": "pull", "names": ["Contact"], "everything": False}, None)
    assert previewing.is_claimed(run)  # and that was the last of its worker
    Run.objects.filter(pk=run.pk).update(seen_at=timezone.now() - previewing.SILENT)

    page = admin_client.get(reverse("integrations:preview", args=[run.pk])).content.decode()
    response = admin_client.post(reverse("integrations:preview_again", args=[run.pk]))
    other = planned(Run.objects.latest("pk"))

    run.refresh_from_db()
    assert (run.state, run.message) == (Run.State.INCOMPLETE, previewing.BROKEN_OFF)
    assert "Broken off" in page
    assert "Preview again" in page
    assert response.headers["Location"] == reverse("integrations:preview", args=[other.pk])
    assert (other.pk != run.pk, other.state) == (True, Run.State.DONE)


def test_previews_broken_off_are_ended_in_the_setup_window_too(connection: Connection) -> None:
    run = previewing.begin(connection, {"what": "first_sync"}, None)
    Run.objects.filter(pk=run.pk).update(seen_at=timezone.now() - previewing.QUEUED)

    tasks.tick()

    run.refresh_from_db()
    assert run.message == previewing.BROKEN_OFF


def test_one_that_is_only_waiting_for_a_worker_is_not_broken_off(synced: Connection) -> None:
    run = previewing.begin(synced, {"what": "pull", "names": ["Contact"], "everything": False}, None)
    Run.objects.filter(pk=run.pk).update(seen_at=timezone.now() - previewing.SILENT * 2)

    assert previewing.end_broken_off() == 0


def test_a_job_that_comes_twice_plans_once(synced: Connection, org: Org) -> None:
    run = previewing.begin(synced, {"what": "pull", "names": ["Contact"], "everything": True}, None)

    tasks.preview(run.pk)
    Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING)  # as if the first were still at it
    calls = sum(org.calls().values())
    tasks.preview(run.pk)

    assert sum(org.calls().values()) == calls


def test_of_each_object_one_preview_is_made_at_a_time(admin_client: Client, synced: Connection) -> None:
    running = previewing.begin(synced, {"what": "pull", "names": ["Contact"], "everything": False}, None)

    admin_client.post(reverse("integrations:preview_pull"), {"object": "Account"})
    refused = admin_client.post(reverse("integrations:preview_push"), {"kind": "contact"}, follow=True)

    assert Run.objects.filter(kind=Run.Kind.PREVIEW).count() == 2
    assert refused.redirect_chain[0][0] == reverse("integrations:preview", args=[running.pk])
    assert "under way" in refused.content.decode()


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


def test_a_condition_is_shown_with_what_it_would_hide(admin_client: Client, synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(origin="crm_pull", crm_object="Contact").order_by("pk")[0]
    form = rows(("last_name", "is", "Nobody at all"))

    run = previewed(admin_client, "preview_change", "conditions", "Contact", **form)

    hidden = Contact.objects.filter(origin="crm_pull", crm_object="Contact").count()
    line = run.lines.get(direction="here", record_id=contact.pk)
    assert line.changes == [{"side": "here", "field": "Shown in lists", "before": "Yes", "after": "No"}]
    assert outlook.touched(outlook.parts_of(run)) == hidden
    contact.refresh_from_db()
    assert not contact.is_hidden


def test_what_moves_anyway_is_not_laid_at_the_change(admin_client: Client, synced: Connection, org: Org) -> None:
    _, remote_id = linked()
    org.update("Contact", remote_id, Title="Theirs")
    form = settings_form(synced, "contact", source_value="Another")

    run = previewed(admin_client, "preview_change", "settings", "contact", **form)

    part = next(part for part in outlook.parts_of(run) if part.direction == "pull" and part.remote_object == "Contact")
    assert (part.counts["updated"], part.anyway, part.touched) == (1, 1, 0)
    page = admin_client.get(reverse("integrations:preview", args=[run.pk])).content.decode()
    assert "Without the change 1 of them would move too." in page


def test_deletion_sync_is_shown_with_what_it_would_delete(admin_client: Client, synced: Connection, org: Org) -> None:
    contact, remote_id = linked()
    org.delete("Contact", remote_id)
    form = shown(changes.bind(synced, "deletions", "Contact")) | {"deletions-Contact-sync_deletes": "on"}

    run = previewed(admin_client, "preview_change", "deletions", "Contact", **form)

    assert run.lines.get(outcome="deleted").name == str(contact)
    assert Contact.objects.filter(pk=contact.pk).exists()


def test_stages_that_would_follow_from_deals_are_shown(admin_client: Client, with_deals: Connection, org: Org) -> None:
    names = {event: AccountStage.objects.get(name=staging.USUAL[event]).pk for event in staging.EVENTS}
    before = dict(Account.objects.values_list("pk", "stage_id"))

    run = previewed(admin_client, "preview_change", "stages", "Account", source="infer", takes_over="on", **names)

    lines = run.lines.filter(direction="here")
    assert lines.exists()
    assert {line.changes[0]["after"] for line in lines} <= set(staging.USUAL.values())
    assert dict(Account.objects.values_list("pk", "stage_id")) == before
    assert not InferenceMark.objects.exists()

    carried_out(admin_client, run)
    tasks.infer_stages()

    changed = [pk for pk, stage in Account.objects.values_list("pk", "stage_id") if stage != before[pk]]
    assert set(changed) == {line.record_id for line in lines}


def test_an_account_that_several_people_need_is_counted_once(
    admin_client: Client, synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "CLAIMED", 1)  # each person is planned by itself
    ContactFactory.create_batch(3, company_name="Needed Ltd", email="")
    Outbox.objects.all().delete()

    run = previewed(admin_client, "preview_push", kind="contact", everything="1")

    made = {part.remote_object: part.counts["created"] for part in outlook.parts_of(run)}
    assert made == {"Contact": 3, "Account": 1}
    assert not Account.objects.filter(name="Needed Ltd").exists()


def test_a_preview_of_more_than_it_plans_is_marked_as_an_estimate(
    admin_client: Client, synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "CLAIMED", 2)
    monkeypatch.setattr(planning, "PUSHED", 2)
    ContactFactory.create_batch(6, company_name="", email="")
    Outbox.objects.all().delete()

    run = previewed(admin_client, "preview_push", kind="contact", everything="1")
    page = admin_client.get(reverse("integrations:preview", args=[run.pk])).content.decode()

    (part,) = outlook.parts_of(run)
    assert (run.created, part.scaled("created")) == (2, 6)
    assert "about 6" in page
    assert run.found["is_estimate"]


def test_who_sees_pulled_records_is_chosen_before_the_first_sync_is_carried_out(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    preview = previewed(admin_client, "preview_first_sync")

    page = admin_client.get(reverse("integrations:preview", args=[preview.pk])).content.decode()
    url = reverse("integrations:preview_carry_out", args=[preview.pk])
    admin_client.post(url, {"pulled_seen_by": Workspace.SeenBy.OWNERS})

    assert "Everything is read with the login of" in page
    assert Workspace.load().pulled_seen_by == Workspace.SeenBy.OWNERS


def test_the_page_of_an_object_previews_its_one_time_pull_and_push(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    ContactFactory(company_name="", email="")
    Outbox.objects.all().delete()
    (counted,) = forecasting.push(synced, ["contact"])

    page = admin_client.get(reverse("integrations:object", args=["contact"])).content.decode()
    run = previewed(admin_client, "preview_push", kind="contact", everything="1")
    told = admin_client.get(reverse("integrations:preview", args=[run.pk])).content.decode()

    assert page.count(reverse("integrations:preview_push")) == 1
    assert page.count(reverse("integrations:preview_pull")) == 2  # leads and contacts
    assert (run.created, run.skipped) == (counted.to_create, sum(counted.skipped.values()))
    assert f"{counted.unchanged} are linked and in step." in told
    assert f"{reverse('integrations:object', args=['contact'])}#once" in told


WANTED: list[dict[str, Any]] = [
    {"what": "first_sync"},
    {"what": "pull", "names": ["Account", "Lead", "Contact"], "everything": True},
    {"what": "push", "kinds": ["account", "contact"], "everything": True},
]
# The last three note what the org was asked.
KEPT = ("integrations_run", "integrations_apiusage", "integrations_credential", "integrations_connection")


def fingerprints() -> dict[str, str]:
    """Every row of every table, but for what a preview is itself."""
    found = {}
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            if not table.startswith(("django_", *KEPT)):
                cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t")
                found[table] = cursor.fetchone()[0]
    return found


def to_be_tried(connection: Connection, org: Org) -> list[dict[str, Any]]:
    """Requests of each kind, and something for each to find."""
    _, remote_id = linked()
    org.update("Contact", remote_id, Title="Theirs")
    ContactFactory(company_name="Needed Ltd", email="")
    sections = {
        ("settings", "contact"): settings_form(connection, "contact", is_visible=None, create_as="Lead"),
        ("mapping", "Contact"): mapping_form(connection, "Contact", title=""),
        ("conditions", "Contact"): rows(("last_name", "is", "Nobody at all")),
        ("deletions", "Contact"): shown(changes.bind(connection, "deletions", "Contact"))
        | {"deletions-Contact-sync_deletes": "on"},
        ("stages", "Account"): {"source": "infer", "takes_over": "on"},
    }
    changed = [
        {"what": "change", "section": section, "name": name, "data": {key: listed(form[key]) for key in form}}
        for (section, name), form in sections.items()
    ]
    return [*WANTED, *changed]


def listed(value: Any) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else [] if value is None else [str(value)]


def test_no_preview_writes_anything_or_holds_a_lock_while_the_org_is_asked(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = to_be_tried(synced, org)
    before, outside, depths = fingerprints(), len(database.savepoint_ids), []
    asked = Rehearsed._ask
    monkeypatch.setattr(
        Rehearsed, "_ask", lambda *args, **kw: depths.append(len(database.savepoint_ids)) or asked(*args, **kw)
    )

    for request in requests:
        run = planned(previewing.begin(synced, request, None))
        assert run.state == Run.State.DONE, (request, run.message)
        assert fingerprints() == before, request

    assert set(depths) == {outside}


def test_a_trial_is_not_previewed_again_and_strange_ids_are_nobodys(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    trial = Run.objects.create(connection=connection, kind=Run.Kind.TRIAL, request={"what": "trial"}, state="done")
    pull = Run.objects.create(connection=connection, kind=Run.Kind.PULL, state="done")

    again = admin_client.post(reverse("integrations:preview_again", args=[trial.pk]), follow=True)

    assert "Only a preview can be made again" in again.content.decode()
    for pk in (pull.pk, 2**62):
        assert admin_client.get(reverse("integrations:preview", args=[pk])).status_code == 404
        assert admin_client.post(reverse("integrations:preview_carry_out", args=[pk])).status_code == 404
    for section, name in (("nonsense", "contact"), ("settings", "nonsense"), ("mapping", "User")):
        url = reverse("integrations:preview_change", args=[section, name])
        assert admin_client.post(url, {}).status_code == 404


def test_a_preview_in_the_list_of_runs_leads_to_its_page(admin_client: Client, synced: Connection) -> None:
    run = previewing.begin(synced, {"what": "first_sync"}, None)

    response = admin_client.get(reverse("integrations:run", args=[run.pk]))

    assert response.headers["Location"] == reverse("integrations:preview", args=[run.pk])


def test_strange_characters_in_a_form_are_no_fault(admin_client: Client, synced: Connection) -> None:
    form = settings_form(synced, "contact", source_value="Zoë ☃") | {"other": "a\0b", "o\0": "c"}

    response = admin_client.post(reverse("integrations:preview_change", args=["settings", "contact"]), form)

    assert response.status_code in {302, 422}


PAGES = ["preview", "preview_status", "preview_cancel", "preview_again", "preview_carry_out", "trial"]
BEGINNINGS = ["previews", "preview_first_sync", "preview_pull", "preview_push"]


@pytest.mark.parametrize("name", BEGINNINGS)
def test_members_begin_no_preview(name: str, synced: Connection, client: Client) -> None:
    client.force_login(UserFactory())

    for asked in (client.get, client.post):
        assert asked(reverse(f"integrations:{name}")).status_code == 403
    assert not Run.objects.filter(kind=Run.Kind.PREVIEW).exists()


@pytest.mark.parametrize("name", PAGES)
def test_members_reach_no_preview(name: str, synced: Connection, client: Client) -> None:
    run = previewing.begin(synced, {"what": "first_sync"}, None)
    client.force_login(UserFactory())

    for asked in (client.get, client.post):
        assert asked(reverse(f"integrations:{name}", args=[run.pk])).status_code == 403


def test_a_page_of_lines_costs_a_fixed_number_of_queries(
    admin_client: Client, synced: Connection, django_assert_max_num_queries: Any
) -> None:
    run = previewing.begin(synced, {"what": "pull", "names": ["Contact"], "everything": False}, None)
    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE)
    changes = [{"side": "here", "field": f"Field {number}", "before": None, "after": "x"} for number in range(800)]
    RunLine.objects.bulk_create(
        RunLine(
            run=run,
            outcome="updated",
            direction="pull",
            remote_object="Contact",
            record_kind="contact",
            name=f"Zoë {number}",
            changes=changes,
        )
        for number in range(200)
    )

    with django_assert_max_num_queries(30):
        page = admin_client.get(reverse("integrations:preview", args=[run.pk]), {"q": "zoë"}).content.decode()

    assert "Zoë 0" in page
    assert "Field 39" in page
    assert "Field 40" not in page
    assert "All 800 fields of Zoë 0" in page
    line = run.lines.order_by("pk")[0]
    whole = admin_client.get(reverse("integrations:preview", args=[run.pk]), {"line": line.pk}).content.decode()
    assert "Field 799" in whole
    assert "Zoë 60" not in page
