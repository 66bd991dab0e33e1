"""The local Salesforce org as tests see it: a server of its own process, spoken to over HTTP."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

ROOT = Path(__file__).resolve().parent.parent
API = "/services/data/v61.0"  # not that of Tandem: faults tell the two apart by their paths


class Gone(AssertionError):
    """What somebody in the org is told of a record that was deleted a moment before."""


GONE = ("ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY", "UNDELETE_FAILED")


def checked(answer: requests.Response) -> requests.Response:
    """The answer, if it is a good one."""
    if not answer.ok:
        kind = Gone if any(code in answer.text for code in GONE) else AssertionError
        raise kind(f"{answer.status_code} {answer.text}")
    return answer


class RunningOrg:
    """A local org that runs, known by its folder. The calls made here are those of a Salesforce admin."""

    def __init__(self, folder: Path) -> None:
        facts = json.loads((folder / "org.json").read_text())
        self.url = facts["url"]
        self.client_id, self.client_secret, self.users = facts["client_id"], facts["client_secret"], facts["users"]
        self.http = requests.Session()

    def reset(self) -> None:
        """Back to the seed and the right time, without faults, with a fresh sign-in."""
        self.faults()
        self.control("clock", ahead=0)
        requests.post(f"{self.url}/localorg/reset", timeout=30).raise_for_status()
        self.sign_in()

    def sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        answer = requests.post(f"{self.url}/services/oauth2/token", data=form, timeout=30)
        answer.raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def faults(self, *rules: dict[str, Any]) -> None:
        requests.post(f"{self.url}/localorg/faults", json=list(rules), timeout=30).raise_for_status()

    def forget_calls(self) -> None:
        requests.delete(f"{self.url}/localorg/calls", timeout=30).raise_for_status()

    def calls(self) -> dict[str, int]:
        """API calls by resource since they were last forgotten."""
        return requests.get(f"{self.url}/localorg/calls", timeout=30).json()["by_resource"]

    def wait_for_fault(self, name: str, seconds: float = 10) -> None:
        """Until a request on which this fault acted is through: its caller may have given up long before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            log = requests.get(f"{self.url}/localorg/calls/log", timeout=30).json()["calls"]
            if any(name in entry["faults"] for entry in log):
                return
            time.sleep(0.05)
        raise TimeoutError(f"No request met the fault {name}.")

    def wait_for_the_dead(self, seconds: float = 60) -> None:
        """Until what was asked for by processes that were killed since is carried out.

        The last of it may not have been read from its connection yet when it is looked for the first time.
        """
        deadline, is_quiet = time.monotonic() + seconds, 0
        while is_quiet < 2:
            if time.monotonic() > deadline:
                raise TimeoutError("The org has not come to rest.")
            log = requests.get(f"{self.url}/localorg/calls/log?since={2**60}", timeout=30).json()
            is_quiet = 0 if log["under_way"] else is_quiet + 1
            time.sleep(0.02)

    def query(self, soql: str, *, with_deleted: bool = False) -> list[dict[str, Any]]:
        resource = "queryAll" if with_deleted else "query"
        answer = self._ask("GET", f"{resource}?q={quote(soql)}")
        rows = answer["records"]
        while not answer["done"]:
            answer = self._ask("GET", answer["nextRecordsUrl"].removeprefix(f"{API}/"))
            rows += answer["records"]
        return rows

    def get(self, name: str, id_: str) -> dict[str, Any]:
        return self._ask("GET", f"sobjects/{name}/{id_}")

    def create(self, name: str, **fields: Any) -> str:
        return self._ask("POST", f"sobjects/{name}", fields)["id"]

    def create_many(self, name: str, records: list[dict[str, Any]]) -> None:
        for start in range(0, len(records), 200):
            rows = [{"attributes": {"type": name}, **record} for record in records[start : start + 200]]
            answers = self._ask("POST", "composite/sobjects", {"allOrNone": False, "records": rows})
            assert all(answer["success"] for answer in answers), answers

    def update(self, name: str, id_: str, **fields: Any) -> None:
        self._ask("PATCH", f"sobjects/{name}/{id_}", fields)

    def delete(self, name: str, id_: str) -> None:
        self._ask("DELETE", f"sobjects/{name}/{id_}")

    def control(self, action: str, **body: Any) -> None:
        """A control endpoint: merge, convert, undelete."""
        checked(requests.post(f"{self.url}/localorg/{action}", json=body, timeout=30))

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self.http.request(method, f"{self.url}{API}/{path}", json=body, timeout=30)
        for _ in range(5):  # faults make every token expire, also the one just given
            if answer.status_code != 401:
                break
            self.sign_in()
            answer = self.http.request(method, f"{self.url}{API}/{path}", json=body, timeout=30)
        return answer.json() if checked(answer).content else None


class Org(RunningOrg):
    """A local org of the tests' own."""

    def __init__(
        self, folder: Path, *, seed: str, redirect_uri: str = "http://localhost/callback/", setup: str = "plain"
    ) -> None:
        arguments = ["--port", "0", "--data", str(folder), "--seed", seed, "--redirect-uri", redirect_uri]
        arguments += ["--org", setup]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "localorg", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Local org is ready: "), line
        super().__init__(folder)
        self.url = line.split()[-1]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
