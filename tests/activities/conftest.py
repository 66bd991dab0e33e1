"""Fixtures of sequences."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.activities.sequencing import Server
from tests.factories import UserFactory
from users.models import User


@pytest.fixture
def server(settings: Any) -> Iterator[type[Server]]:
    settings.EMAIL_BACKEND = f"{Server.__module__}.Server"
    yield Server
    Server.before = Server.after = Server.closed = None
    Server.refuses = ""


@pytest.fixture
def kim() -> User:
    return UserFactory(name="Kim Demo", email="kim@example.com")
