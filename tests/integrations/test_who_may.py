"""Every address of the settings, also those that are added later: strangers sign in, members are turned away."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

# What members need: their own login, their notices, and the Salesforce card on the records that they see.
FOR_MEMBERS = {
    "salesforce:personal",
    "salesforce:personal_disconnect",
    "salesforce:callback",
    "integrations:panel",
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


@pytest.mark.parametrize("name", FOR_ADMINS)
def test_members_are_turned_away(name: str, client: Client) -> None:
    client.force_login(UserFactory())

    assert client.get(ALL[name]).status_code == 403
    assert client.post(ALL[name]).status_code == 403


@pytest.mark.parametrize("name", sorted(ALL))
def test_strangers_are_asked_to_sign_in(name: str, client: Client) -> None:
    for answer in (client.get(ALL[name]), client.post(ALL[name])):
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))
