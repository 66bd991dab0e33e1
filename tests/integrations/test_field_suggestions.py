"""Pairs that are suggested, and custom fields made for what Salesforce has."""

import pytest
from django.test import Client
from django.urls import reverse

from common.models import CustomField
from integrations.models import Connection, FieldMapping
from tests.factories import CustomFieldFactory
from tests.integrations.fields import HTMX, describe_field, many_fields, mapped, save, table

pytestmark = pytest.mark.django_db


# Suggestions


def test_what_is_suggested_is_taken_by_one_click(admin_client: Client, connection: Connection) -> None:
    CustomFieldFactory(label="Favourite colour", key="colour", type="text")
    describe_field(connection, "Contact", "FavouriteColour__c", label="The colour")
    form = {"object": "Contact", "field": "custom.colour", "remote": "FavouriteColour__c"}

    assert "The colour?" in table(admin_client, show="suggested")
    admin_client.post(reverse("integrations:suggestion", args=["contact"]), form, headers=HTMX)

    assert mapped("custom.colour") == "FavouriteColour__c"


def test_what_was_turned_down_or_unmapped_is_suggested_again_only_when_asked_for(
    admin_client: Client, connection: Connection
) -> None:
    CustomFieldFactory(label="Level", key="level", type="picklist", choices=["Gold"])
    form = {"object": "Contact", "field": "custom.level", "remote": "Level__c", "decline": "1"}
    save(admin_client, "title", "")
    assert "Level?" in table(admin_client)

    admin_client.post(reverse("integrations:suggestion", args=["contact"]), form, headers=HTMX)
    assert "Level?" not in table(admin_client)
    assert "Title?" not in table(admin_client)

    admin_client.post(reverse("integrations:suggestions_again", args=["contact"]), headers=HTMX)
    assert "Level?" in table(admin_client)
    assert "Title?" in table(admin_client)


def test_all_suggestions_are_taken_at_once_and_twice_changes_nothing(
    admin_client: Client, connection: Connection
) -> None:
    many_fields(connection, 30)

    admin_client.post(reverse("integrations:suggestions_take", args=["contact"]), headers=HTMX)
    admin_client.post(reverse("integrations:suggestions_take", args=["contact"]), headers=HTMX)

    assert FieldMapping.objects.filter(field__startswith="custom.f", remote_object="Lead").count() == 30
    assert FieldMapping.objects.filter(field__startswith="custom.f", remote_object="Contact").count() == 30


def test_a_suggestion_that_is_no_more_is_not_taken(admin_client: Client, connection: Connection) -> None:
    form = {"object": "Contact", "field": "headline", "remote": "Title"}

    admin_client.post(reverse("integrations:suggestion", args=["contact"]), form, headers=HTMX)
    unknown = admin_client.post(reverse("integrations:suggestion", args=["contact"]), form | {"field": "gone"})

    assert not mapped("headline")
    assert unknown.status_code == 404


# Custom fields


@pytest.mark.parametrize("type_", CustomField.Type.values)
def test_a_field_of_any_kind_is_made_and_mapped_next(type_: str, admin_client: Client, connection: Connection) -> None:
    form = {"label": "Größe (EU)", "type": type_, "decimals": "2", "choices": "S\nM\nM\n\nL"}

    response = admin_client.post(reverse("integrations:custom_field", args=["contact"]), form, headers=HTMX)

    field = CustomField.objects.get()
    listed = type_ in ("picklist", "multi_picklist")
    assert (field.key, field.type, field.record_kind) == ("groe_eu", type_, "contact")
    assert field.choices == (["S", "M", "L"] if listed else [])
    assert field.decimals == (2 if type_ == "number" else 0)
    assert 'name="field" value="custom.groe_eu"' in response.content.decode()


def test_a_field_is_made_after_one_of_salesforce_and_its_panel_is_filled_in(
    admin_client: Client, connection: Connection
) -> None:
    like = {"object": "Contact", "like": "Level__c"}
    url = reverse("integrations:custom_field", args=["contact"])

    asked = admin_client.get(url, like).content.decode()
    form = like | {"label": "Level", "type": "picklist", "choices": "Primary"}
    made = admin_client.post(url, form, headers=HTMX).content.decode()

    assert '<option value="picklist" selected>' in asked
    assert "Secondary" in asked
    assert made.split('value="Level__c"')[1].split()[0] == "checked>"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"label": "title", "type": "text"}, "already"),
        ({"label": "Size", "type": "picklist", "choices": " \n"}, "at least one"),
        ({"label": "Size", "type": "picklist", "choices": "a;b"}, "semicolons"),
        ({"label": "Size", "type": "magic"}, "magic"),
        ({"label": "", "type": "text"}, "required"),
        ({"label": "Size", "type": "number", "decimals": "7"}, "At most 6"),
    ],
)
def test_a_field_that_can_not_be_made_says_why(
    form: dict[str, str], message: str, admin_client: Client, connection: Connection
) -> None:
    response = admin_client.post(reverse("integrations:custom_field", args=["contact"]), form, headers=HTMX)

    assert response.status_code == 422
    assert message in response.content.decode()
    assert not CustomField.objects.exists()
