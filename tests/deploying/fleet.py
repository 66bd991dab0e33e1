"""Processes of one installation, as several hosts run them: each may be killed, and is started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.salesforce_org import ROOT


@dataclass
class Member:
    """A process that leads a group of its own: what it started dies with it, as with its unit or its container."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def web(name: str, port: int, environment: Mapping[str, str], folder: Path, *, workers: int = 1) -> Member:
    options = ["--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", "4", "--no-control-socket"]
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", *options, "--log-level", "warning"]
    return Member(name, command, environment, folder / f"{name}.log")


def worker(name: str, environment: Mapping[str, str], folder: Path, *, cluster: str = "") -> Member:
    own = {"Q_CLUSTER_NAME": cluster} if cluster else {}
    command = ["nice", "-n", "10", sys.executable, "manage.py", "qcluster"]  # as its unit says
    return Member(name, command, {**environment, **own}, folder / f"{name}.log")
