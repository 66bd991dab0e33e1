"""Tokens that expire, are rotated or revoked, and logins that must be connected again."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client
from django.urls import reverse

from integrations import connecting, logins, tasks
from integrations.models import Connection, Credential
from integrations.providers import client_for
from integrations.salesforce import oauth
from integrations.sync.provider import CallFailed, ConnectionBroken
from tests.factories import AdminFactory, UserFactory
from tests.integrations.test_connecting import CALLBACK, said
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def login(admin: User, org: Org, connection: Connection) -> Credential:
    """A login with a refresh token, whose access token has expired."""
    app = logins.app_for(connection)
    org.control("settings", redirect_uris=[CALLBACK])
    verifier = oauth.new_secret()
    url = oauth.authorization_url(app, CALLBACK, state="s", verifier=verifier)
    browser, who = requests.Session(), org.users[0]
    browser.post(url, data={"username": who["username"], "password": who["password"]}, timeout=10)
    back = browser.post(url, data={"decision": "allow"}, allow_redirects=False, timeout=10).headers["Location"]
    code = parse_qs(urlsplit(back).query)["code"][0]
    tokens = oauth.exchange_code(app, CALLBACK, code=code, verifier=verifier)
    credential = connecting.connect(connection, admin, tokens)
    credential.access_token = "expired"
    credential.save(update_fields=["access_token"])
    return credential


def test_an_expired_token_is_renewed_without_a_word(login: Credential) -> None:
    rows = list(client_for(login).query("SELECT Id FROM Organization"))

    kept = Credential.objects.get(pk=login.pk)
    assert len(rows) == 1
    assert kept.access_token != "expired"
    assert kept.refresh_token == login.refresh_token


def test_a_rotated_refresh_token_takes_the_place_of_the_used_one(org: Org, login: Credential) -> None:
    org.control("settings", rotate_refresh_tokens=True)
    try:
        list(client_for(login).query("SELECT Id FROM Organization"))
    finally:
        org.control("settings", rotate_refresh_tokens=False)

    assert Credential.objects.get(pk=login.pk).refresh_token != login.refresh_token


@pytest.mark.django_db(transaction=True)
def test_a_revoked_login_is_broken_and_its_people_are_told_once(admin: User, login: Credential) -> None:
    oauth.revoke(logins.app_for(login.connection), login.refresh_token)
    mail.outbox.clear()

    for _ in range(2):
        with pytest.raises(ConnectionBroken, match="revoked or has expired"):
            list(client_for(Credential.objects.get(pk=login.pk)).query("SELECT Id FROM Organization"))

    tasks.tell_people()
    tasks.tell_people()
    assert Credential.objects.get(pk=login.pk).broken_reason
    assert [message.to for message in mail.outbox] == [[admin.email]]
    assert django_settings.SITE_URL in mail.outbox[0].body


def test_an_org_that_does_not_answer_breaks_no_login(org: Org, login: Credential) -> None:
    org.faults({"match": {"path": "/services/oauth2/token"}, "do": "status", "status": 503, "times": None})

    with pytest.raises(CallFailed, match="503"):
        list(client_for(login).query("SELECT Id FROM Organization"))

    assert Credential.objects.get(pk=login.pk).broken_reason == ""


@pytest.mark.parametrize("is_teams", [True, False])
def test_the_mail_about_a_broken_login_leads_each_to_where_they_can_mend_it(
    is_teams: bool, admin: User, connection: Connection
) -> None:
    member, other = UserFactory(), AdminFactory()
    login = Credential.objects.create(connection=connection, user=member, remote_user_id="005000000000099AAA")
    if is_teams:
        login = Credential.objects.get(user=admin)
    connection.team_credential = Credential.objects.get(user=admin)
    connection.save(update_fields=["team_credential"])
    mail.outbox.clear()

    logins.mark_broken(login, "It was revoked.")
    tasks.tell_people()

    paths = {message.to[0]: message.body.split("localhost")[1].split()[0] for message in mail.outbox}
    overview, own = reverse("integrations:logins"), reverse("salesforce:personal")
    people = {admin.email: overview, other.email: overview}
    assert paths == people if is_teams else {**people, member.email: own}


def test_pulling_by_hand_is_refused_while_the_teams_login_is_broken(admin_client: Client, synced: Connection) -> None:
    Credential.objects.update(broken_reason="revoked")

    response = admin_client.post(reverse("integrations:pull"), {"object": "a\x00b"}, follow=True)

    assert "must be connected again" in said(response)
    assert "Pulling now" not in said(response)
