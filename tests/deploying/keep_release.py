"""A small workspace with rows of every kind, kept for those who upgrade from this version: ``make release``."""

import subprocess

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token

from activities.models import Mailbox
from common import merging
from deals.models import Deal
from integrations.models import Connection, ErrorEntry, HeldDeletions
from tests.browser import every_page
from tests.deploying import released
from tests.factories import AccountFactory, ContactFactory, UserFactory
from tests.integrations.sync.activities.making import email, linked_contact, turn_on
from tests.integrations.test_restoring import address, tool
from tests.salesforce_org import Org
from tests.users.test_factors import SECRET, TOTP
from users import services
from users.models import ExtensionToken, User

MOST_BYTES = 150_000
PASSWORD = "a-good-long-passphrase"


@pytest.fixture(autouse=True)
def _own_key(settings: object) -> None:
    settings.TOKEN_KEYS = [released.TOKEN_KEY]
    cache.clear()


@pytest.mark.django_db(transaction=True)
def test_a_workspace_of_this_version_is_kept(with_deals: Connection, org: Org, admin: User, client: Client) -> None:
    admin.set_password(PASSWORD)
    admin.save()
    turn_on(with_deals)
    client.force_login(admin)
    every_page.filled(admin)
    sign_ins(admin)
    merged()
    queued(admin)
    # As the org demands it.
    Deal.objects.filter(name="Robots").update(currency=with_deals.currency, close_on=timezone.localdate())
    ErrorEntry.objects.update(closed_at=timezone.now())
    HeldDeletions.objects.update(decided_at=timezone.now(), decided_by=admin)

    command = [tool("pg_dump"), "--no-owner", "--no-privileges", "--rows-per-insert=100", address()]
    path = released.keep(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert path.stat().st_size < MOST_BYTES


def sign_ins(admin: User) -> None:
    TOTP.activate(UserFactory(email="with.factor@example.com", password=PASSWORD), SECRET)
    Token.objects.create(user=admin)
    ExtensionToken.objects.create(user=admin, name="Laptop", scope=ExtensionToken.Scope.GMAIL, digest="0" * 64)
    services.invite(email="invited@example.com", invited_by=admin)
    Mailbox.objects.filter(user=admin).update(password="of-nobody")


def merged() -> None:
    keep, other = (ContactFactory(first_name="Twice", last_name="Made", email=f"twice{n}@gmail.com") for n in "ab")
    merging.merge(keep, other)


def queued(admin: User) -> None:
    """What the next version is to push, once: somebody new with their account, an edit, an e-mail."""
    ContactFactory(last_name="Queued", email="queued@queued.example", account=AccountFactory(name="Queued Inc"))
    someone = linked_contact()
    someone.title = "Queued"
    someone.save(update_fields=["title"])
    email(someone, admin, subject="Queued")
