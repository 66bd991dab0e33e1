"""Fixtures of activities."""

import pytest

from integrations.models import Connection
from tests.integrations.sync.activities.making import turn_on


@pytest.fixture
def pushing(synced: Connection) -> Connection:
    """All activities are pushed."""
    turn_on(synced)
    return synced
