"""Whatever is logged while people sign in, connect, push and mail, at the finest level: it holds no secret."""

import io
import logging
import logging.config
from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token

from activities.mail import reading
from activities.models import Mailbox
from activities.sending import send_email, store_sent
from common.logs import with_ids
from integrations.models import Credential, Run
from integrations.salesforce.provider import SalesforceProvider
from integrations.sync.outbox import Claim
from tests.activities.mail.letters import letter
from tests.activities.mail.servers import PASSWORD, ImapBox, Sink
from tests.conftest import pull_all, push_all, start
from tests.factories import ContactFactory
from tests.integrations.test_connecting import Consent, begin, come_back, consent
from tests.salesforce_org import Org
from users.models import User

__all__ = ["consent"]
pytestmark = pytest.mark.django_db
OF_KIM = "correct-horse-battery-staple"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, as JSON: with all that hangs on the records."""
    lines = io.StringIO()
    config = logging.config.DictConfigurator(deepcopy(django_settings.LOGGING))  # it takes its words out
    handler = logging.StreamHandler(lines)
    handler.setFormatter(config.configure_formatter(config.config["formatters"]["json"]))
    handler.addFilter(with_ids)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


def broken(claim: Claim, provider: SalesforceProvider, run: Run) -> None:
    raise RuntimeError(f"{claim.credential} {provider.client.session} {run}")


def test_the_log_holds_no_secret(
    log: io.StringIO,
    org: Org,
    consent: Consent,
    admin: User,
    kim: User,
    kims: Mailbox,
    box: ImapBox,
    sink: Sink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, secrets = Client(), [org.client_secret, PASSWORD, OF_KIM, *(one["password"] for one in org.users)]
    admin.set_password(OF_KIM)
    admin.save(update_fields=["password"])
    client.post(reverse("account_login"), {"login": admin.email, "password": OF_KIM})
    answer = consent(begin(client, org))
    come_back(client, answer)
    come_back(client, answer)  # a code that was used: refused, and logged
    start()
    secrets += [answer["code"], answer["state"], client.cookies["sessionid"].value]
    secrets += [value for row in Credential.objects.all() for value in (row.access_token, row.refresh_token) if value]

    ContactFactory(email="somebody@logs.example", owner=admin)
    org.faults({"do": "expire", "times": 1})
    push_all()
    org.faults({"do": "html", "times": 2})
    pull_all()
    org.faults()
    monkeypatch.setattr("integrations.pushing.push", broken)
    ContactFactory(email="somebody.else@logs.example", owner=admin)
    push_all()

    store_sent(send_email(kim, ContactFactory(email="ann@acme.example"), "Hello", "Dear Ann"))
    box.put(letter())
    reading.read(kims.pk)
    Mailbox.objects.filter(pk=kims.pk).update(password="wrong-sesame", due_at=timezone.now())
    reading.read(kims.pk)

    token = Token.objects.create(user=admin).key
    client.get("/api/v1/contacts/", headers={"authorization": f"Token {token}"})
    client.get("/api/v1/contacts/", headers={"authorization": "Token wrong-token"})
    secrets += [value for row in Credential.objects.all() for value in (row.access_token, row.refresh_token) if value]
    secrets += [token, "wrong-sesame", "wrong-token"]

    text = log.getvalue()
    assert "A push broke" in text
    assert "Traceback" in text
    assert len(set(secrets)) > 12
    assert [secret for secret in set(secrets) if secret in text] == []
