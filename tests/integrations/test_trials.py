"""Trials: a few chosen records are synced before all the others."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact
from integrations import tasks, trying
from integrations.models import Connection, Run
from tests.factories import ContactFactory
from tests.integrations.previews import previewed
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


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
