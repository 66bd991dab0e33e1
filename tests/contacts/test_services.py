from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models.signals import post_save

from common.acting import acting_as
from common.models import Origin
from contacts import services
from contacts.models import Contact
from tests.factories import ContactFactory, CustomFieldFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def saves() -> Any:
    """What the integration would hear: the fields of each save."""
    heard: list[set[str] | None] = []

    def hear(sender: type, update_fields: frozenset[str] | None, **_: Any) -> None:
        heard.append(update_fields and set(update_fields))

    post_save.connect(hear, Contact)
    yield heard
    post_save.disconnect(hear, Contact)


def test_whoever_makes_a_contact_owns_it() -> None:
    user = UserFactory()

    with acting_as(user):
        contact = services.create_contact(last_name="Roe", origin=Origin.API)

    assert (contact.owner, contact.origin) == (user, "api")


def test_another_owner_may_be_named() -> None:
    other = UserFactory()

    with acting_as(UserFactory()):
        assert services.create_contact(last_name="Roe", owner=other).owner == other


def test_a_contact_without_a_last_name_is_refused_by_field() -> None:
    with pytest.raises(ValidationError) as error:
        services.create_contact(first_name="Ann")

    assert "last_name" in error.value.message_dict


def test_an_update_writes_only_what_differs(saves: list[set[str]]) -> None:
    contact = ContactFactory(title="CEO")
    saves.clear()

    services.update_contact(contact.pk, {"title": "CTO", "first_name": contact.first_name})

    assert saves == [{"title", "updated_at"}]


def test_an_update_that_changes_nothing_tells_nobody(saves: list[set[str]]) -> None:
    contact = ContactFactory(title="CEO")
    saves.clear()

    services.update_contact(contact.pk, {"title": "CEO"})

    assert saves == []


def test_odd_values_elsewhere_in_the_row_do_not_stop_an_edit() -> None:
    contact = ContactFactory(email="not-an-address-but-pulled")

    services.update_contact(contact.pk, {"title": "CTO"})

    assert Contact.objects.get().title == "CTO"


def test_a_new_address_is_not_known_to_be_good_or_bad() -> None:
    contact = ContactFactory(email_status=Contact.EmailStatus.UNVERIFIED)

    services.update_contact(contact.pk, {"email": "other@acme.example"})

    assert Contact.objects.get().email_status == ""


def test_secondary_addresses_are_kept_in_lower_case_and_once() -> None:
    contact = ContactFactory()

    services.update_contact(contact.pk, {"other_emails": ["A@x.example", "a@x.example", "b@x.example"]})

    assert Contact.objects.get().other_emails == ["a@x.example", "b@x.example"]


def test_custom_values_are_merged_key_by_key() -> None:
    for key in ("tier", "size", "gone"):
        CustomFieldFactory(key=key)
    contact = ContactFactory(custom={"tier": "Gold", "gone": "x", "unknown_since_long": 1})

    services.update_contact(contact.pk, {"custom": {"size": "L", "gone": ""}})

    assert Contact.objects.get().custom == {"tier": "Gold", "size": "L", "unknown_since_long": 1}
