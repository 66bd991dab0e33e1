"""Mail servers over the wire, and people with mailboxes on them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from activities.models import Mailbox
from contacts.models import Contact
from tests.activities.mail.servers import PASSWORD, Dovecot, ImapBox, Sink
from tests.factories import AccountFactory, ContactFactory
from users.models import User


@pytest.fixture
def ann() -> Contact:
    return ContactFactory(email="Ann@acme.example", last_name="Roe", account=AccountFactory())


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    server = Dovecot()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sink_server() -> Iterator[Sink]:
    server = Sink()
    yield server
    server.stop()


@pytest.fixture
def sink(sink_server: Sink) -> Sink:
    sink_server.letters.clear()
    sink_server.answers.clear()
    return sink_server


@pytest.fixture
def connected(db: None, dovecot: Dovecot, sink: Sink, settings: Any) -> Callable[..., Mailbox]:
    """Connects a user's mailbox, a new one on the server in each test."""
    settings.MAIL_PRIVATE_HOSTS = True

    def connect(user: User, **values: Any) -> Mailbox:
        login = f"{uuid4().hex}-{user.pk}"
        servers = {"imap_host": "127.0.0.1", "smtp_host": "127.0.0.1", "imap_login": login, "smtp_login": login}
        ports = {"imap_port": dovecot.port, "smtp_port": sink.port, "imap_security": "none", "smtp_security": "none"}
        since = timezone.localdate() - timedelta(days=30)
        given = {"address": user.email, "password": PASSWORD, "read_since": since, **servers, **ports, **values}
        return Mailbox.objects.create(user=user, **given)

    return connect


@pytest.fixture
def kims(connected: Callable[..., Mailbox], kim: User) -> Mailbox:
    return connected(kim, address="kim@tandem-team.example", name="Kim Demo")


@pytest.fixture
def box(dovecot: Dovecot, kims: Mailbox) -> ImapBox:
    """Kim's mailbox as the mail program sees it."""
    return ImapBox(dovecot, kims.imap_login)
