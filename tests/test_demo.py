"""What the demo refuses to start with, and how it says so. That it runs is shown by the browser tests."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import clean_environment
from tests.salesforce_org import ROOT


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.demo"],
        cwd=ROOT,
        env={**clean_environment(), "PORT": "65012", "ORG_PORT": "65013", **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("given", ["abc", "0", "65536", "-1", "8000.5"])
def test_what_is_no_port_is_named(given: str) -> None:
    answer = start(ORG_PORT=given)

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"ORG_PORT={given} is no port.")


def test_a_folder_that_the_server_cannot_use_is_refused(tmp_path: Path) -> None:
    answer = start(DATA_DIR=str(tmp_path / "with a space"))

    assert answer.returncode == 1
    assert "Choose a folder without spaces" in answer.stderr


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    answer = start(DATA_DIR=str(tmp_path / "file" / "folder"))

    assert answer.returncode == 1
    assert "can't be made" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_second_demo_in_the_same_folder_leaves_the_first_alone(tmp_path: Path) -> None:
    with (tmp_path / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = start(DATA_DIR=str(tmp_path))

    assert answer.returncode == 1
    assert "A demo runs in" in answer.stderr
