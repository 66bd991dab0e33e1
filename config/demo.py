"""``make demo``: everything in the foreground, in one data folder, ended by Ctrl-C.

PostgreSQL, the local Salesforce org, the web server and the workers run as children; one that dies is started again.
"""

import contextlib
import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

import django
import environ
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.urls import reverse

from config import embedded

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_READY = 120
SECONDS_TO_END = 5
HIGHEST_PORT = 65535
OTHER_FOLDER = "make demo DATA_DIR=$HOME/tandem"
FIRST_PULL_SECONDS = 900
SIGN_INS = ("admin@example.com", "maya@example.com", "tom@example.com")
PASSWORD = "tandem-demo"  # noqa: S105 - a demo on this machine


class Ended(BaseException):  # nobody's `except Exception` may swallow it
    """Somebody asked the demo to end."""


@dataclass
class Service:
    """A child of ours. It leads a process group of its own, so that its children end with it."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own commands
            self.command, cwd=ROOT, env={**os.environ, **self.environment}, start_new_session=True
        )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def end(self, deadline: float) -> None:
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.1, deadline - time.monotonic()))
        self.signal(signal.SIGKILL)  # also whatever the child left behind
        self.process.wait()


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    port, org_port = _port("PORT", 8000), _port("ORG_PORT", 8100)
    _refuse_taken_ports(port, org_port)
    data = _data_folder()
    lock = _lock(data)  # held until this process ends, however it ends
    server = embedded.start(data / "postgres")
    services: list[Service] = []
    try:
        _prepare(data, embedded.database_url(server, "tandem"), port, org_port)
        services += _services(data, port, org_port)
        _run(services, data, port, org_port)
    except Ended:
        print("\nEnding.", flush=True)  # noqa: T201
    finally:
        _stop(services)
        server.stop()
        lock.close()
    return 0


def _end(number: int, frame: FrameType | None) -> NoReturn:
    for both in (signal.SIGINT, signal.SIGTERM):
        signal.signal(both, signal.SIG_IGN)  # once is enough
    raise Ended


def _port(name: str, usual: int) -> int:
    given = os.environ.get(name) or str(usual)
    if not given.isdecimal() or not 0 < int(given) <= HIGHEST_PORT:
        sys.exit(
            f"{name}={given} is no port. Give a number from 1 to {HIGHEST_PORT}: make demo PORT=8010 ORG_PORT=8110"
        )
    return int(given)


def _data_folder() -> Path:
    data = Path(os.environ.get("DATA_DIR") or ROOT / ".data").resolve()
    if " " in str(data):  # the server's start takes its socket's folder as one word
        sys.exit(
            f"PostgreSQL can't be started in “{data}”. Choose a folder without spaces: make demo DATA_DIR=$HOME/tandem"
        )
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(
            f"The folder “{data}” can't be made ({error.strerror}). Choose another: make demo DATA_DIR=$HOME/tandem"
        )
    return data


def _lock(data: Path) -> IO[str]:
    """Two demos in one folder would share a database, and end it for each other."""
    lock = (data / "demo.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"A demo runs in “{data}” already. End it, or choose another folder: {OTHER_FOLDER}")
    return lock


def _refuse_taken_ports(*ports: int) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                sys.exit(f"Port {port} is taken. Choose others: make demo PORT=8010 ORG_PORT=8110")


def _prepare(data: Path, database_url: str, port: int, org_port: int) -> None:
    """Write the demo's settings where ``manage.py`` finds them, migrate and load the demo's records."""
    env_file = data / "demo.env"
    if env_file.exists():
        environ.Env.read_env(env_file)  # the keys of the first start: what they encrypted must stay readable
    site = f"http://localhost:{port}"
    values = {
        "DEMO": "1",
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.token_urlsafe(50),
        "TOKEN_KEYS": os.environ.get("TOKEN_KEYS") or Fernet.generate_key().decode(),
        "DATABASE_URL": database_url,
        "SITE_URL": site,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "CSRF_TRUSTED_ORIGINS": site,
        "SALESFORCE_LOCAL_ORG": f"http://127.0.0.1:{org_port}",
        "SALESFORCE_LOGIN_URL": f"http://127.0.0.1:{org_port}",
        "SALESFORCE_FRAME_HOSTS": f"http://127.0.0.1:{org_port},http://localorg--c.vf.localhost:{org_port}",
        "SYNC_TIMEOUT": "30",
        "STATIC_ROOT": str(data / "static"),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL") or "WARNING",
    }
    (data / "static").mkdir(exist_ok=True)
    env_file.touch(mode=0o600)
    env_file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    os.environ |= {**values, "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "config.settings"}
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("demo_data", password=PASSWORD)
    call_command("demo_directory")

    from integrations.sync.outbox import forget_claims  # noqa: PLC0415 - Django must be set up

    forget_claims()


def _services(data: Path, port: int, org_port: int) -> list[Service]:
    manage = (sys.executable, "manage.py")
    callback = f"http://localhost:{port}{reverse('salesforce:callback')}"
    org = ("-m", "localorg", "--port", str(org_port), "--data", str(data / "localorg"), "--fresh")
    web = ("-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4")
    return [
        Service("Salesforce org", (sys.executable, *org, "--redirect-uri", callback)),
        Service("web", (sys.executable, *web, "--log-level", "warning")),
        Service("background worker", (*manage, "qcluster")),
        Service("people's worker", (*manage, "qcluster"), {"Q_CLUSTER_NAME": "people"}),
    ]


def _run(services: list[Service], data: Path, port: int, org_port: int) -> None:
    for service in services:
        service.start()
    _wait("the web server", lambda: _answers(f"http://127.0.0.1:{port}/healthz"))
    _wait("the local org", lambda: _answers(f"http://127.0.0.1:{org_port}/services/data/"))
    if os.environ.get("CONNECTED") == "1":
        _connect(org_port)
    _say_ready(port, org_port)
    while True:
        time.sleep(1)
        for service in services:
            if not service.is_running():
                print(f"The {service.name} ended; starting it again.", flush=True)  # noqa: T201
                service.signal(signal.SIGKILL)  # its own children, if it was killed over their heads
                service.start()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return answer.status == HTTPStatus.OK
    except (urllib.error.URLError, OSError):
        return False


def _wait(what: str, is_so: Callable[[], bool], seconds: float = SECONDS_TO_READY) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit(f"Waited {seconds:.0f} seconds for {what} in vain; see the lines above.")
        time.sleep(0.2)


def _connect(org_port: int) -> None:
    """Connect the demo's admin to the local org and pull everything, unless that was done at an earlier start."""
    from integrations.models import Connection  # noqa: PLC0415 - Django must be set up
    from integrations.salesforce.demo import local_org  # noqa: PLC0415

    org = local_org()
    if not Connection.objects.exclude(org_id="").exists():
        if org is None:
            sys.exit("The local org left no sign-ins.")
        arguments = ["--client-credentials", "--client-id", org.client_id, "--client-secret", org.client_secret]
        connect = ("manage.py", "salesforce", "connect", "--login-url", org.url, *arguments)
        settings = ("--push-contacts", "--pull-deals", "--start")
        subprocess.run((sys.executable, *connect, *settings), cwd=ROOT, check=True)  # noqa: S603 - our own command
    _wait(
        "the first pull",
        lambda: Connection.objects.get().first_pull_finished_at is not None,
        FIRST_PULL_SECONDS,
    )


def _say_ready(port: int, org_port: int) -> None:
    lines = [
        "",
        f"Tandem is ready: http://localhost:{port}",
        *(f"  sign in as {email} with the password {PASSWORD}" for email in SIGN_INS),
        f"The local Salesforce org: http://127.0.0.1:{org_port}",
        "Ctrl-C ends everything; the data stay.",
    ]
    print("\n".join(lines), flush=True)  # noqa: T201


def _stop(services: list[Service]) -> None:
    for service in services:
        service.signal(signal.SIGTERM)
    deadline = time.monotonic() + SECONDS_TO_END
    for service in services:
        service.end(deadline)


if __name__ == "__main__":
    sys.exit(main())
