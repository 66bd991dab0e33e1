"""Every address of the site, also those added later: what strangers, readers and members get there.

Which records somebody sees is in test_visibility; here nobody has any, and what matters comes before looking for one.
"""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories import UserFactory
from users.models import User

pytestmark = pytest.mark.django_db

PARAMETER = re.compile(r"<(?:(?P<type>\w+):)?(?P<name>\w+)>")
SAMPLES = {"int": "1", "slug": "contact", "str": "Contact", "path": "x"}
SIGN_IN = ("/auth/login/", "/admin/login/")
# Who signs in has not signed in yet; a monitor and whoever gets a mail never do: the link in that mail is signed, and
# metrics have a token of their own, as has the panel in Salesforce's pages (tests/integrations/embedding).
FOR_STRANGERS = ("auth/", "embedded-crm/", "healthz", "metrics", "unsubscribe/")
# Lead on to what asks, or tell what the documents tell.
SAY_NOTHING = {"settings/", "admin/logout/", "api/v1/", "api/v1/schema/"}
OF_THE_TEAM = ("auth/password/change/", "auth/password/set/", "auth/reauthenticate/", "auth/sessions/", "auth/2fa/")
# What readers post changes only what is their own: columns, views, reminders, notices, their login; of actions on
# lists and jobs each asks by itself whether it reads.
FOR_READERS = {
    "activities/reminders/<int:pk>/",
    "jobs/<int:pk>/again/",
    "jobs/<int:pk>/stop/",
    "records/<slug:kind>/act/",
    "records/<slug:kind>/columns/",
    "records/<slug:kind>/views/",
    "records/<slug:kind>/views/<int:pk>/",
    "records/<slug:kind>/views/<int:pk>/delete/",
    "settings/integrations/salesforce/notices/choice/",
    "settings/integrations/salesforce/notices/seen/",
    "settings/salesforce-login/",
    "settings/salesforce-login/disconnect/",
    "settings/you/",
    "settings/you/tokens/<int:pk>/revoke/",
}
BY_RECORD = {"api/v1/conflicts/<int:pk>/restore/"}  # whoever sees the record; there is nothing to GET
FOR_ADMINS = (
    "settings/audit/",
    "settings/erase/",
    "settings/people/",
    "settings/pipelines/",
    "settings/retention/",
)


def addresses() -> Iterator[str]:
    yield from _routes(get_resolver(), "")


def _routes(resolver: URLResolver, begin: str) -> Iterator[str]:
    for one in resolver.url_patterns:
        route = begin + str(one.pattern)
        if "^" in route or "(?P" in route:  # regular expressions are allauth's, REST framework's and the admin's own
            continue
        if isinstance(one, URLPattern):
            yield route
        else:
            yield from _routes(one, route)


def path_of(route: str) -> str:
    return "/" + PARAMETER.sub(lambda found: SAMPLES[found["type"] or "str"], route)


ALL = sorted(set(addresses()))
OURS = [route for route in ALL if not route.startswith(("auth/", "admin/"))]


def test_there_are_many_and_each_has_an_address() -> None:
    assert len(ALL) > 300
    assert not [path_of(route) for route in ALL if "<" in path_of(route)]


@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_reach_nothing(method: str, client: Client) -> None:
    reached = {}
    for route in ALL:
        if route in SAY_NOTHING or (route.startswith(FOR_STRANGERS) and not route.startswith(OF_THE_TEAM)):
            continue
        answer = getattr(client, method)(path_of(route))
        to_sign_in = answer.status_code == 302 and answer["Location"].split("?")[0] in SIGN_IN
        if not (to_sign_in or answer.status_code == 401):
            reached[route] = answer.status_code

    assert reached == {}


def test_readers_post_nothing(client: Client) -> None:
    client.force_login(UserFactory(role=User.Role.READ_ONLY))
    taken = {route: client.post(path_of(route)).status_code for route in OURS if not route.startswith(FOR_STRANGERS)}

    assert {route for route, status in taken.items() if status != 403} - SAY_NOTHING == FOR_READERS


@pytest.mark.parametrize("role", [User.Role.MEMBER, User.Role.READ_ONLY])
def test_only_admins_reach_the_settings_of_all(role: User.Role, client: Client) -> None:
    client.force_login(UserFactory(role=role))
    refused = {route for route in OURS if client.get(path_of(route)).status_code == 403}
    taken = {route for route in refused if client.post(path_of(route)).status_code != 403}

    assert {route for route in OURS if route.startswith(FOR_ADMINS)} - refused == set()
    assert taken - BY_RECORD == set()


def test_no_page_of_djangos_admin_is_for_members(client: Client) -> None:
    client.force_login(UserFactory())

    for route in ALL:
        if route.startswith("admin/") and not route.startswith("admin/logout"):
            answer = client.get(path_of(route))
            assert answer.status_code in (302, 403, 404), route
            assert b"<table" not in answer.content, route
