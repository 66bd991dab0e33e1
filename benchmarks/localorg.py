"""How fast the local org is, as simple-salesforce and plain HTTP see it.

``python -m benchmarks.localorg`` takes 50,000 contacts; ``… 1000000`` a million. ``--against FOLDER`` measures the
local org of another checkout as well, taking turns, and tells the ratios: numbers depend on the machine and on what
else it does, ratios hardly.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import requests
from simple_salesforce import Salesforce

from benchmarks import localorg_bulk
from tests.localorg.client import LoopbackSession

ROOT = Path(__file__).resolve().parent.parent
CONTACTS = 50_000
READ = 50_000  # rows
FIELDS = (
    "Id, FirstName, LastName, Name, Email, Phone, MobilePhone, Title, Department, AccountId, OwnerId, LeadSource, "
    "MailingCity, MailingCountry, CreatedDate, SystemModstamp"
)
ROUNDS = 5  # of what takes long
TIMES = 25  # of what is quick
CLIENTS, SECONDS = 8, 5.0
EXACT = 100  # from here on decimals tell nothing

Measured = dict[str, float]


class Org:
    """The local org of a checkout, in a process and a folder of its own."""

    def __init__(self, checkout: Path, contacts: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="localorg-bench-")
        self.first_start = self._start(checkout, contacts)
        self.stop()
        self.later_start = self._start(checkout, contacts)
        facts = json.loads((Path(self._folder.name) / "org.json").read_text())
        self.url = facts["url"]
        self.http = requests.Session()
        token = self._token(facts)
        self.http.headers["Authorization"] = f"Bearer {token}"
        self.api = f"{self.url}/services/data/v62.0"
        session = LoopbackSession()
        self.client = Salesforce(instance_url=self.url, session_id=token, version="62.0", session=session)
        self._made = 0

    def _start(self, checkout: Path, contacts: int) -> float:
        command = [sys.executable, "-m", "localorg", "--port", "0", "--data", self._folder.name]
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [*command, "--seed", str(contacts)], cwd=checkout, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()
        return time.perf_counter() - began

    def _token(self, facts: dict[str, Any]) -> str:
        form = {"grant_type": "client_credentials"} | {name: facts[name] for name in ("client_id", "client_secret")}
        answer = requests.post(f"{facts['url']}/services/oauth2/token", data=form, timeout=60)
        return str(answer.json()["access_token"])

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    @property
    def memory(self) -> float:
        """MB resident."""
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    def query(self, soql: str) -> Any:
        answer = self.http.get(f"{self.api}/query?q={quote(soql)}", timeout=60)
        answer.raise_for_status()
        return answer.json()

    def read(self) -> float:
        """Rows a second through simple-salesforce, page by page."""
        began = time.perf_counter()
        rows = sum(1 for _ in self.client.query_all_iter(f"SELECT {FIELDS} FROM Contact LIMIT {READ}"))
        return rows / (time.perf_counter() - began)

    def create(self) -> None:
        self.client.restful("sobjects/Contact", method="POST", json={"LastName": "One"})

    def new_contacts(self, count: int) -> list[dict[str, Any]]:
        self._made += count
        numbers = range(self._made - count, self._made)
        kind = {"attributes": {"type": "Contact"}}
        return [{**kind, "LastName": f"New {n}", "Email": f"new.{n}@example.com", "Title": "x"} for n in numbers]

    def write(self, method: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = self.http.request(method, f"{self.api}/composite/sobjects", json={"records": records}, timeout=60)
        results: list[dict[str, Any]] = answer.json()
        assert all(result["success"] for result in results), results[:1]
        return results


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.localorg", description=__doc__)
    parser.add_argument("contacts", type=int, nargs="?", default=CONTACTS)
    parser.add_argument("--against", type=Path, help="another checkout of this project")
    options = parser.parse_args()
    checkouts = [ROOT, options.against.resolve()] if options.against else [ROOT]
    orgs = [Org(checkout, options.contacts) for checkout in checkouts]
    try:
        for title, unit, measure in MEASURES:
            _print(title, unit, [measure(org) for org in orgs])
    finally:
        for org in orgs:
            org.stop()
    return 0


def _print(title: str, unit: str, values: list[float]) -> None:
    shown = [f"{value:>12,.{0 if value >= EXACT else 2}f}" for value in values]
    ratio = f"{values[0] / values[1]:>8.2f}×" if len(values) > 1 and values[1] else ""
    print(f"{title:<62}{''.join(shown)} {unit:<8}{ratio}", flush=True)


def _milliseconds(action: Callable[[], Any], times: int = TIMES) -> float:
    """The median of several; the first one warms up."""
    spent = []
    for _ in range(times + 1):
        began = time.perf_counter()
        action()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent[1:]) * 1000


def _reading(org: Org) -> float:
    return statistics.median(org.read() for _ in range(ROUNDS))


def _creating(org: Org) -> float:
    return _milliseconds(lambda: org.write("POST", org.new_contacts(200)))


def _updating(org: Org) -> float:
    ids = [row["Id"] for row in org.query("SELECT Id FROM Contact ORDER BY Id LIMIT 200")["records"]]
    kind = {"attributes": {"type": "Contact"}}
    return _milliseconds(lambda: org.write("PATCH", [{**kind, "id": id_, "Title": "Updated"} for id_ in ids]))


def _soql(soql: str) -> Callable[[Org], float]:
    return lambda org: _milliseconds(lambda: org.query(soql))


def _since(org: Org) -> float:
    """The page that a sync asks for next, from the middle of all records on."""
    stamps = org.query("SELECT MIN(SystemModstamp) low, MAX(SystemModstamp) high FROM Contact")["records"][0]
    middle = f"{stamps['low'][:3]}4-06-01T00:00:00Z"
    order = "ORDER BY SystemModstamp, Id LIMIT 200"
    return _milliseconds(lambda: org.query(f"SELECT {FIELDS} FROM Contact WHERE SystemModstamp > {middle} {order}"))


def _crowd(org: Org) -> tuple[float, float]:
    """Calls a second of eight clients at once, reading and writing, and the longest wait in ms. None may fail."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        work = clients.map(lambda number: _client(org, writes=bool(number % 2)), range(CLIENTS))
        waits = [wait for waits in work for wait in waits]
    return len(waits) / SECONDS, max(waits) * 1000


def _client(org: Org, writes: bool) -> list[float]:
    """The seconds that each call took."""
    http = requests.Session()
    http.headers.update(org.http.headers)
    soql = quote(f"SELECT {FIELDS} FROM Contact LIMIT 200")
    waits = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.perf_counter()
        if writes:
            answer = http.post(f"{org.api}/composite/sobjects", json={"records": org.new_contacts(20)}, timeout=60)
        else:
            answer = http.get(f"{org.api}/query?q={soql}", timeout=60)
        waits.append(time.perf_counter() - began)
        answer.raise_for_status()
    return waits


MEASURES: list[tuple[str, str, Callable[[Org], float]]] = [
    ("first start, seeding", "s", lambda org: org.first_start),
    ("later start", "s", lambda org: org.later_start),
    (f"{READ:,} contacts × 16 fields by REST pages", "rows/s", _reading),
    ("all contacts × 16 fields by a Bulk 2.0 query", "rows/s", lambda org: localorg_bulk.rows_out(org, FIELDS)),
    ("  the memory it takes meanwhile", "MB", lambda org: localorg_bulk.memory_taken(org, FIELDS)),
    ("contacts created by a Bulk 2.0 job", "rows/s", localorg_bulk.rows_in),
    ("200 creates in one call", "ms", _creating),
    ("200 updates in one call", "ms", _updating),
    ("one create", "ms", lambda org: _milliseconds(org.create)),
    ("SELECT COUNT() FROM Contact", "ms", _soql("SELECT COUNT() FROM Contact")),
    ("by e-mail", "ms", _soql("SELECT Id FROM Contact WHERE Email = 'nobody@example.com'")),
    ("by the beginning of a name", "ms", _soql("SELECT Id, Name FROM Contact WHERE LastName LIKE 'Wal%' LIMIT 20")),
    ("WHERE SystemModstamp > … ORDER BY SystemModstamp, Id LIMIT 200", "ms", _since),
    ("newest first, one page", "ms", _soql(f"SELECT {FIELDS} FROM Contact ORDER BY SystemModstamp DESC LIMIT 200")),
    (f"{CLIENTS} clients at once, half of them writing 20 rows a call", "calls/s", lambda org: _crowd(org)[0]),
    ("  the longest wait of any of them", "ms", lambda org: _crowd(org)[1]),
    ("memory of the server in the end", "MB", lambda org: org.memory),
]

if __name__ == "__main__":
    sys.exit(main())
