"""The JWT bearer grant: an assertion signed with the private key whose certificate the administrator registered."""

from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from localorg import clock
from localorg.auth import signin
from localorg.auth.errors import OAuthError
from localorg.auth.signin import Person

if TYPE_CHECKING:
    from localorg.org import Org

LONGEST = 5 * 60  # seconds that an assertion may be good for
LEEWAY = 30  # seconds that clocks may differ
LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")


def public_key(pem: str) -> RSAPublicKey:
    """The RSA key of a certificate or of a public key in PEM. Raises ValueError for anything else."""
    content = pem.strip().encode()
    is_certificate = content.startswith(b"-----BEGIN CERTIFICATE")
    key = load_pem_x509_certificate(content).public_key() if is_certificate else load_pem_public_key(content)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the certificate must hold an RSA key")
    return key


def person_of(org: "Org", assertion: str, origin: str) -> Person:
    """Whom an assertion speaks for. Raises OAuthError; which complaint comes first is known from real orgs."""
    claims = _claims(org, assertion)
    if claims.get("iss") != org.settings.client_id:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    _check_audience(claims.get("aud"), (*LOGIN_HOSTS, origin, org.settings.url))
    _check_expiry(claims.get("exp"))
    person = signin.by_username(org, str(claims.get("sub")))
    if person is None:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    return person


def _claims(org: "Org", assertion: str) -> dict[str, Any]:
    if not org.settings.certificate:
        raise OAuthError("invalid_grant", "invalid assertion")
    # whose it is and until when is checked here, in Salesforce's words; and "exp" may be text
    unchecked = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
    try:
        key = public_key(org.settings.certificate)
        claims: dict[str, Any] = jwt.decode(assertion, key, algorithms=["RS256"], options=unchecked)  # type: ignore[arg-type]
    except jwt.PyJWTError:
        raise OAuthError("invalid_grant", "invalid assertion") from None
    return claims


def _check_audience(given: Any, allowed: tuple[str, ...]) -> None:
    audiences = given if isinstance(given, list) else [given]
    if not any(str(audience).rstrip("/") in allowed for audience in audiences):
        raise OAuthError("invalid_grant", "audience is invalid")


def _check_expiry(given: Any) -> None:
    try:
        expires = int(given)
    except (TypeError, ValueError, OverflowError):
        raise OAuthError("invalid_grant", "invalid assertion") from None
    if not clock.time() - LEEWAY < expires <= clock.time() + LONGEST + LEEWAY:
        raise OAuthError("invalid_grant", "expired authorization code")
