"""Servers are spoken to by TLS, and must prove who they are."""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from activities.mail import hosts
from activities.mail.imap import TROUBLES, session
from activities.models import Mailbox
from tests.activities.mail.servers import PASSWORD, Dovecot


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of 127.0.0.1, signed by nobody."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = timezone.now()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def tls_server(certificate: tuple[Path, Path]) -> Iterator[Dovecot]:
    server = Dovecot(certificate)
    yield server
    server.stop()


@pytest.fixture(params=["tls", "starttls"])
def mailbox(request: Any, tls_server: Dovecot, settings: Any) -> Mailbox:
    settings.MAIL_PRIVATE_HOSTS = True
    port = tls_server.tls_port if request.param == "tls" else tls_server.port
    place = {"imap_host": "127.0.0.1", "imap_port": port, "imap_security": request.param}
    return Mailbox(**place, imap_login="kim", password=PASSWORD)


def test_a_server_that_cannot_prove_who_it_is_gets_no_password(mailbox: Mailbox) -> None:
    with pytest.raises(TROUBLES) as caught, session(mailbox):
        pass

    assert "has a certificate that can’t be trusted" in hosts.reason(caught.value, "127.0.0.1")


def test_a_server_that_can_is_signed_in_to(
    mailbox: Mailbox, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    with session(mailbox) as opened:
        assert opened.folder_names()["sent"] == "Sent"
