"""The table of fields: what each is in Salesforce, chosen one at a time."""

import pytest
from django.test import Client
from django.urls import reverse

from integrations import changes
from integrations.models import Connection, FieldMapping
from tests.factories import CustomFieldFactory
from tests.integrations.fields import many_fields, mapped, panel, row_of, save, table
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db


# What is chosen


def test_a_field_is_mapped_changed_and_unmapped(admin_client: Client, connection: Connection) -> None:
    save(admin_client, "headline", "Description", winner="ours", enrichment="write")
    assert (row_of("headline").winner, row_of("headline").enrichment) == ("ours", "write")

    save(admin_client, "headline", "Description", direction="out")
    assert row_of("headline").direction == "out"

    save(admin_client, "headline", "")
    assert not mapped("headline")


def test_the_other_fields_stay_as_they_are(admin_client: Client, connection: Connection) -> None:
    before = list(FieldMapping.objects.order_by("pk").values())

    save(admin_client, "headline", "Description")

    assert list(FieldMapping.objects.exclude(field="headline").order_by("pk").values()) == before


def test_only_fields_that_fit_are_offered_and_others_are_named(admin_client: Client, connection: Connection) -> None:
    field = CustomFieldFactory(type="date", label="Met on")

    offered = panel(admin_client, f"custom.{field.key}")
    searched = admin_client.get(
        reverse("integrations:pair_choices", args=["Contact"]), {"field": f"custom.{field.key}", "q": "firstname"}
    ).content.decode()

    assert 'value="Birthdate"' in offered
    assert 'value="FirstName"' not in offered + searched
    assert "First Name (string)" in searched


@pytest.mark.parametrize(
    ("field", "remote", "more", "message"),
    [
        ("headline", "Nonsense__c", {}, "has no field"),
        ("email", "DoNotCall", {}, "type boolean"),
        ("headline", "PhotoUrl", {}, "only read"),
        ("headline", "Title", {}, "is mapped to “Title”"),
        ("phone", "Phone", {"direction": "sideways"}, "sideways"),
        ("phone", "Phone", {"winner": "true"}, "true"),
        ("title", "Title", {"unlisted": "refuse"}, "Every value would be an error"),
        ("stage", "Title", {}, "in the section Stages"),
        ("title", "Status", {}, "holds the stage"),
    ],
)
def test_a_bad_choice_is_refused_and_nothing_is_saved(
    field: str, remote: str, more: dict[str, str], message: str, admin_client: Client, connection: Connection
) -> None:
    before = list(FieldMapping.objects.order_by("pk").values())

    response = save(admin_client, field, remote, "Lead", **more)

    assert response.status_code == 422
    assert message in response.content.decode()
    assert list(FieldMapping.objects.order_by("pk").values()) == before


def test_what_is_too_short_or_required_is_said_before_it_is_saved(admin_client: Client, connection: Connection) -> None:
    draft = reverse("integrations:pair_draft", args=["Lead"])

    short = admin_client.post(draft, {"field": "headline", "remote": "City"}).content.decode()
    lost = admin_client.post(draft, {"field": "company_name", "remote": ""}).content.decode()

    assert "holds 40 characters, “Headline” up to 255" in short
    assert "requires “Company” of a new Lead" in lost
    assert mapped("company_name", "Lead") == "Company"
    assert save(admin_client, "company_name", "", "Lead").status_code == 200
    assert "requires “Company”" in table(admin_client)


def test_a_login_that_may_not_write_the_field_is_named(
    admin_client: Client, connection: Connection, admin: User
) -> None:
    own = connection.credentials.create(remote_user_id="005000000000009AAA", name="Rose", username="rose@example.com")
    teams = connection.descriptions.get(remote_object="Contact").content
    fields = [field | {"is_updateable": field["name"] != "Title"} for field in teams["fields"]]
    own.descriptions.create(remote_object="Contact", content=teams | {"fields": fields})

    assert "Give Edit Access to “Title”" in panel(admin_client, "title")
    assert "Rose" in panel(admin_client, "title")
    assert "Give Edit Access" not in panel(admin_client, "email")


def test_another_field_gives_up_what_is_taken_from_it_when_that_is_ticked(
    admin_client: Client, connection: Connection
) -> None:
    refused = save(admin_client, "headline", "Title").content.decode()
    save(admin_client, "headline", "Title", takes_over="on")

    assert "Take it from “Title”" in refused
    assert (mapped("headline"), mapped("title")) == ("Title", "")


def test_what_another_admin_changed_meanwhile_is_told_and_nothing_is_lost(
    admin_client: Client, connection: Connection
) -> None:
    seen = panel(admin_client, "title").split('name="seen" value="')[1].split('"')[0]
    save(admin_client, "title", "Title", direction="in")

    late = save(admin_client, "title", "Title", direction="out", seen=seen)
    page = late.content.decode()
    assert late.status_code == 422
    assert "Somebody else has changed this field meanwhile" in page
    assert "“Title”, from salesforce" in page
    assert '<option value="out" selected>' in page
    assert row_of("title").direction == "in"

    now = page.split('name="seen" value="')[1].split('"')[0]
    save(admin_client, "title", "Title", direction="out", seen=now)
    assert row_of("title").direction == "out"


def test_a_field_that_somebody_unmapped_meanwhile_is_told(admin_client: Client, connection: Connection) -> None:
    seen = panel(admin_client, "title").split('name="seen" value="')[1].split('"')[0]
    FieldMapping.objects.filter(field="title").delete()

    response = save(admin_client, "title", "Title", direction="out", seen=seen)

    assert response.status_code == 422
    assert "not mapped" in response.content.decode()


def test_the_form_of_a_field_can_be_tried_out_by_a_preview(admin_client: Client, connection: Connection) -> None:
    form = changes.bind(connection, "mapping", "Contact", {"field": "title", "remote": ""})

    assert form.is_valid()
    assert changes.save(connection, "mapping", "Contact", form) == ["“Title” is not mapped any more."]


@pytest.mark.parametrize("name", ["mapping", "pair_choices", "pair_examples"])
@pytest.mark.parametrize("query", [{}, {"field": "nonsense"}, {"field": "custom.gone"}])
def test_a_field_that_there_is_not_is_not_found(
    name: str, query: dict[str, str], admin_client: Client, connection: Connection
) -> None:
    assert admin_client.get(reverse(f"integrations:{name}", args=["Contact"]), query).status_code == 404
    assert admin_client.get(reverse(f"integrations:{name}", args=["Task"]), {"field": "title"}).status_code == 404


# The table


def test_the_table_is_searched_and_filtered(admin_client: Client, connection: Connection) -> None:
    CustomFieldFactory(label="Shoe size", key="shoe_size", type="number")

    assert "Mobile" in table(admin_client, q="mobilephone")
    assert 'id="field-title"' not in table(admin_client, q="mobilephone")
    assert "Shoe size" in table(admin_client, show="custom")
    assert 'id="field-title"' not in table(admin_client, show="custom")
    assert 'id="field-title"' in table(admin_client, show="mapped", direction="both")
    assert 'id="field-title"' not in table(admin_client, show="mapped", direction="out")
    assert "No field is like that" in table(admin_client, q="no such thing")


def test_a_field_that_is_gone_in_salesforce_is_a_problem(admin_client: Client, connection: Connection) -> None:
    FieldMapping.objects.filter(remote_object="Lead", field="title").update(remote_field="Gone__c")

    assert "has no field “Gone__c”" in table(admin_client, show="problems")
    assert "not in Salesforce any more" in panel(admin_client, "title", "Lead")


def test_hundreds_of_fields_take_as_many_queries_as_a_few_and_come_in_parts(
    admin_client: Client, connection: Connection
) -> None:
    page = reverse("integrations:field_table", args=["contact"])
    admin_client.get(page)
    with CaptureQueries() as few:
        admin_client.get(page)
    many_fields(connection, 800)

    with CaptureQueries() as many:
        shown = admin_client.get(page).content.decode()
    following = table(admin_client, after="800")

    assert len(many) == len(few)
    assert shown.count('<tr id="field-') == 30
    assert "after=30" in shown
    assert 'id="field-custom-f799"' in following
