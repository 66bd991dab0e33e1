"""The JWT bearer grant: who holds the private key of the registered certificate may act for any active user."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed

from tests.localorg.client import Caller, LoginSession, Server

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY = rsa.generate_private_key(65537, 2048)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "integration.example")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    built = built.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return built.sign(KEY, SHA256()).public_bytes(Encoding.PEM).decode()


def register(server: Server, pem: str) -> requests.Response:
    return requests.post(f"{server.url}/localorg/settings", json={"certificate": pem}, timeout=30)


@pytest.fixture
def trusting(fresh: Server) -> Server:
    """An org that knows our certificate."""
    register(fresh, certificate()).raise_for_status()
    return fresh


def ask(server: Server, key: str = PRIVATE, **changes: Any) -> requests.Response:
    claims = {
        "iss": server.facts["client_id"],
        "sub": server.facts["users"][0]["username"],
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
    }
    assertion = jwt.encode(claims | changes, key, algorithm="RS256" if "RSA" in key or key is PRIVATE else "HS256")
    return send(server, assertion)


def send(server: Server, assertion: str) -> requests.Response:
    form = {"grant_type": GRANT, "assertion": assertion}
    return requests.post(f"{server.url}/services/oauth2/token", data=form, timeout=30)


def test_simple_salesforce_signs_in_with_a_private_key(trusting: Server) -> None:
    user = trusting.facts["users"][1]

    own = Salesforce(
        username=user["username"],
        consumer_key=trusting.facts["client_id"],
        privatekey=PRIVATE,
        session=LoginSession(trusting.url),
        version="62.0",
    )

    assert own.query(f"SELECT Id FROM User WHERE Username = '{user['username']}'")["totalSize"] == 1


def test_the_answer_has_a_token_for_the_user_and_nothing_to_renew_it(trusting: Server) -> None:
    answer = ask(trusting)

    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert Caller(trusting.url, answer.json()["access_token"]).ask("GET", "limits").status_code == 200


def test_a_bare_public_key_will_do_and_so_will_my_domain_as_audience(fresh: Server) -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert register(fresh, pem).status_code == 200

    assert ask(fresh, aud=fresh.url).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"iss": "nobody"}, "invalid_client_id", "client identifier invalid"),
        ({"aud": "https://elsewhere.example"}, "invalid_grant", "audience is invalid"),
        ({"aud": None}, "invalid_grant", "audience is invalid"),
        ({"sub": "nobody@example.com"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"sub": None}, "invalid_grant", "user hasn't approved this consumer"),
        ({"exp": 1}, "invalid_grant", "expired authorization code"),
        ({"exp": int(time.time()) + 3600}, "invalid_grant", "expired authorization code"),
        ({"exp": "soon"}, "invalid_grant", "invalid assertion"),
    ],
)
def test_an_assertion_that_claims_too_much_is_refused(
    trusting: Server, changes: dict[str, Any], error: str, description: str
) -> None:
    answer = ask(trusting, **changes)

    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


def test_a_user_who_left_is_refused(trusting: Server) -> None:
    admin = Caller(trusting.url, ask(trusting).json()["access_token"])
    (gone,) = admin.rows("SELECT Username FROM User WHERE IsActive = false LIMIT 1")

    assert ask(trusting, sub=gone["Username"]).json()["error"] == "inactive_user"


def test_only_the_registered_key_counts(trusting: Server) -> None:
    other = rsa.generate_private_key(65537, 2048)
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    unsigned = jwt.encode({"sub": trusting.facts["users"][0]["username"]}, None, algorithm="none")

    for answer in (ask(trusting, pem), send(trusting, unsigned), send(trusting, "x.y.z"), send(trusting, "")):
        assert answer.status_code == 400
        assert answer.json() == {"error": "invalid_grant", "error_description": "invalid assertion"}


def test_simple_salesforce_tells_the_refusal(trusting: Server) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as refused, pytest.warns(UserWarning, match="self-authorize"):
        Salesforce(
            username="nobody@example.com",
            consumer_key=trusting.facts["client_id"],
            privatekey=PRIVATE,
            session=LoginSession(trusting.url),
        )

    assert refused.value.code == "invalid_grant"


@pytest.mark.parametrize("pem", ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_what_is_no_certificate_cannot_be_registered(fresh: Server, pem: str) -> None:
    assert register(fresh, pem).status_code == 400


def test_a_key_that_is_not_rsa_cannot_be_registered(fresh: Server) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()

    answer = register(fresh, key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())

    assert answer.status_code == 400
    assert "RSA" in answer.json()["error"]
