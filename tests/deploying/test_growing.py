"""Webs and workers on one Debian PostgreSQL, any of them killed at any time: nothing is lost, doubled or stuck."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from cryptography.fernet import Fernet

from tests.browser.conftest import clean_environment
from tests.deploying.fleet import Member, web, worker
from tests.deploying.installation import until
from tests.deploying.servers import database, postgresql, redis_server
from tests.programs import free_port
from tests.salesforce_org import ROOT, Org

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("growing")]
SEED = int(os.environ.get("KILL_SEED", "20261122"))
PROXIED = {"Host": "crm.example.com", "X-Forwarded-Proto": "https"}
ADMIN = "first@example.com"
MADE, ACCOUNTS = 120, 4
KILL_EVERY = (4, 6)  # seconds
KILLS = 14  # each process twice
CALM = 150  # seconds: a minute's tick after the last kill, and another for what it puts off
SLOW = {"match": {"path": "^/services/data/v62"}, "do": "delay", "delay_ms": 150, "times": None}
# Who pushed: each worker signs in to the database under a name of its own.
WHO = "ALTER TABLE integrations_run ADD COLUMN ran_by text DEFAULT current_setting('application_name')"
PUSHED = "SELECT ran_by, sum(created + updated) FROM integrations_run WHERE kind = 'push' GROUP BY ran_by"
LEFT = "SELECT (SELECT count(*) FROM integrations_outbox) + (SELECT count(*) FROM contacts_contact WHERE crm_id = '')"
REFUSED = "SELECT remote_object, code, message FROM integrations_errorentry WHERE closed_at IS NULL"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL with a migrated database and its first admin, to be copied."""
    with postgresql() as server:
        environment = settings(database(server, "migrated"))
        manage(environment, "migrate", "--verbosity", "0")
        manage(environment, "createsuperuser", "--noinput", "--email", ADMIN)
        with psycopg.connect(f"{server}/migrated", autocommit=True) as rows:
            rows.execute(WHO)
        yield server


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    org = Org(tmp_path / "org", seed="20")
    org.sign_in()
    yield org
    org.stop()


@pytest.mark.parametrize("broker", ["orm", "redis"])
def test_what_is_made_and_changed_while_webs_and_workers_die_is_in_the_org_once(
    broker: str, server: str, org: Org, tmp_path: Path
) -> None:
    address = database(server, broker, template="migrated")
    there = Installation(tmp_path, org, address, has_redis=broker == "redis")
    with there.running(), psycopg.connect(address, autocommit=True) as rows:
        there.connect()
        until(lambda: _one(rows, "SELECT first_pull_finished_at FROM integrations_connection"), 90)
        org.faults(SLOW)
        accounts = [there.make("accounts", name=f"Growing {n}") for n in range(ACCOUNTS)]
        with there.being_killed(random.Random(SEED)):
            people = there.work(accounts)
        until(lambda: not _one(rows, LEFT), CALM)

        assert not rows.execute(REFUSED).fetchall()
        pushed: dict[str, int] = dict(rows.execute(PUSHED).fetchall())
        assert {name for name, count in pushed.items() if count} >= {"people 1", "people 2", "people 3"}, pushed
        made = rows.execute("SELECT last_name, title FROM contacts_contact WHERE last_name LIKE 'Grown %'")
        assert Counter(made.fetchall()) == Counter(people.items())
    rows_there = org.query("SELECT LastName, Title, Account.Name FROM Contact WHERE LastName LIKE 'Grown %'")
    assert Counter((row["LastName"], row["Title"]) for row in rows_there) == Counter(people.items())
    assert {row["Account"]["Name"] for row in rows_there} == {f"Growing {n}" for n in range(ACCOUNTS)}
    assert len(org.query("SELECT Id FROM Account WHERE Name LIKE 'Growing %'")) == ACCOUNTS


def settings(database: str) -> dict[str, str]:
    """Production's."""
    return clean_environment() | {
        "DATABASE_URL": database,
        "SECRET_KEY": "only-for-tests",
        "TOKEN_KEYS": Fernet.generate_key().decode(),
        "SITE_URL": "https://crm.example.com",
        "BEHIND_PROXY": "1",
        "DJANGO_SUPERUSER_PASSWORD": "a-good-long-passphrase",
    }


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Installation:
    """Two webs, three workers for what people do, one for the clock, perhaps a Redis, with production's settings."""

    def __init__(self, folder: Path, org: Org, database: str, *, has_redis: bool) -> None:
        redis_port = free_port()
        self.environment = settings(database) | {
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0" if has_redis else "",
            "DATA_DIR": str(folder / "data"),
            "SALESFORCE_LOCAL_ORG": org.url,
            "SALESFORCE_LOGIN_URL": org.url,
            "SALESFORCE_CLIENT_ID": org.client_id,
            "SALESFORCE_CLIENT_SECRET": org.client_secret,
            "SYNC_TIMEOUT": "3",  # seconds: twice that, and some, is what the dead hold
            "WORKERS": "1",
            "PUSH_WORKERS": "3",
        }
        self.ports = [free_port(), free_port()]
        webs = [web(f"web {port}", port, self._named(f"web {port}"), folder) for port in self.ports]
        names = ["people 1", "people 2", "people 3"]
        workers = [worker(name, self._named(name), folder, cluster="people") for name in names]
        servers = [redis_server(redis_port, folder)] if has_redis else []
        self.members = [*servers, *webs, *workers, worker("clock", self._named("clock"), folder)]
        self.token = ""

    def _named(self, name: str) -> dict[str, str]:
        address = self.environment["DATABASE_URL"]
        return {**self.environment, "DATABASE_URL": f"{address}?application_name={name.replace(' ', '%20')}"}

    def connect(self) -> None:
        login = ["--login-url", self.environment["SALESFORCE_LOGIN_URL"], "--client-credentials"]
        manage(self.environment, "salesforce", "connect", *login, "--push-contacts", "--start")
        self.token = manage(self.environment, "drf_create_token", ADMIN).split()[2]

    @contextmanager
    def running(self) -> Iterator[None]:
        try:
            for member in self.members:
                member.start()
            until(lambda: all(self._is_up(port) for port in self.ports))
            yield
        finally:
            for member in self.members:
                member.kill()

    @contextmanager
    def being_killed(self, chance: random.Random) -> Iterator[None]:
        """One after the other is killed and started again, until enough of it."""
        thread = threading.Thread(target=self._kill, args=(chance,))
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def _kill(self, chance: random.Random) -> None:
        victims: list[Member] = []
        for _ in range(KILLS):
            victims = victims or chance.sample(self.members, len(self.members))
            time.sleep(chance.uniform(*KILL_EVERY))
            victim = victims.pop()
            victim.kill()
            time.sleep(chance.uniform(0, 1))
            victim.start()

    def work(self, accounts: list[int]) -> dict[str, str]:
        """People are made with one web and changed with the other, all the time; answers their last titles by name."""
        pause = KILLS * sum(KILL_EVERY) / 2 / MADE / 2
        titles: dict[str, str] = {}
        ids: list[int] = []
        for number in range(MADE):
            account, email = accounts[number % ACCOUNTS], f"grown{number}@gmail.com"
            ids.append(self.make("contacts", last_name=f"Grown {number}", email=email, account=account, title="New"))
            time.sleep(pause)
            changed = number // 2  # some are in the org by then, some under way
            self._send("patch", f"contacts/{ids[changed]}/", title=f"Changed {number}")
            titles |= {f"Grown {number}": "New", f"Grown {changed}": f"Changed {number}"}
            time.sleep(pause)
        return titles

    def make(self, resource: str, **fields: Any) -> int:
        """Make it, or find it when the answer was lost with its web."""
        while True:
            with suppress(requests.ConnectionError):
                return self._answer("post", f"{resource}/", json=fields)["id"]
            found = self._send("get", f"{resource}/", email=fields["email"])["results"]
            if found:
                return found[0]["id"]

    def _send(self, method: str, path: str, **fields: Any) -> Any:
        """To either web until one answers."""
        values = {"params" if method == "get" else "json": fields}
        while True:
            with suppress(requests.ConnectionError):
                return self._answer(method, path, **values)
            time.sleep(0.1)

    def _answer(self, method: str, path: str, **values: Any) -> Any:
        self.ports.reverse()
        headers = {**PROXIED, "Authorization": f"Token {self.token}"}
        url = f"http://127.0.0.1:{self.ports[0]}/api/v1/{path}"
        answer = requests.request(method, url, headers=headers, timeout=60, **values)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def _is_up(self, port: int) -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{port}/healthz", headers=PROXIED, timeout=60).ok
        return False


def _one(rows: psycopg.Connection[Any], question: str) -> Any:
    row = rows.execute(question).fetchone()
    return row[0] if row else None
