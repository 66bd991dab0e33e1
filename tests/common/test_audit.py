"""Who did what of consequence: sign-ins, settings, exports and mass actions stand in a log that nobody changes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import ProgrammingError
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from common import audit, retention
from common.audit import Kind
from common.models import AuditEntry, Retention
from tests.factories import AdminFactory, ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db
PAGE = "/settings/audit/"


def told() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("kind", "who", "what"))


def test_sign_ins_and_sign_outs_are_told_with_where_they_came_from(client: Client) -> None:
    UserFactory(email="kim@example.com", password="correct-horse")

    client.post("/auth/login/", {"login": "Kim@example.com", "password": "wrong"}, REMOTE_ADDR="203.0.113.7")
    client.post("/auth/login/", {"login": "nobody@example.com", "password": "correct-horse"})
    client.post("/auth/login/", {"login": "kim@example.com", "password": "correct-horse"}, REMOTE_ADDR="203.0.113.8")
    client.post("/auth/logout/")

    assert told() == [
        (Kind.FAILED, "kim@example.com", "Wrong address or password"),
        (Kind.FAILED, "nobody@example.com", "Wrong address or password"),
        (Kind.SIGN_IN, "kim@example.com", "By password"),
        (Kind.SIGN_OUT, "kim@example.com", ""),
    ]
    assert list(AuditEntry.objects.order_by("pk").values_list("address", flat=True)[:3:2]) == [
        "203.0.113.7",
        "203.0.113.8",
    ]


def test_what_was_typed_as_a_password_stands_nowhere(client: Client) -> None:
    client.post("/auth/login/", {"login": "kim@example.com\x00" + "x" * 999, "password": "s3cret-typed"})

    assert "s3cret-typed" not in str(list(AuditEntry.objects.values()))


def test_a_changed_password_is_told(client: Client) -> None:
    user = UserFactory(password="correct-horse")
    client.force_login(user)

    values = {"oldpassword": "correct-horse", "password1": "battery-staple-9", "password2": "battery-staple-9"}
    client.post("/auth/password/change/", values)

    assert told() == [(Kind.ACCESS, user.email, "Changed the password")]


def test_a_changed_setting_is_told_by_its_page_and_a_refused_one_is_not(admin_client: Client, admin: User) -> None:
    admin_client.post("/settings/retention/", {"history_months": "none"})
    admin_client.get("/settings/retention/")
    admin_client.post("/settings/retention/", {"history_months": "12"})

    assert told() == [(Kind.SETTINGS, admin.email, "settings › retention")]


def test_people_are_told_of_in_words(admin_client: Client, admin: User) -> None:
    user = UserFactory(email="kim@example.com")

    admin_client.post(f"/settings/people/{user.pk}/role/", {"role": "admin"})
    admin_client.post(f"/settings/people/{user.pk}/deactivate/", {"heir": ""})

    assert told() == [
        (Kind.PEOPLE, admin.email, "kim@example.com: from member to admin"),
        (Kind.PEOPLE, admin.email, "Deactivated kim@example.com"),
    ]


def test_exports_and_mass_actions_are_told_with_how_much_was_chosen(client: Client, user: User) -> None:
    ids = [ContactFactory(owner=user).pk for _ in range(2)]

    def act(action: str, **values: Any) -> None:
        client.post("/records/contact/act/", {"action": action, "confirm": "1", "what": "all", **values})

    act("export", all="1", query="q=ann")
    act("delete", ids=ids)

    assert told() == [
        (Kind.EXPORT, user.email, "Export: contacts (all that match q=ann)"),
        (Kind.MASS, user.email, "Delete: contacts (2 chosen)"),
    ]


def test_asking_first_is_no_mass_action(client: Client, user: User) -> None:
    client.post("/records/contact/act/", {"action": "delete", "ids": [ContactFactory().pk]})

    assert not told()


@pytest.mark.parametrize("change", [{"what": "Nothing"}, None])
def test_the_database_refuses_to_change_or_delete_a_line(change: dict[str, str] | None) -> None:
    audit.record(Kind.EXPORT, "Everything")

    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
        AuditEntry.objects.update(**change) if change else AuditEntry.objects.all().delete()

    assert AuditEntry.objects.get().what == "Everything"


@pytest.mark.parametrize(("months", "left"), [(12, ["new"]), (None, ["old", "new"])])
def test_what_is_older_than_the_setting_goes(months: int | None, left: list[str]) -> None:
    Retention.objects.create(pk=1, audit_months=months)
    AuditEntry.objects.create(kind=Kind.MASS, what="old", at=timezone.now() - timedelta(days=400))
    AuditEntry.objects.create(kind=Kind.MASS, what="new")

    retention.prune()

    assert list(AuditEntry.objects.order_by("pk").values_list("what", flat=True)) == left


def test_what_strangers_typed_is_shown_as_text(admin_client: Client) -> None:
    audit.record(Kind.FAILED, "Wrong", who="<script>alert(1)</script>")

    answer = admin_client.get(PAGE)

    assertContains(answer, "&lt;script&gt;alert(1)")
    assertNotContains(answer, "<script>alert(1)")


def test_the_log_narrows_by_what_who_and_since_when(admin_client: Client) -> None:
    kim = UserFactory(name="Kim")
    audit.record(Kind.EXPORT, "contacts.csv", user=kim)
    audit.record(Kind.SIGN_IN, "By password", user=AdminFactory())
    entry_of_old = AuditEntry.objects.create(kind=Kind.EXPORT, what="old.csv", at=timezone.now() - timedelta(days=9))

    assertNotContains(admin_client.get(PAGE, {"kind": "export"}), "By password")
    assertContains(admin_client.get(PAGE, {"user": kim.pk}), "contacts.csv")
    assertNotContains(admin_client.get(PAGE, {"since": timezone.localdate().isoformat()}), entry_of_old.what)
    assertContains(admin_client.get(PAGE, {"kind": "access"}), "Nothing fits")


def test_the_log_costs_the_same_however_long_it_is(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(30):
        audit.record(Kind.EXPORT, "contacts.csv", user=UserFactory())

    with django_assert_max_num_queries(12):
        admin_client.get(PAGE)


def test_members_do_not_read_the_log(client: Client) -> None:
    client.force_login(UserFactory())

    assert client.get(PAGE).status_code == 403
