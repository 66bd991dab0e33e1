"""Django's admin shows the sync and changes nothing of it."""

import re

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from integrations.models import Connection, Credential, DeletionSettings, RecordLink, UserMapping
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
MODELS = [model for model in admin.site._registry if model._meta.app_label == "integrations"]


def address(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:integrations_{model._meta.model_name}_{page}", args=args)  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_opens_and_only_settings_can_be_added(model: type, admin_client: Client, synced: Connection) -> None:
    assert admin_client.get(address(model, "changelist")).status_code == 200
    assert admin_client.get(address(model, "add")).status_code == (200 if model is DeletionSettings else 403)


def test_secrets_are_left_out(admin_client: Client, connection: Connection) -> None:
    credential = Credential.objects.get()
    page = admin_client.get(address(Credential, "change", credential.pk)).content.decode()
    page += admin_client.get(address(Connection, "change", connection.pk)).content.decode()

    assert credential.username in page
    assert credential.access_token not in page
    assert not re.search(r"client_secret\b", page)  # when it was set is told


def test_links_cannot_be_changed_or_deleted(admin_client: Client, synced: Connection) -> None:
    link = RecordLink.objects.first()

    admin_client.post(address(RecordLink, "change", link.pk), {"remote_id": "X"})
    admin_client.post(address(RecordLink, "delete", link.pk), {"post": "yes"})

    assert RecordLink.objects.get(pk=link.pk).remote_id == link.remote_id


def test_a_user_mapping_set_by_hand_stays(admin_client: Client, connection: Connection) -> None:
    mapping, user = UserMapping.objects.first(), UserFactory()

    admin_client.post(address(UserMapping, "change", mapping.pk), {"user": user.pk})

    mapping.refresh_from_db()
    assert (mapping.user, mapping.is_by_hand) == (user, True)
