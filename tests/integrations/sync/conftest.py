"""Fixtures of the engine's tests."""

from datetime import timedelta

import pytest

from integrations.sync import own


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A create whose answer was lost is looked for, and sent again, at once."""
    monkeypatch.setattr(own, "patience", lambda: timedelta(seconds=-1))  # the org tells its time in whole seconds
