"""Every address of the settings, also those added later: strangers sign in, members and readers are turned away."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from integrations.configuration import export
from integrations.models import Connection, Outbox, Run
from tests.factories import UserFactory
from users.models import User

pytestmark = pytest.mark.django_db

# What members need: their own login, their notices, and the Salesforce card on the records that they see.
FOR_MEMBERS = {
    "salesforce:personal",
    "salesforce:personal_disconnect",
    "salesforce:callback",
    "integrations:campaign_people",
    "integrations:campaigns",
    "integrations:member_statuses",
    "integrations:panel",
    "integrations:push_notes",
    "integrations:push",
    "integrations:record_pull",
    "integrations:skip",
    "integrations:unskip",
    "integrations:notices",
    "integrations:notices_seen",
    "integrations:notice_choice",
}
ARGUMENTS = {"IntConverter": 1, "SlugConverter": "contact", "StringConverter": "Contact"}


def addresses() -> Iterator[tuple[str, str]]:
    """Name and path of every view of the integration, by the URLs that the site has."""
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLResolver) and resolver.namespace in ("integrations", "salesforce"):
            for pattern in resolver.url_patterns:
                assert isinstance(pattern, URLPattern), "A namespace in a namespace: look into it as well."
                name = f"{resolver.namespace}:{pattern.name}"
                converters = pattern.pattern.converters.items()
                arguments = {key: ARGUMENTS[type(converter).__name__] for key, converter in converters}
                yield name, reverse(name, kwargs=arguments)


FOUND = list(addresses())
ALL = dict(FOUND)
FOR_ADMINS = sorted(set(ALL) - FOR_MEMBERS)


def test_every_view_has_a_name_of_its_own() -> None:
    assert sorted(name for name, _ in FOUND) == sorted(ALL)


def test_what_members_may_open_is_there() -> None:
    assert set(ALL) >= FOR_MEMBERS


@pytest.mark.parametrize("role", [User.Role.MEMBER, User.Role.READ_ONLY])
def test_who_is_no_admin_is_turned_away_everywhere_and_changes_nothing(
    role: User.Role, client: Client, synced: Connection
) -> None:
    client.force_login(UserFactory(role=role))
    before = export.present(synced)

    for name in FOR_ADMINS:
        for answer in (client.get(ALL[name]), client.post(ALL[name], {"text": "version: 1"})):
            assert answer.status_code == 403, name

    assert export.present(Connection.objects.get()) == before
    assert not Outbox.objects.exists()
    assert not Run.objects.filter(started_by__isnull=False).exists()


@pytest.mark.parametrize("name", sorted(ALL))
def test_strangers_are_asked_to_sign_in(name: str, client: Client) -> None:
    for answer in (client.get(ALL[name]), client.post(ALL[name])):
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))
