"""Read-only people: every address that there is refuses what changes something; they see what members see."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from activities.sequences.enrolling import enrol
from common import jobs
from common.models import Job, RecordKind
from contacts.models import Contact
from tests.api.conftest import V1, Api
from tests.factories import ContactFactory, DealFactory, RecordListFactory, StepFactory, TaskFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db

# What is their own, or decided by something else than who is signed in.
THEIRS = {
    "settings/you/",
    "settings/you/tokens/<int:pk>/revoke/",
    "settings/salesforce-login/",
    "settings/salesforce-login/disconnect/",
    "settings/integrations/salesforce/notices/seen/",
    "settings/integrations/salesforce/notices/choice/",
    "activities/reminders/<int:pk>/",
    "jobs/<int:pk>/stop/",
    "jobs/<int:pk>/again/",
    "records/<slug:kind>/act/",
    "records/<slug:kind>/columns/",
    "records/<slug:kind>/views/",
    "records/<slug:kind>/views/<int:pk>/",
    "records/<slug:kind>/views/<int:pk>/delete/",
    "unsubscribe/<str:token>/",
}
# Sign-in has rules of its own, and so has the panel, which looks at tokens alone; Django's admin is for admins; the
# description is only read, errors are nobody's.
ELSEWHERE = re.compile(r"^(auth/|admin/|embedded-crm/|api/v1/schema/|api/v1/$)")


def routes(patterns: Any = None, before: str = "") -> Iterator[str]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def filled(route: str) -> str:
    route = re.sub(r"<slug:(record_)?kind>", "contact", route)
    return re.sub(r"<str:[^>]+>", "x", re.sub(r"<slug:[^>]+>", "name", re.sub(r"<int:[^>]+>", "1", route)))


ROUTES = sorted({route for route in routes() if not ELSEWHERE.match(route)})


@pytest.fixture
def reader() -> User:
    return UserFactory(role=User.Role.READ_ONLY)


@pytest.fixture
def page(reader: User, client: Client) -> Client:
    client.force_login(reader)
    return client


def test_every_address_refuses_what_changes_something(reader: User, page: Client) -> None:
    api, asked = Api(reader), 0
    for route in set(ROUTES) - THEIRS:
        client = api if route.startswith("api/") else page
        for method in ("post", "patch", "delete") if client is api else ("post",):
            answer = getattr(client, method)(f"/{filled(route)}")
            refusals = {403, 404, 405} if client is api else {403}
            assert answer.status_code in refusals, f"{method} {route}: {answer.status_code}"
            asked += 1
    assert asked > 250


def test_what_is_theirs_stays_open(page: Client) -> None:
    assert set(ROUTES) >= THEIRS
    for route in THEIRS:
        assert page.post(f"/{filled(route)}").status_code != 403, route


def test_they_sign_out(page: Client) -> None:
    page.post("/auth/logout/")

    assert "_auth_user_id" not in page.session


def test_the_rest_api_refuses_in_its_own_words_and_by_session_too(reader: User, page: Client) -> None:
    contact = ContactFactory()
    answer = Api(reader).patch(f"{V1}contacts/{contact.pk}/", {"title": "CEO"})
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert "change nothing" in answer.json()["detail"]
    answer = page.post(f"{V1}contacts/", {"last_name": "New"}, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert Contact.objects.count() == 1


def test_they_see_what_members_see_and_no_button_that_would_refuse_them(reader: User, page: Client) -> None:
    contact, deal, task = ContactFactory(), DealFactory(), TaskFactory()
    present, sequence = RecordListFactory(), StepFactory().sequence
    enrol(sequence, [contact.pk], user=UserFactory())
    found = (
        "/", "/contacts/", "/accounts/", "/deals/", "/deals/board/", "/lists/", contact.get_absolute_url(),
        deal.get_absolute_url(), task.get_absolute_url(), present.get_absolute_url(), "/settings/you/",
        "/sequences/", sequence.get_absolute_url(), f"{sequence.get_absolute_url()}people/",
    )  # fmt: skip
    for address in found:
        answer = page.get(address)
        body = answer.content.decode()
        assert answer.status_code == 200, address
        assert not re.search(r'href="/(contacts|accounts|deals|lists|sequences)/(new/|\d+/(edit|delete)/)', body), (
            address
        )
        posts = set(re.findall(r'(?:hx-post|formaction)="([^"]+)"', body))
        posts |= set(re.findall(r'method="post"\s+action="([^"]+)"', body))
        for target in posts - {f"/activities/{task.pk}/complete/", "/auth/logout/"}:  # that box is disabled
            assert page.post(target).status_code != 403, f"{address} offers {target}"
    assert Api(reader).ids("contacts", q=contact.last_name) == [contact.pk]


def test_forms_that_would_be_refused_are_not_shown(page: Client) -> None:
    contact = ContactFactory()
    for place in ("new/", f"{contact.pk}/edit/", f"{contact.pk}/delete/", f"{contact.pk}/lines/email/?edit"):
        answer = page.get(f"/contacts/{place}")
        assert answer.status_code == 403
        assert "give you another role" in answer.content.decode()


def test_work_that_was_begun_before_the_role_changed_is_refused_too(reader: User) -> None:
    jobs.runs("a change")(lambda job: True)
    jobs.runs("a look", for_readers=True)(lambda job: True)
    for kind, state, message in (("a change", Job.State.FAILED, "may only read"), ("a look", Job.State.DONE, "")):
        job = Job.objects.create(kind=kind, title=kind, user=reader)
        jobs.run(job.pk)
        job.refresh_from_db()
        assert (job.state, message in job.message) == (state, True)


@pytest.mark.parametrize("kind", RecordKind.values)
def test_an_admin_makes_somebody_read_only_and_back(kind: str, admin_client: Client) -> None:
    member = UserFactory()
    address = {"account": "/accounts/new/", "contact": "/contacts/new/", "deal": "/deals/new/"}[kind]
    person = Client()
    person.force_login(member)
    for role, status in ((User.Role.READ_ONLY, 403), (User.Role.MEMBER, 200)):
        assert admin_client.post(f"/settings/people/{member.pk}/role/", {"role": role}).status_code == 302
        assert person.get(address).status_code == status
