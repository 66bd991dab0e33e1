"""docs/deploying.md, followed literally in an empty folder."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from cryptography.fernet import Fernet

from tests.deploying.installation import Installation, commands, until
from tests.programs import free_port

pytestmark = pytest.mark.long
SOURCED = "set -a; . /etc/tandem.env; set +a"
PROXIED = {"Host": "crm.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
PASSWORD = "a-good-long-passphrase"


@pytest.fixture
def database() -> Iterator[str]:
    """The address of an empty database."""
    name = f"deployed_{os.getpid()}"
    address = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield address._replace(path=f"/{name}").geturl()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_systemd_path_works_from_nothing(tmp_path: Path, database: str) -> None:
    there = Installation(tmp_path / "tandem")
    there.copy_code()
    steps = commands("With systemd")
    filled_in = steps.index(SOURCED)

    there.run(steps[:filled_in])
    there.fill_in(
        SECRET_KEY=secrets.token_urlsafe(50),
        TOKEN_KEYS=Fernet.generate_key().decode(),
        DATABASE_URL=f'"{database}"',
        METRICS_TOKEN=PASSWORD,
    )
    there.run(
        [line.replace("createsuperuser", "createsuperuser --noinput") for line in steps[filled_in:]],
        DJANGO_SUPERUSER_EMAIL="first@example.com",
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
    )

    port = free_port()
    running = {unit: there.start(unit, port) for unit in ("tandem-web", "tandem-worker", "tandem-people")}
    try:
        web = f"http://127.0.0.1:{port}"
        until(lambda: _status(f"{web}/healthz") == 200)
        assert _signs_in(web)
        told = requests.get(
            f"{web}/metrics", headers=PROXIED | {"Authorization": f"Bearer {PASSWORD}"}, timeout=60
        ).text
        assert 'tandem_request_duration_seconds_count{method="POST"' in told
        assert "tandem_queue_records" in told
        running["tandem-web"].reload()
        assert {_status(f"{web}/healthz") for _ in range(50)} == {200}  # nobody is turned away meanwhile
        for cluster in ("background", "people"):
            there.run([SOURCED, f".venv/bin/python manage.py shell -c '{_job(cluster)}'"])
        assert [one.stop() for one in running.values()] == [0, 0, 0]
    finally:
        for one in running.values():
            one.kill()

    there.run([line for line in commands("Upgrading") if "pip install" not in line and "npm ci" not in line])


def _status(url: str) -> int:
    try:
        return requests.get(url, headers=PROXIED, timeout=60).status_code
    except requests.RequestException:
        return 0


def _job(cluster: str) -> str:
    """Something that the workers of a cluster are asked to do, and are waited for."""
    return (
        "from django_q.tasks import async_task, result;"
        f'key = async_task("math.copysign", 2, -1, cluster="{cluster}");'
        "assert result(key, wait=30_000) == -2"
    )


def _signs_in(web: str) -> bool:
    """Sign in as a browser behind the proxy does; the page's own stylesheet is there as well."""
    session = requests.Session()
    session.headers.update(PROXIED | {"Referer": "https://crm.example.com/"})
    page = session.get(f"{web}/auth/login/", timeout=60)
    stylesheet = page.text.split('rel="stylesheet" href="', 1)[1].split('"', 1)[0]
    assert session.get(web + stylesheet, timeout=60).headers["Cache-Control"].endswith("immutable")
    cookies = dict(page.cookies.items())
    token = page.text.split('name="csrfmiddlewaretoken" value="', 1)[1].split('"', 1)[0]
    form = {"login": "first@example.com", "password": PASSWORD, "csrfmiddlewaretoken": token}
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    answer = session.post(f"{web}/auth/login/", form, headers=headers, allow_redirects=False, timeout=60)
    return answer.status_code == 302 and "sessionid" in " ".join(answer.cookies.get_dict())
