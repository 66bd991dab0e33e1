"""Programs that tests need besides Python's packages."""

import os
import shutil

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
