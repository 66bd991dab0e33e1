"""Jobs in a Redis that is away."""

import logging
from typing import Any

import pytest

from common.wakeups import WakeUps
from tests.programs import free_port


def test_a_redis_that_is_away_spoils_nothing_and_is_told(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"

    with caplog.at_level(logging.WARNING):
        assert WakeUps("people").enqueue("a job") is None

    assert "Redis does not take a job" in caplog.text
