"""What tests of previews do and look at."""

from typing import Any

from django.test import Client
from django.urls import reverse

from contacts.models import Contact
from integrations import tasks
from integrations.models import RecordLink, Run
from tests.integrations.test_settings_pages import HTMX


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
