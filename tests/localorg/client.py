"""A running local org and ways to speak to it; shares no line with Django."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests
from simple_salesforce import Salesforce

ROOT = Path(__file__).resolve().parent.parent.parent
VERSION = "62.0"
REDIRECT = "http://localhost:9999/callback"

Json = dict[str, Any]


class LoopbackSession(requests.Session):
    """simple-salesforce builds https URLs; here they mean http on this machine."""

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(method, str(url).replace("https://127.", "http://127.", 1), *args, **kwargs)


class LoginSession(LoopbackSession):
    """Sends what is meant for any host of Salesforce's to the local org at ``url``."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.own = url

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        here = re.sub(r"^https://[\w.-]+\.salesforce\.com", self.own, str(url))
        return super().request(method, here, *args, **kwargs)


class Server:
    """The org in a process of its own."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "localorg", "--port", "0", "--data", str(folder), *more]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self.process.stdout is not None
        self.ready_line = self.process.stdout.readline().rstrip("\n")
        self.url = self.ready_line.removeprefix("Local org is ready: ")
        self.facts: Json = json.loads((folder / "org.json").read_text())

    def stop(self) -> int:
        """Ask it to end; the exit code."""
        self.process.terminate()
        return self.process.wait(10)


class Caller:
    """A user with a token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: Any = None, **kwargs: Any) -> requests.Response:
        """``path``: below /services/data/v62.0/, already encoded."""
        if body is not None:
            kwargs["json"] = body
        return self.http.request(method, f"{self.url}/services/data/v{VERSION}/{path}", timeout=30, **kwargs)

    def query(self, soql: str, resource: str = "query", **headers: str) -> Json:
        answer = self.ask("GET", resource, params={"q": soql}, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, soql: str, resource: str = "query") -> list[Json]:
        return self.query(soql, resource)["records"]

    def refusal(self, soql: str) -> Json:
        """The one error that a query is refused with."""
        answer = self.ask("GET", "query", params={"q": soql})
        assert answer.status_code == 400, answer.text
        (error,) = answer.json()
        return error

    def create(self, name: str, **fields: Any) -> str:
        answer = self.ask("POST", f"sobjects/{name}", fields)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def update(self, name: str, record_id: str, **fields: Any) -> None:
        answer = self.ask("PATCH", f"sobjects/{name}/{record_id}", fields)
        assert answer.status_code == 204, answer.text

    def delete(self, name: str, record_id: str) -> None:
        assert self.ask("DELETE", f"sobjects/{name}/{record_id}").status_code == 204

    def get(self, name: str, record_id: str) -> Json:
        answer = self.ask("GET", f"sobjects/{name}/{record_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, name: str, **fields: Any) -> list[Json]:
        """The errors that a create is refused with."""
        answer = self.ask("POST", f"sobjects/{name}", fields)
        assert answer.status_code == 400, answer.text
        return answer.json()

    def control(self, action: str, body: Any = None) -> requests.Response:
        return requests.post(f"{self.url}/localorg/{action}", json=body, timeout=30)

    def faults(self, *rules: Json) -> None:
        self.control("faults", list(rules)).raise_for_status()

    def simple_salesforce(self) -> Salesforce:
        return Salesforce(instance_url=self.url, session_id=self.token, version=VERSION, session=LoopbackSession())


def without_attributes(record: Json) -> Json:
    return {name: value for name, value in record.items() if name != "attributes"}
