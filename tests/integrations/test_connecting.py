"""Connecting through the pages and the org's consent page, with what can go wrong on the way."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact
from deals.models import Pipeline
from integrations import connecting, identities, logins
from integrations.models import Connection, Credential, FieldMapping, RecordLink, StageMapping
from integrations.salesforce import oauth
from tests.factories import AdminFactory, ContactFactory, UserFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
CALLBACK = "http://localhost/settings/integrations/salesforce/callback/"
Consent = Callable[..., dict[str, str]]


@pytest.fixture
def consent(org: Org) -> Consent:
    """What a person does in the org: signs in and decides. Answers what the org sends back to the callback."""
    org.control("settings", redirect_uris=[CALLBACK])

    def decide(url: str, *, person: int = 0, decision: str = "allow") -> dict[str, str]:
        browser, who = requests.Session(), org.users[person]
        browser.post(url, data={"username": who["username"], "password": who["password"]}, timeout=10)
        answer = browser.post(url, data={"decision": decision}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    return decide


def app_form(org: Org, **changes: str) -> dict[str, str]:
    form = {"host": "my_domain", "my_domain": org.url, "client_id": org.client_id, "client_secret": org.client_secret}
    return form | changes


def begin(client: Client, org: Org, **changes: str) -> str:
    """Send the form as the page does; where the browser is sent."""
    answer = client.post(reverse("salesforce:connect"), app_form(org, **changes), headers={"HX-Request": "true"})
    return answer["HX-Redirect"]


def come_back(client: Client, answer: dict[str, str]) -> Any:
    return client.get(f"{reverse('salesforce:callback')}?{urlencode(answer)}", follow=True)


def said(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def stored(sql: str) -> str:
    with database.cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchall())


def test_the_callback_address_stays_as_it_is() -> None:
    """People have typed it into their apps in Salesforce."""
    assert identities.callback() == CALLBACK


def test_connecting_goes_through_the_consent_page_and_back(admin_client: Client, org: Org, consent: Consent) -> None:
    response = come_back(admin_client, consent(begin(admin_client, org)))

    connection = Connection.objects.get()
    assert response.redirect_chain[-1][0] == reverse("integrations:overview")
    assert "Connected to Local Org" in said(response)
    assert connection.phase == Connection.Phase.SETUP
    assert connection.team_credential.username == org.users[0]["username"]
    assert connection.waiting_counts["Contact"] == 20
    assert timezone.now() < connection.setup_ends_at <= timezone.now() + timedelta(hours=6)


@pytest.mark.parametrize("kind", ["Production", "Sandbox"])
def test_production_and_sandboxes_have_login_hosts_of_their_own(kind: str, admin_client: Client, org: Org) -> None:
    offered = admin_client.get(reverse("salesforce:connect")).context["form"].fields["host"].choices
    host = next(value for value, label in offered if label.startswith(kind))

    url = begin(admin_client, org, host=host, my_domain="")

    there = {"Production": "login.salesforce.com", "Sandbox": "test.salesforce.com"}[kind]
    assert url.startswith(f"https://{there}/services/oauth2/authorize?")


def test_the_app_may_stand_in_the_environment(admin_client: Client, org: Org, consent: Consent, settings: Any) -> None:
    settings.SALESFORCE_CLIENT_ID, settings.SALESFORCE_CLIENT_SECRET = org.client_id, org.client_secret
    page = admin_client.get(reverse("salesforce:connect")).content.decode()

    come_back(admin_client, consent(begin(admin_client, org, client_id="", client_secret="")))

    assert "come from the server's settings" in page
    assert org.client_secret not in page
    assert Connection.objects.get().phase == Connection.Phase.SETUP


def test_how_long_the_setup_window_is_open_can_be_set(
    admin_client: Client, org: Org, consent: Consent, settings: Any
) -> None:
    settings.SALESFORCE_SETUP_HOURS = 0.5

    page = come_back(admin_client, consent(begin(admin_client, org))).content.decode()

    assert "29\xa0minutes left" in page or "30\xa0minutes left" in page


def test_the_overview_says_which_org_it_is(admin_client: Client, connection: Connection) -> None:
    page = admin_client.get(reverse("integrations:overview")).content.decode()
    assert "Developer Edition" in page
    assert connection.org_id in page
    assert "Sandbox" not in page

    Connection.objects.update(is_sandbox=True)
    assert "Sandbox" in admin_client.get(reverse("integrations:overview")).content.decode()


def test_secrets_are_encrypted_and_stand_on_no_page(admin_client: Client, org: Org, consent: Consent) -> None:
    url = begin(admin_client, org)
    sessions = stored("SELECT session_data FROM django_session")
    come_back(admin_client, consent(url))

    credential, connection = Credential.objects.get(), Connection.objects.get()
    secrets = (credential.access_token, credential.refresh_token, connection.client_secret)
    rows = stored("SELECT * FROM integrations_credential") + stored("SELECT * FROM integrations_connection")
    pages = [reverse("integrations:overview"), reverse("salesforce:connect"), reverse("salesforce:personal")]
    html = "".join(admin_client.get(page).content.decode() for page in pages)
    assert all(secrets)
    for secret in secrets:
        assert secret not in rows + html + sessions
        assert secret not in url


def test_connecting_prepares_what_the_org_allows(connection: Connection, org: Org) -> None:
    mapped = {(row.remote_object, row.field): row for row in FieldMapping.objects.all()}

    assert mapped["Contact", "account"].remote_field == "AccountId"
    assert ("Lead", "account") not in mapped
    assert mapped["Lead", "company_name"].remote_field == "Company"
    assert mapped["Lead", "linkedin_url"].remote_field == "LinkedIn_URL__c"
    assert mapped["Contact", "stage"].remote_field == "Contact_Status__c"
    assert mapped["Contact", "no_email"].winner == FieldMapping.Winner.TRUE
    assert {mapped["Account", name].unit for name in ("street", "country")} == {"billing"}
    assert ("Account", "linkedin_url") not in mapped
    assert set(connection.cursors.values_list("remote_object", flat=True)) == {"Account", "Contact", "Lead"}
    assert not connecting.missing_requirements(connection)


def test_no_stage_is_mapped_to_the_status_of_converted_leads(connection: Connection) -> None:
    values = StageMapping.objects.filter(remote_object="Lead").values_list("remote_value", flat=True)

    assert set(values) == {"Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"}


def test_the_orgs_opportunity_stages_become_a_locked_pipeline(connection: Connection) -> None:
    pipeline = Pipeline.objects.get(is_default=True)

    assert (pipeline.name, pipeline.is_locked) == ("Salesforce", True)
    assert pipeline.stages.first().name == "Prospecting"
    assert pipeline.stages.get(is_won=True).probability == 100


def test_users_are_matched_by_their_address(org: Org, admin: User) -> None:
    sol = UserFactory(email=org.users[1]["email"])
    connection = logins.the_connection()

    connecting.connect(connection, admin, oauth.client_credentials(logins.app_for(connection)))

    mappings = {row.email: row.user for row in connection.user_mappings.all()}
    assert mappings[org.users[1]["email"]] == sol
    assert mappings[org.users[2]["email"]] is None


def test_preparing_again_leaves_what_people_have_set(connection: Connection) -> None:
    FieldMapping.objects.filter(remote_object="Lead", field="title").delete()
    connection.object_settings.filter(record_kind="contact").update(push_new=True)

    connecting.prepare(connection, connection.team_credential)

    assert not FieldMapping.objects.filter(remote_object="Lead", field="title").exists()
    assert connection.object_settings.get(record_kind="contact").push_new


def test_denied_access_says_so_and_changes_nothing(admin_client: Client, org: Org, consent: Consent) -> None:
    response = come_back(admin_client, consent(begin(admin_client, org), decision="deny"))

    assert "denied" in said(response)
    assert not Credential.objects.exists()
    assert not Connection.objects.get().client_secret


def test_a_wrong_secret_says_so_and_changes_nothing(admin_client: Client, org: Org, consent: Consent) -> None:
    url = begin(admin_client, org, client_secret="wrong")

    response = come_back(admin_client, consent(url))

    assert "client secret" in said(response)
    assert not Credential.objects.exists()
    assert "salesforce_app" not in admin_client.session


@pytest.mark.parametrize("state", ["", "another"])
def test_a_wrong_state_is_refused(state: str, admin_client: Client, org: Org, consent: Consent) -> None:
    answer = consent(begin(admin_client, org)) | {"state": state}

    assert "not begun here" in said(come_back(admin_client, answer))
    assert not Credential.objects.exists()


def test_a_return_counts_once(admin_client: Client, org: Org, consent: Consent) -> None:
    answer = consent(begin(admin_client, org))
    come_back(admin_client, answer)

    assert "finished already" in said(come_back(admin_client, answer))


def test_a_code_counts_once(admin_client: Client, org: Org, consent: Consent) -> None:
    first = consent(begin(admin_client, org))
    come_back(admin_client, first)
    second = begin(admin_client, org)

    state = parse_qs(urlsplit(second).query)["state"][0]
    response = come_back(admin_client, first | {"state": state})

    assert "used already" in said(response)


def test_an_org_that_breaks_off_leaves_nothing_half_done(admin_client: Client, org: Org, consent: Consent) -> None:
    answer = consent(begin(admin_client, org))
    org.faults({"match": {"path": "describe"}, "do": "status", "status": 503, "times": None})

    response = come_back(admin_client, answer)

    assert "503" in said(response)
    assert not Credential.objects.exists()
    assert not Connection.objects.get().is_connected


def test_an_org_that_answers_html_says_so(admin_client: Client, org: Org, consent: Consent) -> None:
    answer = consent(begin(admin_client, org))
    org.faults({"match": {"path": "/services/oauth2/token"}, "do": "html", "times": None})

    response = come_back(admin_client, answer)

    assert "page" in said(response)
    assert not Credential.objects.exists()


@pytest.mark.parametrize("host", ["evil.example", "http://127.0.0.1:1", "acme.my.salesforce.com.evil.example"])
def test_the_form_takes_only_salesforces_hosts(host: str, admin_client: Client, org: Org) -> None:
    response = admin_client.post(reverse("salesforce:connect"), app_form(org, my_domain=host))

    assert response.status_code == 422
    assert "not a host of Salesforce" in response.content.decode()


def test_a_kept_secret_is_not_sent_along_with_another_id(admin_client: Client, org: Org, settings: Any) -> None:
    settings.SALESFORCE_CLIENT_ID = settings.SALESFORCE_CLIENT_SECRET = ""
    Connection.objects.create(client_id="mine", client_secret="kept", login_url=org.url)

    response = admin_client.post(reverse("salesforce:connect"), app_form(org, client_id="other", client_secret=""))

    assert response.status_code == 422
    assert "consumer secret" in response.content.decode()


@pytest.mark.parametrize("name", ["connect", "replace", "disconnect"])
def test_members_may_not_connect(name: str, client: Client) -> None:
    client.force_login(UserFactory())

    assert client.get(reverse(f"salesforce:{name}")).status_code == 403
    assert client.post(reverse(f"salesforce:{name}")).status_code == 403


def test_strangers_are_asked_to_sign_in(client: Client) -> None:
    response = client.get(reverse("salesforce:callback"))

    assert response.status_code == 302
    assert response["Location"].startswith("/auth/login/")


def test_a_post_without_a_token_against_forgery_is_refused(admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)

    assert client.post(reverse("salesforce:disconnect")).status_code == 403


def test_another_org_is_refused_until_an_admin_confirms(
    admin_client: Client, org: Org, consent: Consent, connection: Connection
) -> None:
    contact = ContactFactory(crm_id="003000000000001AAA", crm_object="Contact")
    RecordLink.objects.create(
        connection=connection, record_kind="contact", record_id=contact.pk, remote_object="Contact", remote_id="003X"
    )
    Connection.objects.update(org_id="00D000000000009EAA", org_name="Globex", started_at=timezone.now())

    refused = come_back(admin_client, consent(begin(admin_client, org)))
    page = refused.content.decode()

    assert refused.redirect_chain[-1][0] == reverse("salesforce:replace")
    assert "Globex" in page
    assert "Local Org" in page
    assert RecordLink.objects.exists()

    sent = admin_client.post(reverse("salesforce:replace"), headers={"HX-Request": "true"})
    come_back(admin_client, consent(sent["HX-Redirect"]))

    contact.refresh_from_db()
    replaced = Connection.objects.get()
    assert (replaced.org_name, replaced.phase) == ("Local Org", Connection.Phase.SETUP)
    assert (contact.crm_id, contact.crm_object) == ("", "")
    assert not RecordLink.objects.exists()
    assert FieldMapping.objects.filter(remote_object="Lead").exists()


def test_disconnecting_revokes_and_keeps_the_records(admin_client: Client, connection: Connection) -> None:
    token = connection.team_credential.access_token
    contact = ContactFactory(crm_id="003000000000001AAA", crm_object="Contact")

    admin_client.post(reverse("salesforce:disconnect"))

    connection.refresh_from_db()
    contact.refresh_from_db()
    asked = requests.get(
        f"{connection.instance_url}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert connection.phase == Connection.Phase.DISCONNECTED
    assert asked.status_code == 403
    assert contact.crm_id
    assert not Credential.objects.usable().exists()
    assert not Pipeline.objects.get(name="Salesforce").is_locked


def test_connecting_the_same_org_again_goes_on_where_it_stopped(
    admin_client: Client, org: Org, consent: Consent, synced: Connection
) -> None:
    before = dict(synced.cursors.values_list("remote_object", "position"))
    connecting.disconnect(synced)

    come_back(admin_client, consent(begin(admin_client, org)))

    connection = Connection.objects.get()
    assert connection.phase == Connection.Phase.SYNCING
    assert dict(connection.cursors.values_list("remote_object", "position")) == before
    assert connection.team_credential.broken_reason == ""
    assert Contact.objects.exclude(crm_id="").exists()


def personal(client: Client, consent: Consent, person: int) -> Any:
    sent = client.post(reverse("salesforce:personal"), headers={"HX-Request": "true"})
    return come_back(client, consent(sent["HX-Redirect"], person=person))


def test_a_member_connects_a_login_of_their_own(
    client: Client, org: Org, consent: Consent, connection: Connection
) -> None:
    member = UserFactory()
    client.force_login(member)

    response = personal(client, consent, person=1)

    assert response.redirect_chain[-1][0] == reverse("salesforce:personal")
    assert member.credential.username == org.users[1]["username"]
    assert Connection.objects.get().team_credential_id == connection.team_credential_id
    assert connection.user_mappings.get(remote_id=member.credential.remote_user_id).user == member


def test_two_people_cannot_share_a_login(client: Client, consent: Consent, connection: Connection) -> None:
    first, second = UserFactory(), UserFactory()
    for user in (first, second):
        client.force_login(user)
        response = personal(client, consent, person=1)

    assert "cannot share" in said(response)
    assert Credential.objects.filter(user=first).exists()
    assert not Credential.objects.filter(user=second).exists()


def test_a_login_of_another_org_is_no_personal_login(client: Client, consent: Consent, connection: Connection) -> None:
    Connection.objects.update(org_id="00D000000000009EAA", org_name="Globex")
    client.force_login(UserFactory())

    text = said(personal(client, consent, person=1))

    assert "Globex" in text
    assert "Local Org" in text
    assert Credential.objects.count() == 1


def test_disconnecting_a_personal_login_leaves_the_team_its_own(
    client: Client, consent: Consent, connection: Connection
) -> None:
    member = UserFactory()
    client.force_login(member)
    personal(client, consent, person=1)

    client.post(reverse("salesforce:personal_disconnect"))

    assert not Credential.objects.filter(user=member).exists()
    assert Connection.objects.get().team_credential.broken_reason == ""


@pytest.mark.parametrize(("flags", "way"), [([], "off"), (["--pull-deals"], "pull")])
def test_a_command_connects_and_turns_on_what_it_is_told(org: Org, flags: list[str], way: str) -> None:
    AdminFactory()
    login = ["--login-url", org.url, "--client-credentials", "--client-id", org.client_id]

    with pytest.raises(SystemExit) as ended:
        call_command("salesforce", "connect", *login, "--client-secret", org.client_secret, *flags, stdout=StringIO())

    assert ended.value.code == 0
    settings = Connection.objects.get().object_settings
    assert settings.get(record_kind="deal").sync == way
