"""The table of fields: what each is in Salesforce, chosen one at a time, and what follows from it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from common.models import CustomField
from contacts.models import Contact
from integrations import aligning, changes
from integrations.models import (
    Alignment,
    Connection,
    ErrorEntry,
    FieldMapping,
    ObjectDescription,
    RecordLink,
    SyncEvent,
)
from integrations.tasks import align_records
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory, CustomFieldFactory
from tests.pages import CaptureQueries
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
WORDS = {"words-INITIAL_FORMS": "0", "words-MIN_NUM_FORMS": "0", "words-MAX_NUM_FORMS": "300"}


def panel(client: Client, field: str, remote_object: str = "Contact", **more: str) -> str:
    response = client.get(reverse("integrations:mapping", args=[remote_object]), {"field": field} | more)
    assert response.status_code == 200
    return response.content.decode()


def save(client: Client, field: str, remote: str, remote_object: str = "Contact", **more: Any) -> Any:
    form = {"field": field, "remote": remote} | more
    return client.post(reverse("integrations:mapping", args=[remote_object]), form, headers=HTMX)


def words(*rows: tuple[str, str, str]) -> dict[str, str]:
    form = WORDS | {"words-TOTAL_FORMS": str(len(rows))}
    for number, row in enumerate(rows):
        form |= {f"words-{number}-{name}": value for name, value in zip(("ours", "theirs", "way"), row, strict=True)}
    return form


def table(client: Client, kind: str = "contact", **query: str) -> str:
    return client.get(reverse("integrations:fields", args=[kind]), query).content.decode()


def row_of(field: str, remote_object: str = "Contact") -> FieldMapping:
    return FieldMapping.objects.get(remote_object=remote_object, field=field)


def mapped(field: str, remote_object: str = "Contact") -> str:
    found = FieldMapping.objects.filter(remote_object=remote_object, field=field).first()
    return found.remote_field if found else ""


def describe_field(connection: Connection, remote_object: str, name: str, **changes: Any) -> None:
    """Have a field of the org look otherwise; a new one where there is none of the name."""
    row = ObjectDescription.objects.get(connection=connection, remote_object=remote_object)
    fields = row.content["fields"]
    one = next((field for field in fields if field["name"] == name), None)
    if one is None:
        one = {**next(field for field in fields if field["name"] == "Title"), "name": name, "is_custom": True}
        fields.append(one)
    one.update(changes)
    row.save(update_fields=["content"])


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


def many_fields(connection: Connection, count: int) -> None:
    CustomField.objects.bulk_create(
        CustomField(record_kind="contact", key=f"f{number}", label=f"Field {number}", type="text", position=number)
        for number in range(count)
    )
    for name in ("Lead", "Contact"):
        row = ObjectDescription.objects.get(connection=connection, remote_object=name)
        title = next(field for field in row.content["fields"] if field["name"] == "Title")
        row.content["fields"] += [
            title | {"name": f"Field_{number}__c", "label": f"Field {number}", "is_custom": True}
            for number in range(count)
        ]
        row.save(update_fields=["content"])


def test_hundreds_of_fields_take_as_many_queries_as_a_few_and_come_in_parts(
    admin_client: Client, connection: Connection
) -> None:
    page = reverse("integrations:object", args=["contact"])
    admin_client.get(page)
    with CaptureQueries() as few:
        admin_client.get(page)
    many_fields(connection, 800)

    with CaptureQueries() as many:
        shown = admin_client.get(page).content.decode()
    following = table(admin_client, after="800")

    assert len(many) == len(few)
    assert shown.count('<tr id="field-') == 50
    assert "after=50" in shown
    assert 'id="field-custom-f799"' in following


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


# Value maps, and what was agreed on before


def contact_of(org: Org, **values: str) -> Contact:
    remote_id = org.create("Contact", LastName="Doe", **values)
    pull_all()
    return Contact.objects.get(crm_id=remote_id)


def test_a_value_map_that_changes_sends_nothing_and_makes_no_conflict(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    save(admin_client, "title", "Title", **words(("Boss", "CEO", "both")))
    boss = contact_of(org, Title="CEO")
    assert boss.title == "Boss"

    save(admin_client, "title", "Title", **words(("Boss", "Chief", "both"), ("Head", "CEO", "both")))
    boss.phone = "+1 555 0100"
    boss.save(update_fields=["phone"])
    push_all()
    org.update("Contact", boss.crm_id, Department="Sales")
    pull_all()

    boss.refresh_from_db()
    assert (boss.title, boss.phone, boss.department) == ("Boss", "+1 555 0100", "Sales")
    assert org.get("Contact", boss.crm_id)["Title"] == "CEO"
    assert not SyncEvent.objects.filter(kind=SyncEvent.Kind.CONFLICT).exists()
    assert not row_of("title").is_compared


def test_an_edit_that_waits_goes_out_in_the_new_words(admin_client: Client, synced: Connection, org: Org) -> None:
    save(admin_client, "title", "Title", **words(("Boss", "CEO", "both"), ("Helper", "Aide", "both")))
    boss = contact_of(org, Title="CEO")
    boss.title = "Helper"
    boss.save(update_fields=["title"])

    save(admin_client, "title", "Title", **words(("Boss", "Chief", "both"), ("Helper", "Assistant", "both")))
    push_all()

    assert org.get("Contact", boss.crm_id)["Title"] == "Assistant"


def test_their_edit_that_is_yet_to_be_pulled_comes_in_the_new_words(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    save(admin_client, "title", "Title", **words(("Boss", "CEO", "both")))
    boss = contact_of(org, Title="CEO")
    org.update("Contact", boss.crm_id, Title="Aide")

    save(admin_client, "title", "Title", **words(("Boss", "Chief", "both"), ("Helper", "Aide", "both")))
    pull_all()

    boss.refresh_from_db()
    assert boss.title == "Helper"


def test_a_changed_value_map_is_applied_to_existing_records_when_asked_for(
    admin_client: Client, synced: Connection, org: Org, admin: User
) -> None:
    save(admin_client, "title", "Title", **words(("Boss", "CEO", "both")))
    boss = contact_of(org, Title="CEO")

    page = save(admin_client, "title", "Title", **words(("Head", "CEO", "both"))).content.decode()
    aligning.start(synced, "Contact", ["title"], Alignment.How.TAKE, admin)
    align_records()

    boss.refresh_from_db()
    assert "existing records" in page
    assert boss.title == "Head"


def test_values_of_a_multi_picklist_follow_their_map(admin_client: Client, synced: Connection, org: Org) -> None:
    field = CustomFieldFactory(type="multi_picklist", choices=["Red", "Blue"], key="colours")
    describe_field(synced, "Contact", "Title", type="multipicklist", values=["R", "B"])
    save(admin_client, "title", "")
    save(admin_client, f"custom.{field.key}", "Title", **words(("Red", "R", "both"), ("Blue", "B", "both")))
    contact = ContactFactory(custom={"colours": ["Red", "Blue"]})
    link = RecordLink.objects.filter(remote_object="Contact").first()
    RecordLink.objects.filter(pk=link.pk).update(record_id=contact.pk, base={"Title": "B;R"}, base_ours={})

    save(admin_client, f"custom.{field.key}", "Title", **words(("Red", "Rot", "both"), ("Blue", "B", "both")))

    link.refresh_from_db()
    assert link.base_ours == {"Title": "B;Rot"}


def test_a_value_that_is_in_no_row_is_an_error_where_that_is_chosen(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    save(admin_client, "title", "Title", unlisted="refuse", **words(("Boss", "CEO", "both")))
    boss = contact_of(org, Title="CEO")
    boss.title = "Clown"
    boss.save(update_fields=["title"])
    push_all()

    entry = ErrorEntry.objects.open().get()
    assert (entry.code, entry.details["value"]) == ("VALUE_NOT_MAPPED", "Clown")
    assert org.get("Contact", boss.crm_id)["Title"] == "CEO"

    stranger = contact_of(org, Title="Juggler")
    assert stranger.title == ""


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((("Boss", "CEO", "both"), ("Boss", "Chief", "both")), "has 2 values in Salesforce"),
        ((("Boss", "CEO", "both"), ("Head", "CEO", "both")), "has 2 values here"),
    ],
)
def test_a_value_map_that_says_two_things_is_refused(
    rows: Any, message: str, admin_client: Client, connection: Connection
) -> None:
    response = save(admin_client, "title", "Title", **words(*rows))

    assert response.status_code == 422
    assert message in response.content.decode()


def test_several_values_may_mean_one_where_one_way_says_which(admin_client: Client, connection: Connection) -> None:
    save(admin_client, "title", "Title", **words(("Boss", "CEO", "both"), ("Head", "CEO", "out"), ("", "Half", "both")))

    assert [row["ours"] for row in row_of("title").value_map] == ["Boss", "Head"]


def test_values_of_both_sides_are_listed_and_paired_by_name(admin_client: Client, connection: Connection) -> None:
    CustomFieldFactory(type="picklist", choices=["secondary", "Other"], key="level", label="Rank")
    form = {"field": "custom.level", "remote": "Level__c", "fill": "1"}

    page = admin_client.post(reverse("integrations:pair_draft", args=["Contact"]), form | words()).content.decode()

    assert 'value="secondary"' in page
    assert page.index('value="secondary"') < page.index('value="Secondary"', page.index('value="secondary"'))
    assert 'value="Other"' in page


def test_a_word_that_a_restricted_picklist_does_not_have_is_refused(
    admin_client: Client, connection: Connection
) -> None:
    CustomFieldFactory(type="picklist", choices=["Gold"], key="level", label="Rank")
    describe_field(connection, "Contact", "Level__c", is_restricted=True)

    said = admin_client.post(
        reverse("integrations:pair_draft", args=["Contact"]), {"field": "custom.level", "remote": "Level__c"}
    ).content.decode()
    response = save(admin_client, "custom.level", "Level__c", **words(("Gold", "Platinum", "both")))

    assert "does not allow “Gold”: add them to the value map" in said
    assert response.status_code == 422
    assert "does not allow “Platinum”" in response.content.decode()


# Records that were linked before


def test_another_pair_forgets_what_the_old_one_agreed_on(admin_client: Client, synced: Connection) -> None:
    save(admin_client, "phone", "AssistantPhone")

    bases = RecordLink.objects.filter(remote_object="Contact").values_list("base", flat=True)
    assert bases
    assert all("Phone" not in base and "LastName" in base for base in bases)


def test_a_new_pair_waits_to_be_applied_and_what_was_said_of_the_others_stays(
    admin_client: Client, synced: Connection
) -> None:
    rows = [{"ours": "Boss", "theirs": "CEO", "way": "both"}]
    FieldMapping.objects.filter(remote_object="Contact", field="title").update(value_map=rows)

    save(admin_client, "title", "Title", direction="in")
    page = save(admin_client, "headline", "Description").content.decode()

    title, headline = row_of("title"), row_of("headline")
    assert (title.value_map, title.direction, title.is_compared) == (rows, "in", True)
    assert (headline.is_compared, headline.winner, headline.enrichment) == (False, "object", "fill")
    assert "existing records of Contact" in page
    assert "not applied yet" in table(admin_client)


def test_both_sides_show_what_they_hold(admin_client: Client, synced: Connection, org: Org) -> None:
    contact_of(org, Title="Queen of Hearts")

    page = admin_client.get(
        reverse("integrations:pair_examples", args=["Contact"]), {"field": "headline", "remote": "Title"}
    ).content.decode()

    assert "Queen of Hearts" in page


def test_before_anything_is_linked_values_of_salesforce_are_shown_all_the_same(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    url = reverse("integrations:pair_examples", args=["Contact"])

    page = admin_client.get(url, {"field": "last_name", "remote": "LastName"}).content.decode()
    org.faults({"match": {"path": "query"}, "do": "status", "status": 503})
    failed = admin_client.get(url, {"field": "last_name", "remote": "LastName"}).content.decode()

    assert "In Salesforce: " in page
    assert "nothing on the first records" not in page
    assert "Salesforce could not be asked" in failed
