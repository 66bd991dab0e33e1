from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage

from common.bulk import rows_updated
from contacts.models import Contact
from tests.factories import AccountFactory, AdminFactory, ContactFactory, DealFactory, TaskFactory, UserFactory
from users import services
from users.models import User

pytestmark = pytest.mark.django_db


def test_an_invitation_makes_somebody_without_a_password_and_mails_the_link(
    mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        user = services.invite(email="New@Example.com", name="Nia", invited_by=AdminFactory(name="Alex"))

    assert user.email == "new@example.com"
    assert user.is_invited
    assert not user.has_usable_password()
    assert mailoutbox[0].to == ["new@example.com"]
    assert mailoutbox[0].subject == "Alex invites you to Tandem"
    assert "http://localhost/auth/password/reset/key/" in mailoutbox[0].body


def test_nobody_is_invited_twice() -> None:
    UserFactory(email="kim@example.com")

    with pytest.raises(ValidationError):
        services.invite(email="KIM@example.com", invited_by=AdminFactory())


def test_who_signed_in_before_gets_no_second_invitation() -> None:
    with pytest.raises(ValidationError, match="no invitation open"):
        services.send_invitation(UserFactory(), invited_by=AdminFactory())


def test_the_last_admin_is_neither_demoted_nor_deactivated() -> None:
    admin, heir = AdminFactory(), UserFactory()
    AdminFactory(is_active=False)

    with pytest.raises(ValidationError, match="only admin"):
        services.change_role(admin, User.Role.MEMBER)
    with pytest.raises(ValidationError, match="only admin"):
        services.deactivate(admin, heir=heir)
    admin.refresh_from_db()
    assert admin.is_admin


def test_one_of_two_admins_may_go() -> None:
    admin, _ = AdminFactory(), AdminFactory()

    services.change_role(admin, User.Role.MEMBER)

    assert not User.objects.get(pk=admin.pk).is_admin


def test_what_a_leaver_owned_goes_to_the_heir_and_listeners_hear_of_it() -> None:
    AdminFactory()
    leaver, heir = UserFactory(), UserFactory()
    mine = [AccountFactory(owner=leaver), ContactFactory(owner=leaver), DealFactory(owner=leaver)]
    mine.append(TaskFactory(owner=leaver, contact=mine[1]))
    heard: list[tuple[type, list[int]]] = []

    def hear(sender: type, ids: list[int], **_: Any) -> None:
        heard.append((sender, ids))

    rows_updated.connect(hear)
    services.deactivate(leaver, heir=heir)
    rows_updated.disconnect(hear)

    assert services.owned_in_words(heir) == "1 account, 1 contact, 1 deal and 1 activity"
    assert services.owned_in_words(leaver) == ""
    assert (Contact, [mine[1].pk]) in heard
    assert not User.objects.get(pk=leaver.pk).is_active


def test_nobody_leaves_records_behind() -> None:
    AdminFactory()
    leaver = ContactFactory(owner=UserFactory()).owner

    with pytest.raises(ValidationError, match="takes over"):
        services.deactivate(leaver, heir=None)
    with pytest.raises(ValidationError, match="another person"):
        services.deactivate(leaver, heir=leaver)
    with pytest.raises(ValidationError, match="active"):
        services.deactivate(leaver, heir=UserFactory(is_active=False))
    assert User.objects.get(pk=leaver.pk).is_active
