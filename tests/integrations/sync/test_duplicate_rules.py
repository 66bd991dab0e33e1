"""Duplicate rules of the org: a record that they refuse waits, is linked, or is saved all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contacts.models import Contact
from integrations import deciding
from integrations.models import Connection, ErrorEntry, ObjectSettings
from tests.conftest import push_all
from tests.factories import ContactFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("strict org")]
PHONE = "+49 30 7654321"


@pytest.fixture(scope="module")
def org_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    """An org with a duplicate rule, in the place of the plain one."""
    org = Org(tmp_path_factory.mktemp("strict"), seed="10", setup=str(Path(__file__).with_name("duplicates.toml")))
    yield org
    org.stop()


def refused(org: Org) -> tuple[Contact, ErrorEntry]:
    org.create("Contact", LastName="There", Phone=PHONE)
    contact = ContactFactory(phone=PHONE)
    push_all()
    return contact, ErrorEntry.objects.open().get()


def names(org: Org) -> set[str]:
    return {row["LastName"] for row in org.query(f"SELECT LastName FROM Contact WHERE Phone = '{PHONE}'")}


def test_what_a_rule_refuses_is_saved_when_a_person_insists(synced: Connection, org: Org, admin: User) -> None:
    contact, entry = refused(org)
    other = ContactFactory(phone=PHONE)  # nobody insists on this one, which goes at the same time

    deciding.save_anyway(entry, admin)
    push_all()

    assert entry.code == "DUPLICATES_DETECTED"
    assert names(org) == {"There", contact.last_name}
    assert ErrorEntry.objects.open().get().record_id == other.pk


def test_an_edit_that_a_rule_refuses_is_saved_when_a_person_insists(synced: Connection, org: Org, admin: User) -> None:
    org.create("Contact", LastName="There", Phone=PHONE)
    contact = ContactFactory(phone="1")
    push_all()
    contact.phone = PHONE
    contact.save(update_fields=["phone"])
    push_all()

    deciding.save_anyway(ErrorEntry.objects.open().get(), admin)
    push_all()

    assert names(org) == {"There", contact.last_name}
    assert not ErrorEntry.objects.open().exists()


def test_the_settings_may_insist_for_all(synced: Connection, org: Org) -> None:
    synced.object_settings.update(duplicate_rule=ObjectSettings.DuplicateRule.SAVE)
    org.create("Contact", LastName="There", Phone=PHONE)
    contacts = [ContactFactory(phone=PHONE) for _ in range(2)]

    push_all()

    assert names(org) == {"There", *(contact.last_name for contact in contacts)}
    assert not ErrorEntry.objects.open().exists()
