"""Other programs that read or write an org, installed by name into environments of their own."""

import base64
import hashlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from benchmarks.tables import Result
from benchmarks.world import CALLBACK, FIELDS, World
from tests.localorg.client import ROOT
from tests.localorg.conformance.installs import PATH, node_client, python_client

HERE = Path(__file__).parent
LONG_AGO = "2000-01-01T00:00:00Z"
Change = tuple[str, str]  # a contact's id there and its new title


class Peers:
    """They read all contacts and print them to nowhere; they write titles."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.folder = world.folder / "peers"
        self.folder.mkdir(exist_ok=True)
        self.login = {
            "client_id": world.org.client_id,
            "client_secret": world.org.client_secret,
            "refresh_token": _refresh_token(world),
            "start_date": LONG_AGO,
        }

    def tap_rest(self) -> Result:
        return self._tap("REST")

    def tap_bulk(self) -> Result:
        return self._tap("BULK")

    def _tap(self, api: str) -> Result:
        tap = python_client("tap_salesforce") / "tap-salesforce"
        quota = {"quota_percent_total": 100, "quota_percent_per_run": 100}
        config = self._file("tap.json", {**self.login, **quota, "api_type": api, "select_fields_by_default": True})
        catalog = self.folder / "catalog.json"
        if not catalog.exists():
            self._read("", [tap, "--config", config, "--discover"], output=catalog)
            streams = json.loads(catalog.read_text())["streams"]
            self._file("catalog.json", {"streams": [_selected(one) for one in streams if one["stream"] == "Contact"]})
        return self._read(f"tap-salesforce, {api}", [tap, "--config", config, "--properties", catalog])

    def airbyte(self) -> Result:
        source = python_client("airbyte") / "source-salesforce"
        config = self._file("airbyte.json", self.login)
        stream = {"name": "Contact", "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
        wanted = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
        catalog = self._file("airbyte-catalog.json", {"streams": [wanted]})
        return self._read("airbyte-source-salesforce", [source, "read", "--config", config, "--catalog", catalog])

    def jsforce(self, changes: Sequence[Change]) -> Result:
        home = node_client("jsforce")
        return self._write("jsforce, collections", ["node", HERE / "collections.mjs"], changes, JSFORCE_HOME=str(home))

    def one_by_one(self, changes: Sequence[Change]) -> Result:
        return self._write(
            "simple-salesforce, one by one", [sys.executable, "-m", "benchmarks.peers.one_by_one"], changes
        )

    def _read(self, label: str, command: Sequence[str | Path], *, output: Path = Path(os.devnull)) -> Result:
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        environment = {
            **os.environ,
            "PEER_FIELDS": ",".join(("Id", "SystemModstamp", *FIELDS)),
            "PEER_ORG": self.world.org.url,
            "PEER_REPORT": str(report),
            "PYTHONPATH": str(HERE / "hook"),
        }
        with output.open("w") as file:
            done = subprocess.run(
                command, cwd=self.folder, env=environment, stdout=file, stderr=subprocess.PIPE, text=True, check=False
            )
        if done.returncode:
            return Result(label, note=f"failed: {done.stderr.strip().splitlines()[-1][:60]}")
        return Result(label, self.world.contacts, **json.loads(report.read_text()))

    def _write(self, label: str, command: Sequence[str | Path], changes: Sequence[Change], **given: str) -> Result:
        without_proxies = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        token = self.world.org.http.headers["Authorization"].split()[1]
        environment = {**without_proxies, **given, "PATH": PATH, "ORG": self.world.org.url, "TOKEN": str(token)}
        rows = json.dumps([{"Id": id_, "Title": title} for id_, title in changes])
        done = subprocess.run(
            command, cwd=ROOT, env=environment, input=rows, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return Result(label, len(changes), **json.loads(done.stdout))

    def _file(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(content))
        return path


def _selected(stream: dict[str, Any]) -> dict[str, Any]:
    of_stream = next(one for one in stream["metadata"] if not one["breadcrumb"])
    of_stream["metadata"] |= {"selected": True, "replication-key": "SystemModstamp"}
    return stream


def _refresh_token(world: World) -> str:
    """What a person gets who signs in and allows access: these clients know no other way."""
    org, browser, verifier = world.org, requests.Session(), secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": org.client_id,
        "redirect_uri": CALLBACK,
        "scope": "api refresh_token",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = browser.get(f"{org.url}/services/oauth2/authorize", params=asked, timeout=30)
    person = {name: org.users[0][name] for name in ("username", "password")}
    page = browser.post(page.url, data=person, timeout=30)
    answer = browser.post(page.url, data={"decision": "allow"}, allow_redirects=False, timeout=30)
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0],
        "code_verifier": verifier,
        "redirect_uri": CALLBACK,
        "client_id": org.client_id,
        "client_secret": org.client_secret,
    }
    tokens = requests.post(f"{org.url}/services/oauth2/token", data=form, timeout=30)
    return str(tokens.json()["refresh_token"])
