"""An installation made by the commands of docs/deploying.md, and run as systemd would run its units."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.salesforce_org import ROOT

DOCS = ROOT / "docs" / "deploying.md"
# The commands that are for root of a machine of one's own: users, services, where the code comes from.
OF_THE_MACHINE = ("apt-get", "useradd", "runuser -u postgres", "git ", "systemctl", "cp deploy/systemd", "cd ")


def commands(heading: str) -> list[str]:
    """The commands below a heading, one a line."""
    section = DOCS.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip() for line in re.findall(r"^    (.+)$", section, re.M)]
    return [line for line in lines if line.split()[0] not in {"crm.example.com", "encode", "reverse_proxy", "}"}]


class Installation:
    """``folder`` stands for /opt/tandem, ``settings`` for /etc/tandem.env."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.settings = folder, folder.parent / "tandem.env"

    def copy_code(self) -> None:
        """What a clone has: everything but what was made beside it."""
        made = shutil.ignore_patterns(".*", "node_modules", "__pycache__", "staticfiles")
        shutil.copytree(ROOT, self.folder, ignore=made)

    def run(self, lines: list[str], **environment: str) -> None:
        """Run commands in one shell, as a person would, until one fails."""
        script = "\n".join(["set -e", *(self._here(line) for line in lines if not line.startswith(OF_THE_MACHINE))])
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # npm may come from a wheel
        answer = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env={"PATH": path, "HOME": str(self.folder), **environment},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stdout + answer.stderr

    def fill_in(self, **values: str) -> None:
        lines = [line for line in self.settings.read_text().splitlines() if line.split("=")[0] not in values]
        self.settings.write_text("\n".join([*lines, *(f"{name}={value}" for name, value in values.items()), ""]))

    def start(self, unit: str, port: int = 0) -> "Running":
        """Run a unit's ExecStart with the environment that it would have there."""
        text = self._here((self.folder / "deploy" / "systemd" / f"{unit}.service").read_text())
        facts = dict(re.findall(r"^(\w+)=(.*)$", text, re.M))
        environment = dict(_assignments(self.settings.read_text().splitlines()))
        environment |= dict(_assignments([facts.get("Environment", "")]))
        command = shlex.split(facts["ExecStart"].replace(":8000", f":{port}"))
        process = subprocess.Popen(command, cwd=facts["WorkingDirectory"], env=environment, start_new_session=True)
        return Running(process, float(facts["TimeoutStopSec"]))

    def _here(self, text: str) -> str:
        here = {
            "/opt/tandem": str(self.folder),
            "/etc/tandem.env": str(self.settings),
            "python3.11": getattr(sys, "_base_executable", sys.executable),
            "install -o tandem": "install",
            "runuser -u tandem -- ": "",
        }
        for there, ours in here.items():
            text = text.replace(there, ours)
        return text


class Running:
    def __init__(self, process: subprocess.Popen[bytes], patience: float) -> None:
        self.process, self.patience = process, patience

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        """As ``KillMode=mixed``: the first process is asked to end; answers its exit code."""
        self.process.terminate()
        return self.process.wait(self.patience)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def until(is_so: object, seconds: float = 60) -> None:
    assert callable(is_so)
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.1)


def _assignments(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name, value.strip('"')
