"""Every way in which simple-salesforce signs in, and what it makes of refusals and of sessions that end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed, SalesforceLogin
from simple_salesforce.exceptions import SalesforceExpiredSession

from tests.localorg.client import Caller, Json, LoginSession, LoopbackSession, Server
from tests.localorg.consenting import consent, exchange, token

SignIn = Callable[..., Salesforce]
WHO = "SELECT Id FROM Organization"


@pytest.fixture
def sign_in(fresh: Server) -> SignIn:
    """Salesforce(...), whose hosts are the local org."""

    def salesforce(**how: Any) -> Salesforce:
        return Salesforce(session=LoginSession(fresh.url), version="62.0", **how)

    return salesforce


@pytest.fixture
def by_name(fresh: Server) -> dict[str, str]:
    first = fresh.facts["users"][0]
    return {"username": first["username"], "password": first["password"]}


@pytest.fixture
def by_app(fresh: Server) -> dict[str, str]:
    return {"consumer_key": fresh.facts["client_id"], "consumer_secret": fresh.facts["client_secret"]}


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.fixture
def trusted(fresh: Server, private_key: str) -> Iterator[str]:
    """The private key whose public one the org's app has."""
    key = serialization.load_pem_private_key(private_key.encode(), password=None).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_bytes(serialization.Encoding.PEM, form).decode()
    requests.post(f"{fresh.url}/localorg/settings", json={"certificate": pem}, timeout=30).raise_for_status()
    yield private_key
    requests.post(f"{fresh.url}/localorg/settings", json={"certificate": ""}, timeout=30)


def username(sf: Salesforce) -> str:
    """Who the session belongs to, as OpenID tells it."""
    return str(sf.oauth2("userinfo")["preferred_username"])


def test_with_a_security_token(sign_in: SignIn, by_name: Json) -> None:
    assert username(sign_in(**by_name, security_token="")) == by_name["username"]


def test_with_the_organization_for_a_known_network(sign_in: SignIn, by_name: Json, admin: Caller) -> None:
    (organization,) = admin.rows(WHO)

    assert username(sign_in(**by_name, organizationId=organization["Id"])) == by_name["username"]


def test_with_the_consumer_of_an_app(sign_in: SignIn, by_name: Json, by_app: Json) -> None:
    assert username(sign_in(**by_name, **by_app)) == by_name["username"]


def test_with_client_credentials_at_my_domain(sign_in: SignIn, by_name: Json, by_app: Json) -> None:
    assert username(sign_in(**by_app, domain="acme.my")) == by_name["username"]


def test_at_a_sandbox(sign_in: SignIn, by_name: Json) -> None:
    assert username(sign_in(**by_name, security_token="", domain="test")) == by_name["username"]


def test_with_a_private_key(sign_in: SignIn, by_name: Json, by_app: Json, trusted: str) -> None:
    how = {"username": by_name["username"], "consumer_key": by_app["consumer_key"]}

    assert username(sign_in(**how, privatekey=trusted)) == by_name["username"]


def test_with_a_private_key_from_a_file_at_an_instance(
    sign_in: SignIn, by_name: Json, by_app: Json, trusted: str, tmp_path: Path
) -> None:
    file = tmp_path / "server.key"
    file.write_text(trusted)
    how = {"username": by_name["username"], "consumer_key": by_app["consumer_key"], "instance_url": "acme.my"}

    assert username(sign_in(**how, privatekey_file=str(file))) == by_name["username"]


def test_with_the_session_of_a_web_login(fresh: Server, by_name: Json) -> None:
    tokens = exchange(fresh, consent(fresh)["code"]).json()

    sf = Salesforce(
        instance_url=tokens["instance_url"],
        session_id=tokens["access_token"],
        version="62.0",
        session=LoopbackSession(),
    )

    assert username(sf) == by_name["username"]


def test_the_refresh_that_its_users_make_themselves_goes_on_with_a_new_object(fresh: Server) -> None:
    tokens = exchange(fresh, consent(fresh)["code"]).json()
    stale = Salesforce(
        instance_url=fresh.url, session_id=tokens["access_token"], version="62.0", session=LoopbackSession()
    )
    requests.post(f"{fresh.url}/services/oauth2/revoke", data={"token": tokens["access_token"]}, timeout=30)
    with pytest.raises(SalesforceExpiredSession):
        stale.query(WHO)

    renewed = token(fresh, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()

    again = Salesforce(
        instance_url=renewed["instance_url"],
        session_id=renewed["access_token"],
        version="62.0",
        session=LoopbackSession(),
    )
    assert again.query(WHO)["totalSize"] == 1


def test_a_session_from_salesforce_login(fresh: Server, by_name: Json) -> None:
    session_id, instance = SalesforceLogin(
        **by_name, security_token="", sf_version="62.0", client_id="conformance", session=LoginSession(fresh.url)
    )

    sf = Salesforce(session_id=session_id, instance=instance, version="62.0", session=LoopbackSession())
    assert sf.query(WHO)["totalSize"] == 1


def test_a_login_renews_itself_when_its_session_ends(sign_in: SignIn, by_name: Json, admin: Caller) -> None:
    sf = sign_in(**by_name, security_token="")
    contact = sf.Contact.create({"LastName": "Client"})["id"]

    for call in (lambda: sf.query(WHO), lambda: sf.Contact.get(contact)):
        admin.faults({"do": "expire", "times": 1})
        assert call()


@pytest.mark.parametrize("name", ["<&>", 'O\'Neil "x"', "ünïcode"])
def test_names_and_passwords_of_any_letters_are_refused_and_not_misread(sign_in: SignIn, name: str) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        sign_in(username=name, password=name, security_token="")

    assert refused.value.code == "INVALID_LOGIN"


def test_refusals_carry_salesforces_code_and_words(sign_in: SignIn, by_name: Json, by_app: Json) -> None:
    wrong = by_name | {"password": "wrong"}
    soap_words = "Invalid username, password, security token; or user locked out."
    ways: list[tuple[Json, str, str]] = [
        (wrong | {"security_token": "x"}, "INVALID_LOGIN", soap_words),
        (wrong | by_app, "invalid_grant", "authentication failure"),
        (by_name | by_app | {"consumer_secret": "wrong"}, "invalid_client", "invalid client credentials"),
        (by_name | by_app | {"consumer_key": "wrong"}, "invalid_client_id", "client identifier invalid"),
        (by_app | {"consumer_secret": "wrong", "domain": "acme.my"}, "invalid_client", "invalid client credentials"),
    ]

    for how, code, words in ways:
        with pytest.raises(SalesforceAuthenticationFailed) as refused:
            sign_in(**how)
        assert (refused.value.code, str(refused.value)) == (code, f"Authentication failed (code: {code}): {words}")
