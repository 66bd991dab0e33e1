"""What an admin answered once and for all: the engine then no longer asks."""

from typing import Any

import pytest

from integrations.models import Connection, ErrorEntry, ObjectSettings, RecordLink
from tests.conftest import push_all
from tests.factories import ContactFactory
from tests.integrations.sync.pushing import found
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
Several = ObjectSettings.SeveralMatches


def choose(connection: Connection, **values: Any) -> None:
    connection.object_settings.filter(record_kind="contact").update(**values)


def twins(org: Org) -> list[str]:
    return [org.create("Contact", LastName="Twin", Email="twins@two.example") for _ in range(3)]


def test_of_several_twins_the_oldest_is_linked(synced: Connection, org: Org) -> None:
    choose(synced, several_matches=Several.OLDEST)
    oldest, *_ = twins(org)
    contact = ContactFactory(email="twins@two.example", phone="42")

    push_all()

    link = RecordLink.objects.live().get(record_kind="contact", record_id=contact.pk)
    assert link.remote_id == oldest
    assert "as the settings say" in link.note
    assert not link.to_check
    assert not ErrorEntry.objects.open().exists()


def test_beside_several_twins_another_one_is_made(synced: Connection, org: Org) -> None:
    choose(synced, several_matches=Several.CREATE)
    known = twins(org)
    contact = ContactFactory(email="twins@two.example")

    push_all()

    contact.refresh_from_db()
    assert contact.crm_id not in ["", *known]
    assert len(found(org, "twins@two.example")) == 4
    assert "as the settings say" in RecordLink.objects.live().get(remote_id=contact.crm_id).note
