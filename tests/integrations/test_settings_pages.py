"""The settings pages: who may open them, what saving does, what is refused and why."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from common.models import Origin, Workspace
from contacts.models import Contact
from contacts.models import Stage as ContactStage
from integrations import changes as changes_
from integrations import connecting, tasks
from integrations.models import Connection, FieldMapping, ObjectSettings, StageMapping
from tests.factories import ContactFactory, CustomFieldFactory, DealFactory, UserFactory
from tests.pages import shown
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
PAGES = [
    ("integrations:overview", []),
    ("integrations:status", []),
    ("integrations:start", []),
    ("integrations:hold", []),
    ("integrations:logins", []),
    ("integrations:team_login", []),
    ("integrations:seen_by", []),
    ("integrations:secret", []),
    ("integrations:revoke_all", []),
    ("integrations:permissions", []),
    ("integrations:people", []),
    ("integrations:people_match", []),
    ("integrations:login", [1]),
    ("integrations:login_revoke", [1]),
    ("integrations:pull", []),
    ("integrations:refresh", []),
    ("integrations:object", ["contact"]),
    ("integrations:object_settings", ["contact"]),
    ("integrations:object_draft", ["contact"]),
    ("integrations:fields", ["contact"]),
    ("integrations:custom_field", ["contact"]),
    ("integrations:suggestion", ["contact"]),
    ("integrations:suggestions_take", ["contact"]),
    ("integrations:suggestions_again", ["contact"]),
    ("integrations:mapping", ["Lead"]),
    ("integrations:pair_draft", ["Lead"]),
    ("integrations:pair_choices", ["Lead"]),
    ("integrations:pair_examples", ["Lead"]),
    ("integrations:alignment", ["Lead"]),
    ("integrations:stages", ["Lead"]),
    ("integrations:preview_change", ["mapping", "Lead"]),
    ("integrations:health", []),
    ("integrations:ceiling", []),
    ("integrations:runs", []),
    ("integrations:run", [1]),
    ("integrations:configuration", []),
    ("integrations:configuration_export", []),
    ("integrations:configuration_text", []),
    ("integrations:configuration_compare", []),
    ("integrations:configuration_import", []),
    ("integrations:settings_log", []),
    ("integrations:errors", []),
    ("integrations:errors_retry", []),
    ("integrations:error", [1]),
    ("integrations:error_mend", [1]),
    ("integrations:error_match", [1]),
]
HTMX = {"HX-Request": "true"}


def settings_form(connection: Connection, kind: str, **changes: Any) -> dict[str, Any]:
    """What a browser sends of the settings as they are shown, with other choices; None: a box that is not ticked."""
    form = shown(changes_.bind(connection, "settings", kind)) | changes
    return {name: value for name, value in form.items() if value is not None}


def mapping_form(connection: Connection, remote_object: str, **changes: str) -> dict[str, str]:
    """The form of one field as it stands, with another choice for ``FIELD``, or for a part, ``FIELD__direction``."""
    names = {name.partition("__")[0] for name in changes}
    (field,) = names
    row = connection.field_mappings.filter(remote_object=remote_object, field=field).first()
    form = {"field": field, "remote": row.remote_field if row else ""}
    for name, value in changes.items():
        form[name.partition("__")[2] or "remote"] = value
    return form


@pytest.mark.parametrize(("name", "args"), PAGES)
def test_members_reach_none_of_the_settings(name: str, args: list[Any], client: Client) -> None:
    client.force_login(UserFactory())

    assert client.get(reverse(name, args=args)).status_code == 403
    assert client.post(reverse(name, args=args)).status_code == 403


@pytest.mark.parametrize(("name", "args"), PAGES)
def test_strangers_are_asked_to_sign_in(name: str, args: list[Any], client: Client) -> None:
    assert client.get(reverse(name, args=args)).status_code == 302


@pytest.mark.parametrize("name", ["hold", "team_login", "seen_by", "secret", "pull", "refresh", "errors_retry"])
def test_nothing_is_done_by_a_link(name: str, admin_client: Client) -> None:
    assert admin_client.get(reverse(f"integrations:{name}")).status_code == 405


def test_without_an_org_the_page_offers_to_connect(admin_client: Client) -> None:
    page = admin_client.get(reverse("integrations:overview")).content.decode()

    assert "Connect Salesforce" in page


@pytest.mark.parametrize(
    "path", ["objects/contact/", "activities/", "health/", "runs/", "previews/", "configuration/", "logins/"]
)
def test_without_an_org_every_page_leads_to_connecting_one(path: str, admin_client: Client) -> None:
    page = admin_client.get(reverse("integrations:overview") + path)

    assert (page.status_code, page.headers.get("Location")) == (302, reverse("integrations:overview"))


def test_without_an_org_nothing_is_saved_and_no_part_of_a_page_is_told(admin_client: Client) -> None:
    settings = reverse("integrations:object_settings", args=["contact"])

    assert admin_client.post(settings).status_code == 404
    assert admin_client.get(settings, headers={"HX-Request": "true"}).status_code == 404


@pytest.mark.connected_anew  # a moment ago
def test_the_setup_window_says_what_waits_and_how_long(admin_client: Client, connection: Connection) -> None:
    page = admin_client.get(reverse("integrations:overview")).content.decode()

    assert "5\xa0hours, 59\xa0minutes left" in page
    assert ">20<" in page
    assert 'hx-trigger="every 20s"' in page


def test_pulling_is_refused_during_setup(admin_client: Client, connection: Connection) -> None:
    response = admin_client.post(reverse("integrations:pull"), follow=True)

    assert "setup window is still open" in response.content.decode()


def test_pulling_by_hand_is_refused_during_the_first_pull(admin_client: Client, connection: Connection) -> None:
    Connection.objects.update(started_at=timezone.now())

    response = admin_client.post(reverse("integrations:pull"), follow=True)

    assert "The first pull is still running" in response.content.decode()


def test_start_syncing_ends_the_setup_window(admin_client: Client, connection: Connection) -> None:
    asked = admin_client.get(reverse("integrations:start")).content.decode()
    admin_client.post(reverse("integrations:start"))

    connection.refresh_from_db()
    assert "<strong>20</strong> contacts" in asked
    assert connection.phase == Connection.Phase.INITIAL_PULL
    assert "The first pull is under way" in admin_client.get(reverse("integrations:status")).content.decode()


def test_syncing_does_not_start_before_what_is_required_is_mapped(admin_client: Client, connection: Connection) -> None:
    FieldMapping.objects.filter(remote_object="Account", remote_field="Name").delete()

    response = admin_client.post(reverse("integrations:start"))

    connection.refresh_from_db()
    assert response.status_code == 422
    assert "Account Name" in response.content.decode()
    assert connection.phase == Connection.Phase.SETUP


def test_an_admin_may_hold_back_the_start(admin_client: Client, connection: Connection) -> None:
    Connection.objects.update(setup_ends_at=timezone.now() - timedelta(minutes=1))

    admin_client.post(reverse("integrations:hold"), {"held": "1"})

    connection.refresh_from_db()
    assert not connection.is_setup_over
    admin_client.post(reverse("integrations:hold"), {"held": "0"})
    connection.refresh_from_db()
    assert connection.is_setup_over


def test_the_overview_tells_of_runs_and_objects(admin_client: Client, synced: Connection) -> None:
    page = admin_client.get(reverse("integrations:overview")).content.decode()

    assert "Full pull of contacts" in page
    assert "20 records: 20 new" in page
    assert "hx-trigger" not in page.split('id="sync-status"')[1].split(">")[0]


def test_a_login_that_must_be_reconnected_is_said_at_the_top(admin_client: Client, synced: Connection) -> None:
    synced.credentials.update(broken_reason="The login was revoked.")

    page = admin_client.get(reverse("integrations:overview")).content.decode()

    assert "needs reconnecting" in page
    assert "The login was revoked." in page


def test_a_pause_says_why_and_until_when(admin_client: Client, synced: Connection) -> None:
    Connection.objects.update(paused_until=timezone.now() + timedelta(hours=1), pause_reason="The org is down.")

    assert "The org is down." in admin_client.get(reverse("integrations:status")).content.decode()


def test_the_team_login_must_work(admin_client: Client, connection: Connection) -> None:
    other = connection.credentials.create(remote_user_id="005X", name="Other", broken_reason="Gone.")

    response = admin_client.post(reverse("integrations:team_login"), {"credential": other.pk})

    connection.refresh_from_db()
    assert response.status_code == 404
    assert connection.team_credential != other


def test_settings_are_saved_and_count_from_now_on(admin_client: Client, connection: Connection) -> None:
    stage = ContactStage.objects.first()
    form = settings_form(
        connection,
        "contact",
        push_new="on",
        push_by_stage="True",
        push_stages=["none", str(stage.pk)],
        create_as="Lead",
    )

    response = admin_client.post(reverse("integrations:object_settings", args=["contact"]), form)

    row = ObjectSettings.objects.get(record_kind="contact")
    assert response.status_code == 200
    assert (row.push_new, row.push_by_stage, row.push_stages, row.create_as) == (True, True, [None, stage.pk], "Lead")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pull_every": "0"}, "greater than or equal to 1"),
        ({"source_value": ""}, "Say what to write"),
        ({"push_new": "on", "push_by_stage": "True"}, "at least one stage"),
        ({"create_as": "Opportunity"}, "not one of the available choices"),
        ({"source_field": "OwnerId"}, "not one of the available choices"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    changes: dict[str, str], words: str, admin_client: Client, connection: Connection
) -> None:
    form = settings_form(connection, "contact", **changes)

    response = admin_client.post(reverse("integrations:object_settings", args=["contact"]), form)

    assert response.status_code == 422
    assert words in response.content.decode()


def test_hiding_what_is_pulled_leaves_what_people_made(admin_client: Client, synced: Connection) -> None:
    own = ContactFactory()
    hide = settings_form(synced, "contact", is_visible=None)

    admin_client.post(reverse("integrations:object_settings", args=["contact"]), hide)
    tasks.show_records()
    assert list(Contact.objects.listed()) == [own]

    show = settings_form(synced, "contact", is_visible="on")
    admin_client.post(reverse("integrations:object_settings", args=["contact"]), show)
    tasks.show_records()
    assert Contact.objects.listed().count() == Contact.objects.count()


def test_hidden_deals_are_in_no_list_on_no_board_and_in_no_search(admin_client: Client, synced: Connection) -> None:
    DealFactory(name="Acme pulled", origin=Origin.CRM_PULL)
    DealFactory(name="Acme made here")
    hide = settings_form(synced, "deal", is_visible=None)

    admin_client.post(reverse("integrations:object_settings", args=["deal"]), hide)
    tasks.show_records()

    for page in ("deals:list", "deals:board", "search"):
        response = admin_client.get(reverse(page), {"q": "acme"})
        assertContains(response, "Acme made here")
        assertNotContains(response, "Acme pulled")


def test_a_shorter_interval_counts_at_once(admin_client: Client, synced: Connection) -> None:
    synced.cursors.update(due_at=timezone.now() + timedelta(minutes=30))
    form = settings_form(synced, "contact", pull_every="1")

    admin_client.post(reverse("integrations:object_settings", args=["contact"]), form)

    assert synced.cursors.get(remote_object="Lead").due_at <= timezone.now() + timedelta(minutes=1)
    assert synced.cursors.get(remote_object="Account").due_at > timezone.now() + timedelta(minutes=20)


def test_one_status_means_one_stage(admin_client: Client, connection: Connection) -> None:
    cold, approaching = ContactStage.objects.get(name="Cold"), ContactStage.objects.get(name="Approaching")
    form = {f"stage-{stage.pk}": "Working - Contacted" for stage in (cold, approaching)}

    response = admin_client.post(reverse("integrations:stages", args=["Lead"]), form)

    page = response.content.decode()
    assert response.status_code == 422
    assert "is chosen for Cold and Approaching" in page
    assert StageMapping.objects.get(remote_object="Lead", stage_id=cold.pk).remote_value == "Open - Not Contacted"


def test_a_converted_status_can_not_be_chosen(admin_client: Client, connection: Connection) -> None:
    stage = ContactStage.objects.get(name="Interested")
    form = {f"stage-{stage.pk}": "Closed - Converted"}

    assert admin_client.post(reverse("integrations:stages", args=["Lead"]), form).status_code == 422


def test_stages_are_saved(admin_client: Client, connection: Connection) -> None:
    stage = ContactStage.objects.get(name="Interested")

    admin_client.post(reverse("integrations:stages", args=["Lead"]), {f"stage-{stage.pk}": "Working - Contacted"})

    rows = StageMapping.objects.filter(remote_object="Lead").values_list("stage_id", "remote_value")
    assert list(rows) == [(stage.pk, "Working - Contacted")]


def test_reading_the_fields_again_says_when_the_org_does_not_answer(
    admin_client: Client, org: Org, connection: Connection
) -> None:
    org.faults({"match": {"path": "describe"}, "do": "html", "times": None})

    response = admin_client.post(reverse("integrations:refresh"), follow=True)

    assert "page instead of data" in response.content.decode()


def test_the_object_page_costs_a_fixed_number_of_queries(
    admin_client: Client, connection: Connection, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        CustomFieldFactory(label=f"Extra {number}")

    with django_assert_max_num_queries(40):
        admin_client.get(reverse("integrations:object", args=["contact"]))


def test_missing_requirements_count_the_source_as_given(connection: Connection) -> None:
    assert connecting.missing_requirements(connection) == []


def test_before_starting_one_is_told_with_whose_eyes_is_read_and_chooses_who_sees_it(
    admin_client: Client, connection: Connection
) -> None:
    asked = admin_client.get(reverse("integrations:start")).content.decode()
    admin_client.post(reverse("integrations:start"), {"pulled_seen_by": "owners"})
    chosen = Workspace.load().pulled_seen_by
    page = admin_client.get(reverse("integrations:logins")).content.decode()
    admin_client.post(reverse("integrations:seen_by"), {"pulled_seen_by": "everyone"})

    assert f"read with the login of {connection.team_credential} (Modify All Data)" in asked
    assert "more of them here than in Salesforce" in asked
    assert (chosen, Workspace.load().pulled_seen_by) == ("owners", "everyone")
    assert "Each user those that they own" in page
    assert Connection.objects.get().phase == Connection.Phase.INITIAL_PULL


def test_a_choice_that_there_is_not_changes_nothing(admin_client: Client, connection: Connection) -> None:
    admin_client.post(reverse("integrations:seen_by"), {"pulled_seen_by": "nobody"})
    admin_client.post(reverse("integrations:start"), {"pulled_seen_by": "nobody"})
    assert Workspace.load().pulled_seen_by == "everyone"
    assert Connection.objects.get().phase == Connection.Phase.SETUP


def test_a_login_that_there_is_not_does_not_become_the_teams(admin_client: Client, synced: Connection) -> None:
    for number in ("", "x", "0", "9" * 30, "9" * 5_000):
        answer = admin_client.post(reverse("integrations:team_login"), {"credential": number})
        assert answer.status_code == 404
