"""Fixtures of the sync's own tests."""

from collections.abc import Callable
from datetime import timedelta
from types import GeneratorType
from typing import Any

import pytest

from integrations.models import Connection, DeletionSettings
from integrations.sync import own

Meanwhile = Callable[..., None]

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


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """``meanwhile(place, name, deed)``: the deed is done once, when the next call of ``place.name`` has been answered.

    ``before=True``: just before that call is made.
    """

    def arrange(place: Any, name: str, deed: Callable[[], object], *, before: bool = False) -> None:
        call = getattr(place, name)

        def called(*args: Any, **kwargs: Any) -> Any:
            monkeypatch.setattr(place, name, call)
            if before:
                deed()
            answer = call(*args, **kwargs)
            answer = list(answer) if isinstance(answer, GeneratorType) else answer
            if not before:
                deed()
            return answer

        monkeypatch.setattr(place, name, called)

    return arrange
