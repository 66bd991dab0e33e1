import re
from typing import Any

import pytest
from django.core.cache import caches
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from tests.factories import AdminFactory, ContactFactory, UserFactory
from users.middleware import UserMiddleware
from users.models import User

pytestmark = pytest.mark.django_db

ADMIN_PAGES = ["/settings/people/", "/settings/people/invite/", "/settings/people/1/"]
ADMIN_POSTS = [f"/settings/people/1/{action}/" for action in ("resend", "role", "deactivate", "reactivate")]


@pytest.fixture
def admin(client: Client) -> User:
    admin = AdminFactory(name="Alex")
    client.force_login(admin)
    return admin


@pytest.mark.parametrize("path", ["/", "/settings/you/", *ADMIN_PAGES])
def test_a_stranger_signs_in_first(client: Client, path: str) -> None:
    assertRedirects(client.get(path), f"/auth/login/?next={path}")


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_a_member_is_told_whom_to_ask(client: Client, path: str) -> None:
    client.force_login(UserFactory())

    assertContains(client.get(path), "Ask an admin", status_code=403)


@pytest.mark.parametrize("path", ADMIN_POSTS)
def test_a_member_changes_nobody(client: Client, path: str) -> None:
    client.force_login(UserFactory())

    assert client.post(path, {"role": "admin"}).status_code == 403


def test_members_do_not_see_people_in_the_settings_menu(client: Client) -> None:
    client.force_login(UserFactory())

    assertNotContains(client.get("/settings/you/"), "/settings/people/")


def test_signing_in_goes_by_email_and_password(client: Client) -> None:
    UserFactory(email="kim@example.com", password="correct-horse")

    refused = client.post("/auth/login/", {"login": "kim@example.com", "password": "wrong"})
    accepted = client.post("/auth/login/", {"login": "Kim@Example.com", "password": "correct-horse"})

    assertContains(refused, "not correct")
    assertRedirects(accepted, "/")


def test_a_deactivated_person_does_not_get_in(client: Client) -> None:
    UserFactory(email="kim@example.com", password="correct-horse", is_active=False)

    client.post("/auth/login/", {"login": "kim@example.com", "password": "correct-horse"})

    assert client.get("/").status_code == 302


def test_sign_up_is_closed(client: Client) -> None:
    assertContains(client.get("/auth/signup/"), "by invitation")
    client.post("/auth/signup/", {"email": "a@example.com", "password1": "correct-horse", "password2": "correct-horse"})

    assert not User.objects.exists()


@pytest.mark.parametrize("path", ["login/", "password/reset/", "password/reset/done/", "inactive/"])
def test_pages_for_strangers_stand(client: Client, path: str) -> None:
    assertContains(client.get(f"/auth/{path}"), "Tandem")


def test_an_invited_person_chooses_a_password_by_the_link_and_signs_in(
    client: Client, admin: User, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/settings/people/invite/", {"email": "nia@example.com", "name": "Nia", "role": "member"})
    assertContains(client.get("/settings/people/"), "Invited")
    link = re.search(r"http://localhost(/auth/\S+)", mailoutbox[0].body)[1]

    guest = Client()
    form = guest.get(link, follow=True)
    guest.post(form.request["PATH_INFO"], {"password1": "correct-horse-9", "password2": "correct-horse-9"})
    guest.post("/auth/login/", {"login": "nia@example.com", "password": "correct-horse-9"})

    assert guest.get("/").status_code == 200
    assertNotContains(client.get("/settings/people/"), "Invited")
    assertContains(Client().get(link, follow=True), "does not work any more")


def test_inviting_an_address_that_is_taken_says_so(client: Client, admin: User) -> None:
    response = client.post("/settings/people/invite/", {"email": admin.email.upper(), "role": "member"})

    assertContains(response, "already exists")


def test_an_invitation_can_be_sent_again(
    client: Client, admin: User, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    user = UserFactory(last_login=None)

    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/settings/people/{user.pk}/resend/")

    assert mailoutbox[0].to == [user.email]


def test_an_admin_changes_a_role(client: Client, admin: User) -> None:
    user = UserFactory()

    client.post(f"/settings/people/{user.pk}/role/", {"role": "admin"})

    assert User.objects.get(pk=user.pk).is_admin


def test_the_only_admin_is_told_why_they_stay_admin(client: Client, admin: User) -> None:
    response = client.post(f"/settings/people/{admin.pk}/role/", {"role": "member"}, follow=True)

    assertContains(response, "Alex is the only admin")


def test_deactivating_asks_for_an_heir_and_hands_over(client: Client, admin: User) -> None:
    contact = ContactFactory(owner=UserFactory(name="Mia"))
    path = f"/settings/people/{contact.owner.pk}/"

    assertContains(client.get(path), "Mia owns 1 contact.")
    assertContains(client.post(f"{path}deactivate/", {"heir": ""}), "Choose who takes over", status_code=422)
    client.post(f"{path}deactivate/", {"heir": admin.pk})

    contact.refresh_from_db()
    assert contact.owner == admin
    assertContains(client.get("/settings/people/"), "Deactivated")


def test_a_deactivated_person_may_come_back(client: Client, admin: User) -> None:
    user = UserFactory(is_active=False)

    client.post(f"/settings/people/{user.pk}/reactivate/")

    assert User.objects.get(pk=user.pk).is_active


def test_you_change_your_name_and_time_zone_and_times_follow(client: Client, admin: User) -> None:
    response = client.post("/settings/you/", {"name": "Alexandra", "time_zone": "Europe/Berlin"}, follow=True)

    assertContains(response, "Saved.")
    assertContains(response, "Alexandra")
    assert User.objects.get(pk=admin.pk).time_zone == "Europe/Berlin"


def test_a_request_runs_in_its_users_time_zone(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = UserFactory(time_zone="Europe/Berlin")

    answer = UserMiddleware(lambda request: HttpResponse(timezone.get_current_timezone_name()))(request)

    assert answer.content == b"Europe/Berlin"


def test_your_role_is_not_yours_to_change(client: Client) -> None:
    user = UserFactory()
    client.force_login(user)

    client.post("/settings/you/", {"name": "Me", "time_zone": "UTC", "role": "admin", "is_active": ""})

    user.refresh_from_db()
    assert (user.name, user.role, user.is_active) == ("Me", "member", True)


def test_a_post_without_the_csrf_token_is_refused_with_help() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory())

    assertContains(client.post("/settings/you/", {"name": "x"}), "The form was not accepted", status_code=403)


def test_a_page_that_is_not_there_helps_on(client: Client, admin: User) -> None:
    assertContains(client.get("/nowhere/"), "There is nothing here", status_code=404)


@pytest.mark.parametrize(
    ("email", "sent"), [("kim@example.com", 1), ("stranger@example.com", 0), ("gone@example.com", 0)]
)
def test_a_forgotten_password_is_mailed_to_people_of_the_team_only(
    client: Client, mailoutbox: list[EmailMessage], email: str, sent: int
) -> None:
    UserFactory(email="kim@example.com")
    UserFactory(email="gone@example.com", is_active=False)

    response = client.post("/auth/password/reset/", {"email": email}, follow=True)

    assertContains(response, "Look into your mail")
    assert len(mailoutbox) == sent


class Unreachable(BaseEmailBackend):
    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError


@pytest.mark.django_db(transaction=True)
def test_an_invitation_whose_mail_cannot_be_sent_says_so_and_can_be_sent_again(
    client: Client, admin: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Unreachable"

    response = client.post("/settings/people/invite/", {"email": "nia@example.com", "role": "member"}, follow=True)
    again = client.post(f"/settings/people/{User.objects.get(email='nia@example.com').pk}/resend/", follow=True)

    assertContains(response, "nia@example.com is invited, but the mail could not be sent.")
    assertContains(again, "could not be sent")


def test_failed_sign_ins_are_counted_by_the_address_before_the_proxy(client: Client, settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "2/m/ip"}
    UserFactory(email="kim@example.com", password="correct-horse")

    def sign_in(password: str, before: str) -> int:
        values = {"login": "kim@example.com", "password": password}
        return client.post("/auth/login/", values, headers={"X-Forwarded-For": f"10.9.9.9, {before}"}).status_code

    for _ in range(3):
        sign_in("wrong", "203.0.113.1")

    assert sign_in("correct-horse", "203.0.113.1") != 302
    assert sign_in("correct-horse", "203.0.113.2") == 302


def test_failed_sign_ins_are_counted_for_all_processes_together() -> None:
    assert caches["default"].get("somebody") is None
    caches["default"].set("somebody", 3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shared_cache WHERE cache_key LIKE %s", ["%somebody"])
        assert cursor.fetchone() == (1,)
