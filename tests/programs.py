"""Programs that tests need besides Python's packages, and where they listen."""

import os
import random
import shutil
import socket
from contextlib import suppress

import pytest

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"  # servers are there, which a person's own path may leave out


def needs(program: str, package: str, *, path: str | None = PATH) -> str:
    """Where a program is. Without it a test is skipped, and fails where everything is to be there."""
    if found := shutil.which(program, path=path):
        return found
    message = f"{program} is not installed: apt-get install {package}"
    if "CI" in os.environ:
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    """To listen on: below the ports of outgoing connections, of which one might come in between."""
    for port in random.SystemRandom().sample(range(15_000, 30_000), 100):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("A hundred ports were tried, and all are taken.")
