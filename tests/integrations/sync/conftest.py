"""Fixtures of the sync's own tests."""

import pytest

from integrations.models import Connection, DeletionSettings

pytest.register_assert_rewrite("tests.integrations.sync.storms")


@pytest.fixture
def following(synced: Connection) -> Connection:
    """Deletions of contacts, leads and accounts are synced."""
    for name in ("Contact", "Lead", "Account"):
        DeletionSettings.objects.create(connection=synced, remote_object=name, sync_deletes=True)
    return synced
