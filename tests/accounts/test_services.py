import pytest
from django.core.exceptions import ValidationError

from accounts import services
from common.acting import acting_as
from tests.factories import AccountFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_whoever_makes_an_account_owns_it() -> None:
    user = UserFactory()

    with acting_as(user):
        account = services.create_account(name="Acme", website="https://www.acme.example")

    assert account.owner == user
    assert account.domain == "acme.example"


def test_a_new_website_brings_its_domain() -> None:
    account = AccountFactory(website="https://old.example")

    services.update_account(account.pk, {"website": "new.example"})

    account.refresh_from_db()
    assert account.domain == "new.example"


def test_an_account_does_not_stand_above_itself() -> None:
    top = AccountFactory()
    middle = AccountFactory(parent=top)
    bottom = AccountFactory(parent=middle)

    with pytest.raises(ValidationError, match="above itself"):
        services.update_account(top.pk, {"parent": bottom})


def test_an_account_needs_a_name() -> None:
    with pytest.raises(ValidationError, match="blank"):
        services.update_account(AccountFactory().pk, {"name": ""})
