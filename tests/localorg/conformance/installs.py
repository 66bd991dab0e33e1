"""Clients that can't live in the project's own environment, installed from their locks when a test first needs one.

Each installation is made once for a lock and kept under the git-ignored ``.cache/``. A failure to install is a failure
of the tests: a suite that skipped itself would prove nothing.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from tests.localorg.client import ROOT

CLIENTS = Path(__file__).parent / "clients"
CACHE = ROOT / ".cache" / "conformance"

# Where the machine has no Node of its own, the project's setup puts one beside Python.
PATH = os.pathsep.join([os.environ["PATH"], str(Path(sys.executable).parent)])


def python_client(name: str) -> Path:
    """The folder of the programs that ``clients/NAME/requirements.lock`` installs."""
    lock = CLIENTS / name / "requirements.lock"

    def install(home: Path) -> None:
        venv.create(home, with_pip=True)
        python = str(home / "bin" / "python")
        _run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)])

    return _once(name, lock, sys.version, install) / "bin"


def node_client(name: str) -> Path:
    """The folder with the ``node_modules`` that ``clients/NAME/package-lock.json`` installs."""
    source = CLIENTS / name
    lock = source / "package-lock.json"

    def install(home: Path) -> None:
        home.mkdir(parents=True)
        for file in (source / "package.json", lock):
            shutil.copy(file, home)
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=home)

    return _once(name, lock, "", install)


def _once(name: str, lock: Path, runtime: str, install: Callable[[Path], None]) -> Path:
    """The folder where ``lock`` is installed; one that was left half-made is made again."""
    key = hashlib.sha256(lock.read_bytes() + runtime.encode()).hexdigest()[:12]
    home = CACHE / f"{name}-{key}"
    done = home / ".installed"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as held:  # several test processes may want it at once
        fcntl.flock(held, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)
            install(home)
            done.touch()
    return home


def _run(command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | {"PATH": PATH}, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
