"""The editor of pull conditions: typed rows, a live count, and nothing kept that can't be asked."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common.models import Origin
from contacts.models import Contact, Stage
from integrations import tasks
from integrations.models import Connection, FieldMapping, PullCondition
from tests.factories import ContactFactory, CustomFieldFactory, UserFactory
from tests.integrations.fields import many_fields
from tests.pages import CaptureQueries

pytestmark = pytest.mark.django_db
Row = tuple[str, str, Any]


def rows(*given: Row) -> dict[str, Any]:
    form: dict[str, Any] = {"row": [str(number) for number in range(len(given))]}
    for number, (field, operator, values) in enumerate(given):
        form |= {f"{number}-field": field, f"{number}-operator": operator, f"{number}-values": values}
    return form


def save(client: Client, *given: Row, remote_object: str = "Contact") -> Any:
    return client.post(reverse("integrations:conditions", args=[remote_object]), rows(*given))


def draft(client: Client, *given: Row, remote_object: str = "Contact", **pressed: str) -> str:
    url = reverse("integrations:conditions_draft", args=[remote_object])
    response = client.post(url, rows(*given) | pressed)
    assert response.status_code == 200
    return response.content.decode()


def kept() -> list[tuple[str, str, list[str]]]:
    return list(PullCondition.objects.values_list("field", "operator", "values"))


def test_conditions_are_saved_and_followed(admin_client: Client, synced: Connection) -> None:
    chosen = Contact.objects.filter(crm_object="Contact").exclude(last_name="").first()
    assert chosen

    save(admin_client, ("last_name", "is", f"{chosen.last_name}\nNobody"))
    tasks.show_records()

    assert kept() == [("last_name", "is", [chosen.last_name, "Nobody"])]
    listed = Contact.objects.listed().filter(crm_object="Contact").values_list("last_name", flat=True)
    assert set(listed) == {chosen.last_name}


def test_what_was_saved_is_shown_again_as_it_was_given(admin_client: Client, connection: Connection) -> None:
    field = CustomFieldFactory(type="datetime", label="Met at")
    connection.field_mappings.create(
        record_kind="contact", field=f"custom.{field.key}", remote_object="Contact", remote_field="LastActivityDate"
    )
    stage = Stage.objects.all()[1]
    connection.field_mappings.get_or_create(
        remote_object="Contact", field="stage", defaults={"record_kind": "contact", "remote_field": "Level__c"}
    )

    page = save(
        admin_client,
        (f"custom.{field.key}", "over", "2026-05-01T12:00:00"),
        ("stage", "is", [str(stage.pk)]),
        ("no_email", "is", "no"),
    ).content.decode()

    assert timezone.is_aware(timezone.datetime.fromisoformat(kept()[0][2][0]))
    assert 'value="2026-05-01T12:00:00"' in page
    assert f'value="{stage.pk}" class="form-check-input" id="id_Contact_1-values' in page
    assert kept()[2] == ("no_email", "is", ["no"])


def test_the_count_is_told_before_anything_is_saved(
    admin_client: Client, synced: Connection, django_assert_max_num_queries: Any
) -> None:
    pulled = Contact.objects.filter(origin=Origin.CRM_PULL, crm_object="Contact")
    one = pulled.exclude(last_name="").first()
    assert one
    same = pulled.filter(last_name__iexact=one.last_name).count()
    ContactFactory(last_name=one.last_name)  # made here: not among those that are hidden or shown

    with django_assert_max_num_queries(25):
        page = draft(admin_client, ("last_name", "is", one.last_name))

    assert f"Of {pulled.count()} pulled contacts, <strong>{same}</strong> would be shown" in page
    assert f"Now: {pulled.count()} shown, 0 hidden." in page
    assert kept() == []
    assert not Contact.objects.filter(is_hidden=True).exists()


def test_rows_come_and_go_without_losing_what_was_typed(admin_client: Client, connection: Connection) -> None:
    more = draft(admin_client, ("last_name", "contains", "Roe"), add="1")
    less = draft(admin_client, ("last_name", "contains", "Roe"), ("title", "is", "CEO"), without="0")

    assert 'name="0-field"' in more
    assert 'name="1-field"' in more
    assert "Roe</textarea>" in more
    assert 'name="0-field"' not in less
    assert "CEO</textarea>" in less


@pytest.mark.parametrize(
    ("field", "there", "not_there"),
    [
        ("no_email", '<select name="0-values"', "contains"),
        ("stage", 'type="checkbox" name="0-values"', "contains"),
        ("last_name", "<textarea", "is more than"),
        ("custom.met_on", 'type="date"', "contains"),
        ("custom.score", 'type="number"', "contains"),
        ("custom.size", '<input type="checkbox" name="0-values" value="Large"', "is more than"),
    ],
)
def test_each_type_has_its_own_input(
    field: str, there: str, not_there: str, admin_client: Client, connection: Connection
) -> None:
    for key, type_, choices in (("met_on", "date", []), ("score", "number", []), ("size", "picklist", ["Large"])):
        CustomFieldFactory(key=key, type=type_, choices=choices)
        FieldMapping.objects.create(
            connection=connection,
            record_kind="contact",
            remote_object="Lead",
            field=f"custom.{key}",
            remote_field=f"{key}__c",
        )

    page = draft(admin_client, (field, "", ""), remote_object="Lead")

    assert there in page
    assert not_there not in page.split('name="0-operator"')[1].split("</select>")[0]


def test_an_operator_of_emptiness_asks_for_no_value(admin_client: Client, connection: Connection) -> None:
    assert "0-values" not in draft(admin_client, ("title", "is_empty", ""))
    save(admin_client, ("title", "is_empty", "left over"))
    assert kept() == [("title", "is_empty", [])]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("title", "is", ""), "give at least one value"),
        (("", "is", "x"), "This field is required"),
        (("account", "is", "1"), "not mapped any more"),
        (("nonsense", "is", "x"), "not mapped any more"),
        (("title", "over", "3"), "not one of the available choices"),
        (("stage", "is", ["999999"]), "not one of the available choices"),
    ],
)
def test_what_can_not_be_asked_is_refused_beside_its_input(
    given: Row, words: str, admin_client: Client, connection: Connection
) -> None:
    save(admin_client, ("title", "is", "CEO"))

    response = save(admin_client, given, remote_object="Lead" if given[0] == "stage" else "Contact")

    assert response.status_code == 422
    assert words in response.content.decode()
    assert kept() == [("title", "is", ["CEO"])]


def test_many_rows_share_the_list_of_hundreds_of_fields(admin_client: Client, connection: Connection) -> None:
    many_fields(connection, 800)
    FieldMapping.objects.bulk_create(
        FieldMapping(
            connection=connection, record_kind="contact", remote_object="Contact",
            field=f"custom.f{number}", remote_field=f"Field_{number}__c",
        )
        for number in range(800)
    )  # fmt: skip
    with CaptureQueries() as few:
        draft(admin_client, ("custom.f7", "is", "x"))

    with CaptureQueries() as many:
        page = draft(admin_client, *[("custom.f7", "is", "x")] * 20)

    assert len(many) - len(few) <= 1  # for the count of a row that is whole
    assert page.count('<option value="custom.f8">') == 1
    assert page.count('<option value="custom.f7" selected>') == 20
    assert page.count('data-options="fields-of-Contact"') == 20


def test_a_condition_on_a_field_that_is_mapped_no_more_is_shown_as_such(
    admin_client: Client, connection: Connection
) -> None:
    save(admin_client, ("title", "is", "CEO"))
    FieldMapping.objects.filter(remote_object="Contact", field="title").delete()

    page = admin_client.get(reverse("integrations:conditions", args=["Contact"])).content.decode()

    assert "title (not mapped any more)" in page


def test_so_many_rows_are_enough(admin_client: Client, connection: Connection) -> None:
    many: list[Row] = [("title", "is", "x")] * 30

    page = draft(admin_client, *many, add="1")

    assert page.count('name="row"') == 20
    assert "disabled" in page.split('id="add-condition-Contact"')[1].split(">")[0]


@pytest.mark.parametrize("name", ["0", "x", "-1", "٣", "9" * 400])
def test_names_of_rows_that_nobody_shows_do_no_harm(name: str, admin_client: Client, connection: Connection) -> None:
    url = reverse("integrations:conditions_draft", args=["Contact"])

    assert admin_client.post(url, {"row": [name], "without": name, f"{name}-field": "title"}).status_code == 200


def test_taking_all_rows_out_shows_everything(admin_client: Client, connection: Connection) -> None:
    save(admin_client, ("title", "is", "CEO"))

    save(admin_client)

    assert kept() == []


@pytest.mark.parametrize("name", ["conditions", "conditions_draft"])
def test_members_reach_none_of_it(name: str, client: Client, connection: Connection) -> None:
    client.force_login(UserFactory())
    url = reverse(f"integrations:{name}", args=["Contact"])

    assert client.get(url).status_code == 403
    assert client.post(url, rows(("title", "is", "x"))).status_code == 403
