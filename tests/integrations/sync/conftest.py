"""Fixtures of the sync's own tests."""

from datetime import timedelta

import pytest

from integrations.models import Connection, DeletionSettings
from integrations.sync import own

pytest.register_assert_rewrite("tests.integrations.sync.storms")


@pytest.fixture
def following(synced: Connection) -> Connection:
    """Deletions of contacts, leads and accounts are synced."""
    for name in ("Contact", "Lead", "Account"):
        DeletionSettings.objects.create(connection=synced, remote_object=name, sync_deletes=True)
    return synced


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A create whose answer was lost is looked for, and sent again, at once."""
    monkeypatch.setattr(own, "patience", lambda: timedelta(seconds=-1))  # the org tells its time in whole seconds
