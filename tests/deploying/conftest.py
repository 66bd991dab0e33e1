"""What the tests of an installation need beside Python."""

import os
import shutil

import pytest


def needs(program: str, package: str, *, path: str | None = None) -> str:
    """Where a program is. Without it a test is skipped, and fails where everything is to be there."""
    if found := shutil.which(program, path=path):
        return found
    message = f"{program} is not installed: apt-get install {package}"
    if "CI" in os.environ:
        pytest.fail(message)
    pytest.skip(message)
