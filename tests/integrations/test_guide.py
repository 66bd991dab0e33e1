"""The way from an empty settings page to a running sync."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations import connecting, guide, tasks
from integrations.models import Connection, ObjectDescription, Run
from tests.factories import AdminFactory, UserFactory

pytestmark = pytest.mark.django_db


def done(connection: Connection) -> list[str]:
    return [step.name for step in guide.steps(connection) if step.is_done]


def current(connection: Connection) -> Any:
    return next(step for step in guide.steps(connection) if step.is_current)


def let_pass(client: Client, step: str) -> Any:
    return client.post(reverse("integrations:pass_step"), {"step": step}, follow=True)


def hide(connection: Connection, remote_object: str, *fields: str) -> None:
    """Describe an object as one sees it who may not look at these fields."""
    row = ObjectDescription.objects.get(connection=connection, remote_object=remote_object)
    row.content["fields"] = [field for field in row.content["fields"] if field["name"] not in fields]
    row.save()


def test_before_connecting_the_whole_way_is_shown_and_leads_to_connecting(admin_client: Client) -> None:
    page = admin_client.get(reverse("integrations:overview"))

    assert [step.name for step in page.context["steps"]] == ["connect", "rights", "mapping", "preview", "start"]
    assert [step.name for step in page.context["steps"] if step.is_current] == ["connect"]
    assert reverse("salesforce:connect") in page.content.decode()


def test_each_step_let_pass_leads_to_the_next_and_stays_so(admin_client: Client, connection: Connection) -> None:
    assert done(connection) == ["connect", "rights"]
    assert current(connection).name == "mapping"

    let_pass(admin_client, "mapping")
    connection.refresh_from_db()
    assert current(connection).name == "preview"

    let_pass(admin_client, "preview")
    admin_client.force_login(AdminFactory())
    page = admin_client.get(reverse("integrations:overview"))
    assert [step.name for step in page.context["steps"] if step.is_current] == ["start"]
    assert reverse("integrations:start") in page.content.decode()


def test_what_the_login_lacks_is_said_with_who_can_mend_it(admin_client: Client, connection: Connection) -> None:
    hide(connection, "Contact", "Title")

    step = current(connection)
    assert step.name == "rights"
    assert any("Title" in lack.what and lack.who == guide.THEIR_ADMIN for lack in step.lacks)
    assert "An admin of Salesforce can mend it." in admin_client.get(reverse("integrations:overview")).content.decode()

    let_pass(admin_client, "rights")
    connection.refresh_from_db()
    assert current(connection).name == "mapping"


def test_of_much_that_lacks_a_few_are_listed_and_the_rest_counted(connection: Connection) -> None:
    names = connection.field_mappings.filter(remote_object="Contact").values_list("remote_field", flat=True)
    hide(connection, "Contact", *names)

    step = current(connection)
    assert len(step.lacks) == guide.SHOWN
    assert step.more == len(names) - guide.SHOWN


def test_a_required_field_that_nothing_fills_holds_up_whoever_let_it_pass(
    admin_client: Client, connection: Connection
) -> None:
    connection.field_mappings.filter(remote_object="Account", remote_field="Name").delete()
    let_pass(admin_client, "mapping")
    connection.refresh_from_db()

    step = current(connection)
    assert step.name == "mapping"
    assert [lack.who for lack in step.lacks] == [guide.YOU]


def test_a_preview_that_was_made_is_a_step_done(connection: Connection) -> None:
    guide.let_pass(connection, "mapping")
    Run.objects.create(
        connection=connection, kind=Run.Kind.PREVIEW, state=Run.State.DONE, request={"what": "first_sync"}
    )
    connection.refresh_from_db()

    assert current(connection).name == "start"


def test_a_login_that_died_leads_back_to_the_first_step(connection: Connection) -> None:
    connection.credentials.update(broken_reason="It was revoked.")
    connection = Connection.objects.get()

    step = current(connection)
    assert step.name == "connect"
    assert "It was revoked." in step.lacks[0].what


@pytest.mark.parametrize("name", ["start", "connect", "nonsense", ""])
def test_only_steps_that_may_be_left_out_can_be_let_pass(
    name: str, admin_client: Client, connection: Connection
) -> None:
    let_pass(admin_client, name)

    connection.refresh_from_db()
    assert connection.passed_steps == []


def test_members_let_nothing_pass(client: Client, connection: Connection) -> None:
    client.force_login(UserFactory())

    assert client.post(reverse("integrations:pass_step"), {"step": "mapping"}).status_code == 403
    connection.refresh_from_db()
    assert connection.passed_steps == []


def test_another_org_is_a_new_way(connection: Connection) -> None:
    guide.let_pass(connection, "mapping")

    connecting.forget_org(Connection.objects.get())

    assert Connection.objects.get().passed_steps == []


def test_the_first_pull_is_paused_and_goes_on_from_the_overview(admin_client: Client, connection: Connection) -> None:
    connecting.start_syncing(connection)
    page = admin_client.post(reverse("integrations:first_pull"), {"held": "1"}, follow=True).content.decode()
    tasks.pull_due(600)

    assert "The first pull is paused" in page
    assert not Run.objects.filter(kind=Run.Kind.PULL).exists()

    admin_client.post(reverse("integrations:first_pull"), {"held": "0"})
    tasks.pull_due(600)

    connection.refresh_from_db()
    assert connection.phase == Connection.Phase.SYNCING
    answer = admin_client.post(reverse("integrations:first_pull"), {"held": "1"}, follow=True)
    assert "The first pull is not under way" in answer.content.decode()
    assert not connection.cursors.filter(is_held=True).exists()
