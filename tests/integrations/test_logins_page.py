"""Settings > Salesforce > Logins: whose login does what, and taking them away."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from integrations import checking, tasks
from integrations.models import Connection, Credential, Run
from integrations.providers import client_for
from integrations.sync.provider import ConnectionBroken
from tests.factories import ContactFactory, UserFactory
from tests.integrations.test_permissions import login_of
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def page_of(client: Client, name: str, *args: Any) -> str:
    return client.get(reverse(f"integrations:{name}", args=args)).content.decode()


def works(login: Credential) -> bool:
    try:
        return bool(list(client_for(Credential.objects.get(pk=login.pk)).query("SELECT Id FROM Organization")))
    except ConnectionBroken:
        return False


def test_the_page_tells_why_the_teams_login_is_the_one_and_who_has_none(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    login_of(connection, org, "Standard User", UserFactory(name="Kim"))
    UserFactory(name="Lee")

    page = page_of(admin_client, "logins")

    assert "Modify All Data: the highest permission of the connected logins." in page
    assert "Kim" in page
    assert "Lee use the team" in page.replace("Lee and", "Lee")


def test_a_persons_login_for_the_team_is_advised_against(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    advice = "A Salesforce user of its own is better here"
    before = page_of(admin_client, "logins")
    admin_client.post(reverse("integrations:team_login"), {"credential": login_of(connection, org, "Standard User").pk})

    assert advice not in before  # the app's own user
    assert advice in page_of(admin_client, "logins")


def test_the_choice_can_be_left_to_the_highest_permission_again(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    standard = login_of(connection, org, "Standard User")
    admin_client.post(reverse("integrations:team_login"), {"credential": standard.pk})

    admin_client.post(reverse("integrations:team_login"), {"credential": "strongest"})

    assert Connection.objects.get().team_credential == connection.team_credential
    assert not Connection.objects.get().is_team_login_chosen


def test_a_revoked_login_is_worthless_in_salesforce_and_its_user_is_told(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    kim = UserFactory()
    login = login_of(connection, org, "Standard User", kim)
    token = login.access_token

    said = page_of(admin_client, "login_revoke", login.pk)
    admin_client.post(reverse("integrations:login_revoke", args=[login.pk]))

    login.refresh_from_db()
    assert f"What {kim} pushes and logs goes by the team" in said
    assert (login.access_token, login.refresh_token, login.broken_reason) == ("", "", "An admin revoked it.")
    assert (
        org.http.get(f"{org.url}/services/data/v61.0/limits", headers={"Authorization": f"Bearer {token}"}).status_code
        == 401
    )
    tasks.tell_people()
    assert [letter.to for letter in mail.outbox] == [[kim.email]]


def test_when_the_teams_login_is_revoked_the_strongest_other_takes_over(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    other = login_of(connection, org, "Standard User")
    team = connection.team_credential

    said = page_of(admin_client, "login_revoke", team.pk)
    admin_client.post(reverse("integrations:login_revoke", args=[team.pk]))

    assert f"{other} (Modify All on each synced object) takes over" in said
    assert Connection.objects.get().team_credential == other


def test_the_last_login_says_that_all_stops(admin_client: Client, connection: Connection) -> None:
    said = page_of(admin_client, "login_revoke", connection.team_credential.pk)

    assert "Pulling and pushing stop until one is connected." in said


def test_revoking_all_keeps_what_waits_and_the_connection(admin_client: Client, synced: Connection, org: Org) -> None:
    login_of(synced, org, "Standard User")
    ContactFactory()
    waiting = synced.outbox.count()

    admin_client.post(reverse("integrations:revoke_all"))
    page = page_of(admin_client, "logins")

    assert not Credential.objects.filter(broken_reason="").exists()
    assert Connection.objects.get().is_connected
    assert synced.outbox.count() == waiting > 0
    assert "It needs reconnecting" in page


def test_a_revocation_that_salesforce_did_not_confirm_is_said(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    login = login_of(connection, org, "Standard User")
    org.faults({"match": {"path": "/services/oauth2/revoke"}, "do": "status", "status": 503})

    response = admin_client.post(reverse("integrations:login_revoke", args=[login.pk]), follow=True)

    assert "did not confirm" in response.content.decode()
    assert Credential.objects.get(pk=login.pk).access_token == ""


def test_a_new_secret_is_kept_only_when_the_org_accepts_it(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    Connection.objects.update(client_secret="the-old-one")

    refused = admin_client.post(reverse("integrations:secret"), {"client_secret": "mistyped"})
    kept = Connection.objects.get().client_secret
    accepted = admin_client.post(reverse("integrations:secret"), {"client_secret": org.client_secret})

    assert refused.status_code == 422
    assert "Salesforce does not accept the client secret" in refused.content.decode()
    assert "mistyped" not in refused.content.decode()
    assert kept == "the-old-one"
    assert accepted.status_code == 302
    assert Connection.objects.get().client_secret == org.client_secret
    assert Connection.objects.get().client_secret_set_at
    assert works(connection.team_credential)


def test_logins_that_broke_over_the_secret_work_again_with_the_new_one(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    Connection.objects.update(client_secret="the-old-one")
    Credential.objects.update(access_token="expired")
    broke = not works(connection.team_credential)

    admin_client.post(reverse("integrations:secret"), {"client_secret": org.client_secret})

    assert broke
    assert works(connection.team_credential)


def test_a_secret_that_no_login_can_check_is_refused(admin_client: Client, connection: Connection) -> None:
    Credential.objects.update(broken_reason="The login was revoked or has expired in Salesforce. Connect again.")

    response = admin_client.post(reverse("integrations:secret"), {"client_secret": "another"})

    assert "No login is left to check the secret with" in response.content.decode()
    assert Connection.objects.get().client_secret != "another"


def test_the_page_costs_the_same_with_many_logins(
    admin_client: Client, connection: Connection, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        Credential.objects.create(
            connection=connection, user=UserFactory(), remote_user_id=f"0050000000{number:05}AAA", name=f"User {number}"
        )

    page_of(admin_client, "logins")
    with django_assert_max_num_queries(18):
        page_of(admin_client, "logins")


# --- one's own --------------------------------------------------------------------------------------------------------


def test_a_member_sees_what_their_login_is_used_for_and_what_it_lacks(
    synced: Connection, org: Org, client: Client
) -> None:
    member = UserFactory()
    login = login_of(synced, org, "Read Only", member)
    checking.check(login)
    Run.objects.create(connection=synced, kind="push", credential=login, created=3, updated=1200)
    Run.objects.create(connection=synced, kind="push", credential=synced.team_credential, created=77)
    client.force_login(member)

    page = client.get(reverse("salesforce:personal")).content.decode()

    assert "3 made, 1,200 changed in Salesforce" in page
    assert "77 made" not in page
    assert "Give Edit on Contact" in page


def test_disconnecting_ones_login_says_first_what_stops(synced: Connection, org: Org, client: Client) -> None:
    member = UserFactory()
    login = login_of(synced, org, "Standard User", member)
    client.force_login(member)

    page = client.get(reverse("salesforce:personal_disconnect")).content.decode()
    login.refresh_from_db()
    assert "goes by the team's login from then on" in page.replace("&#x27;", "'")
    assert login.user == member

    client.post(reverse("salesforce:personal_disconnect"))
    login.refresh_from_db()
    assert (login.user, login.access_token) == (None, "")


def test_nobody_sees_or_ends_the_login_of_somebody_else(synced: Connection, org: Org, client: Client) -> None:
    login = login_of(synced, org, "Standard User", UserFactory())
    client.force_login(UserFactory())

    page = client.get(reverse("salesforce:personal")).content.decode()
    client.post(reverse("salesforce:personal_disconnect"))

    login.refresh_from_db()
    assert login.username not in page
    assert login.user
