"""The page of one kind of record: what it offers, what it explains, and that nobody's choice is lost."""

from typing import Any

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from integrations import changes
from integrations.models import Connection, FieldMapping, ObjectDescription, ObjectSettings
from tests.conftest import push_all
from tests.factories import AccountFactory, ContactFactory
from tests.pages import shown
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def as_shown(connection: Connection, kind: str) -> dict[str, Any]:
    return shown(changes.bind(connection, "settings", kind))


def save(client: Client, kind: str, form: dict[str, Any]) -> Any:
    sent = {name: value for name, value in form.items() if value is not None}
    return client.post(reverse("integrations:object_settings", args=[kind]), sent)


def draft(client: Client, connection: Connection, kind: str, **chosen: Any) -> str:
    form = {name: value for name, value in (as_shown(connection, kind) | chosen).items() if value is not None}
    response = client.post(reverse("integrations:object_draft", args=[kind]), form)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("kind", ["contact", "account", "deal"])
def test_saving_a_page_as_it_was_shown_changes_nothing(kind: str, admin_client: Client, connection: Connection) -> None:
    before = ObjectSettings.objects.filter(record_kind=kind).values().get()

    assert save(admin_client, kind, as_shown(connection, kind)).status_code == 200

    assert ObjectSettings.objects.filter(record_kind=kind).values().get() == before


def test_what_another_admin_saved_meanwhile_stays(admin_client: Client, connection: Connection) -> None:
    form = as_shown(connection, "contact")
    save(admin_client, "contact", as_shown(connection, "contact") | {"push_new": "on", "create_as": "Lead"})

    save(admin_client, "contact", form | {"pull_every": "7"})

    row = ObjectSettings.objects.get(record_kind="contact")
    assert (row.pull_every, row.push_new, row.create_as) == (7, True, "Lead")


def test_deals_are_turned_on_one_way_from_their_own_page(admin_client: Client, connection: Connection) -> None:
    save(admin_client, "deal", as_shown(connection, "deal") | {"sync": "pull"})

    assert connection.object_settings.get(record_kind="deal").sync == "pull"
    assert connection.cursors.filter(remote_object="Opportunity").exists()


def test_the_page_to_start_from_tells_what_stays_there_because_it_is_off(
    admin_client: Client, connection: Connection
) -> None:
    def told() -> str:
        return " ".join(admin_client.get(reverse("integrations:start")).content.decode().split())

    deals = connection.waiting_counts["Opportunity"]
    assert f"<strong>{deals}</strong> deals stay there" in told()
    assert "Deals: " not in told()

    save(admin_client, "deal", as_shown(connection, "deal") | {"sync": "both"})
    assert f"<strong>{deals}</strong> deals are pulled" in told()
    assert "Deals: new ones are pushed" in told()


@pytest.mark.parametrize("kind", ["contact", "account"])
def test_who_wins_where_both_sides_changed_a_field_is_chosen_for_the_kind(
    kind: str, admin_client: Client, connection: Connection
) -> None:
    assert connection.object_settings.get(record_kind=kind).winner == "latest"

    save(admin_client, kind, as_shown(connection, kind) | {"winner": "theirs"})

    assert connection.object_settings.get(record_kind=kind).winner == "theirs"


def test_of_deals_salesforce_wins_whatever_is_sent(admin_client: Client, connection: Connection) -> None:
    save(admin_client, "deal", as_shown(connection, "deal") | {"winner": "ours"})

    assert connection.object_settings.get(record_kind="deal").winner == "theirs"


def test_only_deals_can_be_turned_off(admin_client: Client, connection: Connection) -> None:
    save(admin_client, "contact", as_shown(connection, "contact") | {"sync": "off"})

    assert connection.object_settings.get(record_kind="contact").sync == "both"


@pytest.mark.parametrize(
    ("kind", "chosen", "reason"),
    [
        ("contact", {"push_new": None, "create_as": "Lead"}, "No effect while pushing new contacts is off."),
        ("contact", {"push_new": "on", "create_as": "Lead"}, "leads have no account in Salesforce"),
        ("contact", {"push_new": "on", "create_as": "Contact"}, "only leads need a company"),
        ("contact", {"push_new": "on", "source_field": ""}, "there is no field to write it to"),
        ("account", {}, "accounts are made for contacts that are pushed, and pushing new contacts is off"),
        ("deal", {"sync": "off"}, "No effect while deals are not pulled."),
        ("deal", {"sync": "pull"}, "No effect while deals are not pushed."),
        ("account", {"source_field": ""}, "there is no field to write it to"),
    ],
)
def test_a_setting_without_effect_says_why_before_it_is_saved(
    kind: str, chosen: dict[str, Any], reason: str, admin_client: Client, connection: Connection
) -> None:
    before = ObjectSettings.objects.filter(record_kind=kind).values().get()

    assert reason in draft(admin_client, connection, kind, **chosen)
    assert ObjectSettings.objects.filter(record_kind=kind).values().get() == before


def test_matching_by_domain_says_when_the_address_of_leads_is_not_pulled(
    admin_client: Client, connection: Connection
) -> None:
    assert "e-mail of leads" not in draft(admin_client, connection, "contact")

    FieldMapping.objects.filter(remote_object="Lead", field="email").delete()

    assert "the e-mail of leads is not pulled" in draft(admin_client, connection, "contact")


def test_a_source_that_is_a_picklist_offers_its_values(admin_client: Client, connection: Connection) -> None:
    picklist = draft(admin_client, connection, "account", source_field="AccountSource")
    text = draft(admin_client, connection, "account", source_field="Site")

    assert '<option value="Web"' in picklist.split('name="source_value"')[1].split("</select>")[0]
    assert '<input type="text" name="source_value"' in text


def test_where_no_source_is_wanted_none_is_written(synced: Connection, org: Org) -> None:
    synced.object_settings.filter(record_kind="contact").update(source_field="")
    ContactFactory(last_name="Plain", account=AccountFactory())
    push_all()

    (row,) = org.query("SELECT LeadSource FROM Contact WHERE LastName = 'Plain'")
    assert row["LeadSource"] is None


def test_conditions_and_fields_come_after_the_page_and_stand_alone_without_scripts(
    admin_client: Client, connection: Connection
) -> None:
    page = admin_client.get(reverse("integrations:object", args=["contact"]), {"q": "phone"}).content.decode()
    conditions = reverse("integrations:conditions", args=["Lead"])
    fields = reverse("integrations:field_table", args=["contact"]) + "?q=phone"

    for url, there in ((conditions, "Add a condition"), (fields, 'id="field-mobile_phone"')):
        assert f'hx-get="{url}"' in page
        assert f'href="{url}"' in page
        part = admin_client.get(url, headers={"HX-Request": "true"}).content.decode()
        alone = admin_client.get(url).content.decode()
        assert there in part
        assert "<html" not in part
        assert there in alone
        assert "<html" in alone
    assert 'id="field-title"' not in part  # what is looked for on the page is looked for in its table


def test_an_object_that_the_login_does_not_see_says_so(admin_client: Client, connection: Connection) -> None:
    ObjectDescription.objects.filter(remote_object="Opportunity").delete()

    page = admin_client.get(reverse("integrations:object", args=["deal"])).content.decode()

    assert "does not see them" in page


class Colours(forms.Form):
    colour = forms.ChoiceField(choices=[("r", "Red"), ("b", "Blue")], widget=forms.RadioSelect)


def test_radio_buttons_of_any_form_are_a_group_of_labelled_inputs() -> None:
    html = str(Colours())

    assert "<fieldset" in html
    assert "<legend" in html
    assert '<label class="form-check mb-1" for="id_colour_0">' in html
    assert '<div id="id_colour">' in html
    assert html.count("<label") == html.count("</label") == html.count('type="radio"') == 2
    assert html.count("Red") == 1
