"""Settings as a text: what an export holds, what an import changes, and what it refuses."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from common.models import CustomField, Workspace
from contacts.models import Stage as ContactStage
from integrations import tuning
from integrations.configuration import export, importing
from integrations.configuration.importing import NotTaken, carry_out, plan
from integrations.configuration.text import Unreadable, read, write
from integrations.models import Connection, Cursor, FieldMapping, RecordLink
from tests.factories import CustomFieldFactory, UserFactory
from tests.integrations.fields import many_fields

pytestmark = pytest.mark.django_db
Change = Callable[[Any], None]


def exported(connection: Connection) -> str:
    return write(export.present(Connection.objects.get(pk=connection.pk)))


def changed(connection: Connection, change: Change) -> str:
    """The text of the settings after somebody edited it."""
    data = read(exported(connection)).data
    change(data)
    return write(data)


def faults(connection: Connection, text: str) -> list[str]:
    return [str(fault) for fault in plan(connection, text).faults]


def differences(planned: importing.Plan) -> dict[str, list[tuple[str, str, str]]]:
    return {
        section.title: [(one.name, one.before, one.after) for one in section.differences]
        for section in planned.sections
    }


# --- what a text holds ------------------------------------------------------------------------------------------------


def test_an_export_that_is_imported_again_changes_nothing(synced: Connection) -> None:
    picklist = {"type": "picklist", "choices": ["no", "1"]}
    CustomFieldFactory(record_kind="contact", key="region", label="Région “x”: no", **picklist)
    synced.pull_conditions.create(remote_object="Contact", field="title", operator="is", values=["2024-01-01", "no"])
    stage = ContactStage.objects.get(name="Cold")
    synced.pull_conditions.create(remote_object="Lead", field="stage", operator="is_not", values=[str(stage.pk)])
    text = exported(synced)

    planned = plan(synced, text)

    assert not planned.faults
    assert not planned.sections
    carry_out(synced, text)
    assert exported(synced) == text


def test_an_export_names_things_and_holds_no_secret(synced: Connection) -> None:
    login = synced.team_credential
    assert login
    owner = UserFactory(email="jane@example.com")
    synced.pull_conditions.create(remote_object="Contact", field="owner", operator="is", values=[str(owner.pk)])
    stage = ContactStage.objects.get(name="Cold")
    synced.object_settings.filter(record_kind="contact").update(push_by_stage=True, push_stages=[None, stage.pk])

    text = exported(synced)

    assert login.access_token not in text
    assert "token" not in text
    assert "secret" not in text
    contacts = read(text).data["contacts"]
    assert contacts["settings"]["push_stages"] == [None, "Cold"]
    assert contacts["Contact"]["conditions"] == [{"field": "owner", "operator": "is", "values": ["jane@example.com"]}]


def test_an_export_costs_the_same_however_much_is_mapped(synced: Connection) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            exported(synced)
        return len(captured)

    few = queries()
    for number in range(30):
        CustomFieldFactory(record_kind="contact", key=f"field_{number}")
        FieldMapping.objects.create(
            connection=synced,
            record_kind="contact",
            remote_object="Lead",
            field=f"custom.field_{number}",
            remote_field=f"Field{number}__c",
        )

    assert queries() == few


# --- what an import does ----------------------------------------------------------------------------------------------


def test_settings_fields_stages_conditions_and_people_are_taken_over(synced: Connection) -> None:
    jane = UserFactory(email="jane@example.com")
    row = synced.user_mappings.exclude(email="").first()
    assert row

    def change(data: Any) -> None:
        data["team"] = {"pulled_seen_by": "owners", "api_ceiling_percent": 50}
        contacts = data["contacts"]
        contacts["settings"] |= {"push_by_stage": True, "push_stages": ["Cold", None, "Nurture"], "winner": "ours"}
        data["custom_fields"] = {"contacts": {"vip": {"label": "VIP", "type": "text"}}}
        contacts["Contact"]["fields"]["title"] = {"salesforce": "Title", "direction": "in", "directory": "none"}
        contacts["Contact"]["fields"]["custom.vip"] = "AssistantName"
        contacts["Contact"]["fields"]["department"]["values"] = [{"ours": "Ops", "theirs": "Operations"}]
        contacts["Contact"]["conditions"] = [{"field": "title", "operator": "is", "values": ["CEO"]}]
        contacts["Lead"]["deletions"]["sync_merges"] = True
        contacts["Lead"]["statuses"]["Nurture"] = contacts["Lead"]["statuses"].pop("Cold")
        data["accounts"]["stage_follows_opportunities"]["when_lost"] = None
        data["people"] = {row.email: "JANE@example.com"}

    text = changed(synced, change)

    planned = plan(synced, text)
    carry_out(synced, text, planned.seen)

    told = differences(planned)
    assert told["Team"] == [("pulled_seen_by", "everyone", "owners"), ("api_ceiling_percent", "90", "50")]
    assert ("push_stages", "none", "no stage; Cold; Nurture") in told["Contacts & leads: pull and push"]
    fields = told["Contacts & leads, Contact: fields"]
    assert ("title", "direction: both, directory: fill", "direction: in, directory: none") in fields
    assert ("custom.vip", "–", "AssistantName") in fields
    assert told["Contacts & leads, Contact: pull conditions"] == [("condition", "–", "title is CEO")]
    assert told["People"] == [(row.email, "–", "jane@example.com")]
    assert Workspace.load().pulled_seen_by == "owners"
    assert CustomField.objects.get(key="vip").label == "VIP"
    nurture = ContactStage.objects.get(name="Nurture")
    assert nurture.pk in synced.object_settings.get(record_kind="contact").push_stages
    mapping = synced.field_mappings.get(remote_object="Contact", field="department")
    assert mapping.value_map == [{"ours": "Ops", "theirs": "Operations", "way": "both"}]
    row.refresh_from_db()
    assert (row.user, row.is_by_hand) == (jane, True)
    assert not plan(Connection.objects.get(), text).sections


def test_looking_at_a_text_changes_nothing(synced: Connection) -> None:
    text = changed(synced, lambda data: data["contacts"]["settings"].update(push_stages=["Nurture"], pull_every=5))
    before = exported(synced)

    assert plan(synced, text).count == 2

    assert exported(synced) == before
    assert not ContactStage.objects.filter(name="Nurture").exists()


def test_a_text_that_names_little_leaves_the_rest_as_it_is(synced: Connection) -> None:
    planned = plan(synced, "version: 1\ncontacts:\n  settings:\n    pull_every: 5\n")

    assert differences(planned) == {"Contacts & leads: pull and push": [("pull_every", "30", "5")]}


def test_the_page_calls_what_differs_as_the_pages_of_the_settings_do(admin_client: Client, synced: Connection) -> None:
    def change(data: Any) -> None:
        data["contacts"]["settings"].update(pull_every=5, create_as="Lead", winner="ours")
        data["contacts"]["Contact"]["fields"].pop("mobile_phone")
        data["contacts"]["Contact"]["deletions"]["most"] = 7
        data["team"]["api_ceiling_percent"] = 50

    answer = admin_client.post(reverse("integrations:configuration_compare"), {"text": changed(synced, change)})

    names = {one.name for section in answer.context["sections"] for one in section.differences}
    assert {"Minutes between pulls", "New people become", "Mobile phone"} <= names
    assert not {name for name in names if "_" in name}


def test_what_is_taken_over_has_the_effects_that_the_pages_have(synced: Connection) -> None:
    text = changed(synced, lambda data: data["deals"]["settings"].update(sync="pull"))
    link = RecordLink.objects.live().filter(remote_object="Contact", base__has_key="Title").first()
    assert link
    assert not Cursor.objects.filter(remote_object="Opportunity").exists()

    carry_out(synced, text)
    carry_out(synced, changed(synced, lambda data: data["contacts"]["Contact"]["fields"].pop("title")))

    assert Cursor.objects.filter(remote_object="Opportunity").exists()
    link.refresh_from_db()
    assert "Title" not in link.base  # what was agreed on says nothing any more


def test_one_fault_keeps_everything_from_being_taken_over(synced: Connection) -> None:
    def change(data: Any) -> None:
        data["team"]["api_ceiling_percent"] = 40
        data["contacts"]["Contact"]["fields"]["title"] = {"salesforce": "NoSuchField"}

    with pytest.raises(NotTaken):
        carry_out(synced, changed(synced, change))

    assert Connection.objects.get().api_ceiling_percent == 90


def test_a_text_compared_with_other_settings_than_there_are_now_is_not_taken_over(synced: Connection) -> None:
    text = changed(synced, lambda data: data["team"].update(api_ceiling_percent=40))
    seen = plan(synced, text).seen
    settings = synced.object_settings.get(record_kind="contact")
    settings.pull_every = 7
    tuning.save_settings(settings, ["pull_every"])

    with pytest.raises(NotTaken, match="not those any more") as refused:
        carry_out(synced, text, seen)

    assert refused.value.plan.count == 2  # it would also undo what was changed meanwhile
    assert Connection.objects.get().api_ceiling_percent == 90


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "The text is empty"),
        ("just words", "The text is empty, or no list of settings"),
        ("version: 1\nteam: [", "Line 3"),
        ("version: 1\nteam:\n  x: 1\nteam: {}", "Line 4: “team” stood on line 2 already"),
        ("a: &a [1]\nb: *a", "aliases"),
        ("[" * 50, "nested too deeply"),
        ('version: 1\npeople: {"a\\0b": null}', "NUL"),
        ("version: 2", "this version of Tandem reads"),
        ("version: 1\nteams: {}", "Line 2, teams: There is no such setting. Did you mean “team”?"),
        ("version: 1\nteam:\n  api_ceiling_percent: 5", "Line 3, team › api_ceiling_percent: Ensure this value"),
        ("version: 1\ncontacts: yes", "Line 2, contacts: Names with values are expected here"),
        ("version: 1\ncontacts:\n  settings:\n    pull_every: soon", "Line 4, contacts › settings › pull_every"),
        ("version: 1\ncontacts:\n  settings:\n    pull_every: 0", "greater than or equal to 1"),
        ("version: 1\ncontacts:\n  settings:\n    source_field: Nope__c", "Line 4, contacts › settings › source_field"),
        ("version: 1\ncontacts:\n  Contact:\n    fields:\n      nope: Title", "There is no field “nope” here"),
        ("version: 1\ncontacts:\n  Contact:\n    fields:\n      title: Nope__c", "no field “Nope__c”"),
        ("version: 1\ncontacts:\n  Contact:\n    fields:\n      email: IsDeleted", "email"),
        (
            "version: 1\naccounts:\n  Account:\n    fields:\n      name: Name\n      industry:\n"
            "        salesforce: Industry\n        values: [{ours: A, theirs: B}, {ours: A, theirs: C}]",
            "Line 6, accounts › Account › fields › industry: “A” has 2 values in Salesforce",
        ),
        ("version: 1\ncontacts:\n  Lead:\n    statuses:\n      Cold: Nope", "has no value “Nope”. It has: "),
        (
            "version: 1\ncontacts:\n  Lead:\n    statuses:\n"
            "      Cold: Working - Contacted\n      Replied: Working - Contacted",
            "Line 6, contacts › Lead › statuses › Replied: “Working - Contacted” is given to Cold already",
        ),
        (
            "version: 1\ncontacts:\n  Lead:\n    conditions:\n      - field: title\n        operator: over\n",
            "Line 5, contacts › Lead › conditions › 0",
        ),
        ("version: 1\ndeals:\n  settings:\n    push_stages: [Nope]", "Stages of deals are those of Salesforce"),
        ("version: 1\npeople:\n  nobody@example.org: a@example.org", "No user of the org has this address"),
        (
            "version: 1\ncustom_fields:\n  contacts:\n    Vip: {label: V, type: text}",
            "custom_fields › contacts › Vip",
        ),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_to_do(connection: Connection, text: str, told: str) -> None:
    assert any(told in fault for fault in faults(connection, text)), faults(connection, text)


def test_the_type_of_a_custom_field_does_not_change(synced: Connection) -> None:
    CustomFieldFactory(record_kind="contact", key="vip", type="text")

    text = changed(synced, lambda data: data["custom_fields"]["contacts"]["vip"].update(type="number"))

    assert "never changes" in faults(synced, text)[0]


def test_words_that_yaml_takes_for_yes_and_no_are_words_here() -> None:
    assert read("a: no\nb: on\nc: 2024-01-01\nd: 007\ne: true\n1: 1.50").data == {
        "a": "no", "b": "on", "c": "2024-01-01", "d": "007", "e": True, "1": "1.50",
    }  # fmt: skip


def test_what_is_no_text_of_ours_is_refused() -> None:
    with pytest.raises(Unreadable, match="longer than"):
        read("x" * 1_000_001)


# --- the page and the command -----------------------------------------------------------------------------------------


def test_an_admin_looks_at_what_a_file_changes_and_takes_it_over(admin_client: Client, synced: Connection) -> None:
    text = changed(synced, lambda data: data["contacts"]["settings"].update(pull_every=5))
    file = SimpleUploadedFile("settings.yaml", text.encode())

    shown = admin_client.post(reverse("integrations:configuration_compare"), {"file": file})
    page = shown.content.decode()

    assert "1 setting would change" in page
    assert "pull_every" in page
    seen = shown.context["plan"].seen
    answer = admin_client.post(reverse("integrations:configuration_import"), {"text": text, "seen": seen})
    assert answer.status_code == 302
    assert synced.object_settings.get(record_kind="contact").pull_every == 5


def test_a_page_that_somebody_overtook_shows_what_differs_now(admin_client: Client, synced: Connection) -> None:
    text = changed(synced, lambda data: data["contacts"]["settings"].update(pull_every=5))

    answer = admin_client.post(reverse("integrations:configuration_import"), {"text": text, "seen": "of yesterday"})

    assert answer.status_code == 409
    assert "not those any more" in answer.content.decode()
    assert synced.object_settings.get(record_kind="contact").pull_every == 30


def test_a_text_without_the_mark_of_what_was_seen_is_not_taken_over(admin_client: Client, synced: Connection) -> None:
    text = changed(synced, lambda data: data["contacts"]["settings"].update(pull_every=5))

    assert admin_client.post(reverse("integrations:configuration_import"), {"text": text}).status_code == 409


def test_faults_are_shown_with_their_lines(admin_client: Client, synced: Connection) -> None:
    answer = admin_client.post(reverse("integrations:configuration_compare"), {"text": "version: 1\nteams: <b>"})

    assert answer.status_code == 422
    assert "Line 2" in answer.content.decode()
    assert "teams: &lt;b&gt;" in answer.content.decode()


@pytest.mark.parametrize("broken", [False, True])
def test_of_very_many_differences_or_faults_the_first_are_told_until_all_are_asked_for(
    admin_client: Client, synced: Connection, broken: bool
) -> None:
    many_fields(synced, 250)
    fields = {f"custom.f{number}": {"salesforce": f"Field_{number}{'x' if broken else ''}__c"} for number in range(250)}
    text = changed(synced, lambda data: data["contacts"]["Contact"]["fields"].update(fields))
    url = reverse("integrations:configuration_compare")

    first = admin_client.post(url, {"text": text}).content.decode()
    whole = admin_client.post(url, {"text": text, "all": "1"}).content.decode()

    row = '<li class="list-group-item">' if broken else '<th scope="row"'
    assert (first.count(row), whole.count(row)) == (200, 250)
    assert "Show all" in first
    assert "Show all" not in whole
    assert ("250 places" if broken else "250 settings") in first
    assert broken or "50 more not told here." in first


@pytest.mark.parametrize("data", [{}, {"file": SimpleUploadedFile("a.yaml", b"\xff\xfe\x00")}])
def test_no_text_and_no_utf8_are_said_at_the_form(admin_client: Client, synced: Connection, data: Any) -> None:
    answer = admin_client.post(reverse("integrations:configuration_compare"), data)

    assert answer.status_code == 422
    assert answer.context["form"].errors


def test_the_export_is_a_file(admin_client: Client, synced: Connection) -> None:
    answer = admin_client.get(reverse("integrations:configuration_export"))

    assert "attachment" in answer["Content-Disposition"]
    assert answer.content.decode() == exported(synced)


def command(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("salesforce", "config", *arguments, stdout=out, stderr=out)
    return int(str(ended.value.code)), out.getvalue()


def test_the_command_exports_tries_and_imports(synced: Connection, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    assert command("export", str(file)) == (0, "")
    file.write_text(file.read_text().replace("api_ceiling_percent: 90", "api_ceiling_percent: 40"))

    code, tried = command("import", str(file), "--dry-run")
    assert (code, "api_ceiling_percent: 90 -> 40" in tried) == (0, True)
    assert Connection.objects.get().api_ceiling_percent == 90

    assert command("import", str(file))[0] == 0
    assert Connection.objects.get().api_ceiling_percent == 40
    file.write_text("version: 1\nteams: 1\n")
    code, told = command("import", str(file))
    assert (code, "Line 2, teams" in told) == (2, True)
