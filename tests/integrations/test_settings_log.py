"""Who changed which setting, when, and from what to what."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pghistory
import pgtrigger
import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from common import retention
from integrations import logins, pairing, people, revoking, settings_log, staging
from integrations.configuration import export, importing
from integrations.configuration.text import read, write
from integrations.mappings import Choice
from integrations.models import Connection, FieldMapping, StageMapping
from integrations.settings_log import Asked
from integrations.settings_telling import Difference, Moment
from integrations.tables import Table
from integrations.views.settings_log import SHOWN
from tests.factories import AdminFactory, UserFactory
from tests.pages import CaptureQueries
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def told(**asked: Any) -> list[Moment]:
    return settings_log.moments(Asked(**asked))[0]


def of(user: User) -> dict[str, list[Difference]]:
    """What the last changes of somebody were, by part."""
    return {part.title: part.differences for moment in told(user=user.pk) for part in moment.parts}


def as_admin(client: Client, name: str, *args: Any, **data: Any) -> None:
    answer = client.post(reverse(f"integrations:{name}", args=args), data)
    assert answer.status_code in (200, 302), answer.content


def test_a_page_leaves_who_and_from_what_to_what(admin_client: Client, admin: User, connection: Connection) -> None:
    as_admin(admin_client, "ceiling", api_ceiling_percent="40")

    [moment] = told(user=admin.pk)
    assert (moment.by, moment.how) == (str(admin), "")
    [part] = moment.parts
    assert part.title == "Connection"
    name = "share of the API limit for Tandem's background work"
    assert part.differences == [Difference(name, "90", "40")]


def test_a_table_that_is_replaced_row_by_row_tells_only_what_differs(
    admin_client: Client, admin: User, connection: Connection
) -> None:
    pairs = staging.paired(connection, "Lead")
    stage, value = next(iter(pairs.items()))
    free = next(one for one in ("Nurturing", "Closed - Converted") if one not in pairs.values())

    with acting(admin):
        staging.save_pairs(connection, "Lead", {**pairs, stage: free})

    assert StageMapping.objects.filter(remote_object="Lead").count() == len(pairs)
    [one] = of(admin)["Lead: stages"]
    assert (one.before, one.after) == (value, free)


def acting(user: User, **more: Any) -> Any:
    return pghistory.context(user=user.pk, **more)


def test_of_very_many_changes_at_once_the_first_are_told_and_a_link_leads_to_all(
    admin_client: Client, admin: User, connection: Connection
) -> None:
    with acting(admin):
        FieldMapping.objects.bulk_create(
            FieldMapping(
                connection=connection, record_kind="contact", remote_object="Lead", field=name, remote_field=name
            )
            for name in (f"custom.f{number}" for number in range(30))
        )
    page = reverse("integrations:settings_log")

    [moment] = told(user=admin.pk)
    assert admin_client.get(page).content.decode().count("custom.f") == 2 * SHOWN
    whole = admin_client.get(page, {"moment": moment.name}).content.decode()
    assert whole.count("custom.f") == 2 * 30
    assert admin_client.get(page, {"moment": "no such moment"}).status_code == 200


def test_mappings_are_told_by_their_field(admin: User, connection: Connection) -> None:
    table = Table.load_named(connection, "Contact")
    choices = [choice for choice in _present(connection) if choice.field != "department"]
    with acting(admin):
        pairing.replace_pairs(connection, table.description, choices)

    [one] = of(admin)["Contact: fields"]
    assert (one.name, one.after) == ("Department", "–")
    assert one.before.startswith("Department")


def _present(connection: Connection) -> list[Any]:
    rows = FieldMapping.objects.filter(connection=connection, remote_object="Contact")
    return list(map(Choice.of, rows))


def test_logins_people_and_secrets_are_told_without_a_secret(admin: User, connection: Connection, org: Org) -> None:
    login = connection.team_credential
    assert login
    jane = UserFactory(email="jane@example.com", name="Jane Roe")
    row = connection.user_mappings.exclude(email="").first()
    assert row
    with acting(admin):
        people.pair_by_hand(connection, {row.pk: jane})
        Connection.objects.update(client_secret_set_at=connection.connected_at, client_secret="very secret")
        revoking.revoke(login)

    parts = of(admin)
    assert Difference(f"{row.name} · here", str(admin), "Jane Roe") in parts["Who is who"]
    assert Difference(f"{login.name} · state", "works", "An admin revoked it.") in parts["Logins"]
    assert any("client secret" in one.name for one in parts["Connection"])
    everything = str(told())
    assert "very secret" not in everything
    assert login.access_token not in everything
    columns = {column.name for one in settings_log.TRACKED for column in one.events.model._meta.fields}
    assert not columns & {"access_token", "refresh_token", "client_secret"}


def test_rest_commands_and_imports_say_so(admin: User, connection: Connection, tmp_path: Path) -> None:
    client = APIClient()
    client.force_authenticate(admin)
    client.put(
        "/api/v1/pull-conditions/Contact/",
        {"conditions": [{"field": "title", "operator": "is", "values": ["CEO"]}]},
        format="json",
    )
    data = read(write(export.present(connection))).data
    data["team"]["api_ceiling_percent"] = 50
    file = tmp_path / "settings.yaml"
    file.write_text(write(data))
    with pytest.raises(SystemExit):
        call_command("salesforce", "config", "import", str(file), stdout=StringIO())
    data["team"]["api_ceiling_percent"] = 40
    with acting(admin):
        importing.carry_out(connection, write(data))

    assert any(moment.by == "manage.py salesforce config" for moment in told())
    by_how = {moment.how: moment for moment in told(user=admin.pk)}
    assert by_how["REST"].parts[0].differences == [Difference("Title", "–", "is CEO")]
    assert by_how["Import"].parts[0].differences[0].after == "40"


def test_what_nobody_did_was_tandem(connection: Connection) -> None:
    login = connection.team_credential
    assert login
    logins.mark_broken(login, "Salesforce revoked it.")

    assert any(moment.by == "Tandem" and "Salesforce revoked it." in str(moment) for moment in told(section="logins"))


def test_nothing_can_be_struck_from_the_log(connection: Connection) -> None:
    events = settings_log.TRACKED[0].events
    assert events.exists()
    with pytest.raises(DatabaseError, match="Cannot update or delete"):
        events.all().delete()


def test_the_log_is_narrowed_and_paged_with_the_same_queries(
    admin_client: Client, admin: User, connection: Connection
) -> None:
    other = AdminFactory(name="Otto Other")
    for number in range(35):
        with acting(other):
            Connection.objects.update(api_ceiling_percent=20 + number)

    with CaptureQueries() as few:
        page = admin_client.get(reverse("integrations:settings_log"), {"user": admin.pk}).content.decode()
    assert "Nothing fits" in page
    with CaptureQueries() as many:
        page = admin_client.get(reverse("integrations:settings_log"), {"user": other.pk, "section": "logins"})
    assert len(page.context["moments"]) == settings_log.PAGE
    assert len(many) <= len(few) + 8
    older = admin_client.get(reverse("integrations:settings_log"), {"user": other.pk, "page": 2})
    assert len(older.context["moments"]) == 5
    for nonsense in ({"page": "x"}, {"page": "9" * 30}, {"user": "x"}, {"section": "x"}, {"since": "2026-99-99"}):
        assert admin_client.get(reverse("integrations:settings_log"), nonsense).status_code == 200


def test_changes_are_forgotten_after_two_years(admin: User, connection: Connection) -> None:
    events = FieldMapping.pgh_event_model.objects  # type: ignore[attr-defined]
    with acting(admin):
        FieldMapping.objects.filter(field="title").delete()
    with pgtrigger.ignore("integrations.FieldMappingEvent:append_only"):
        events.filter(field="title").update(pgh_created_at=timezone.now() - timedelta(days=732))
    others = events.exclude(field="title").count()

    retention.prune()

    assert (events.filter(field="title").count(), events.count()) == (0, others)
    with pytest.raises(DatabaseError), transaction.atomic():
        events.all().delete()
