"""A preview from the click that asks for it until it is thrown away, and who may see it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import previewing, tasks
from integrations.models import Connection, Run, RunLine
from tests.factories import UserFactory
from tests.integrations.previews import planned, previewed
from tests.integrations.test_settings_pages import HTMX, settings_form
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


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
