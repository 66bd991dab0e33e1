"""Previews: what they show, and what they leave alone."""

from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.models import Stage as AccountStage
from contacts.models import Contact, Stage
from integrations import changes, forecasting, outlook, planning, previewing, rehearsal, staging, tasks
from integrations.models import Connection, FieldMapping, InferenceMark, Outbox, RecordLink, Run
from integrations.rehearsed import Rehearsed
from tests.factories import ContactFactory
from tests.integrations.previews import carried_out, linked, planned, previewed
from tests.integrations.sync.pushing import last_edit_was
from tests.integrations.test_condition_pages import rows
from tests.integrations.test_settings_pages import mapping_form, settings_form
from tests.pages import shown
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


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
    Contact.objects.filter(pk=contact.pk).update(title="Ours")
    last_edit_was(contact, seconds=3600)  # so theirs is the latest
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
