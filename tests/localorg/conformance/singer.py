"""tap-salesforce as its users run it: a program told by files, which writes Singer messages to its standard output."""

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.localorg.client import Json, Server
from tests.localorg.conformance.installs import CLIENTS, python_client
from tests.localorg.consenting import consent, exchange


class Tap:
    """``folder``: where its config, catalog and state lie; ``options``: more of its config, such as ``api_type``."""

    def __init__(self, server: Server, folder: Path, **options: Any) -> None:
        self.program = python_client("tap_salesforce") / "tap-salesforce"
        self.folder = folder
        self.server = server
        self.config = folder / "config.json"
        tokens = exchange(server, consent(server)["code"]).json()
        config = {
            "client_id": server.facts["client_id"],
            "client_secret": server.facts["client_secret"],
            "refresh_token": tokens["refresh_token"],
            "start_date": "2000-01-01T00:00:00Z",
            "select_fields_by_default": True,
        }
        self.config.write_text(json.dumps(config | options))

    def discover(self) -> "Catalog":
        done = self.run("--discover")
        assert done.returncode == 0, done.stderr[-3000:]
        return Catalog(json.loads(done.stdout))

    def sync(self, catalog: "Catalog", state: Json | None = None) -> "Messages":
        """Raises AssertionError with the log's end when the tap fails."""
        done = self.try_to_sync(catalog, state)
        assert done.returncode == 0, done.stderr[-3000:]
        return Messages([json.loads(line) for line in done.stdout.splitlines()])

    def try_to_sync(self, catalog: "Catalog", state: Json | None = None) -> "subprocess.CompletedProcess[str]":
        arguments = ["--properties", self._file("catalog.json", catalog.content)]
        if state is not None:
            arguments += ["--state", self._file("state.json", state)]
        return self.run(*arguments)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"PYTHONPATH": str(CLIENTS / "hook"), "LOCAL_ORG_URL": self.server.url}
        command = [str(self.program), "--config", str(self.config), *arguments]
        return subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )

    def _file(self, name: str, content: Json) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content))
        return str(path)


@dataclass
class Catalog:
    """What a discovery found, and what of it to sync."""

    content: Json

    @property
    def streams(self) -> dict[str, Json]:
        return {stream["tap_stream_id"]: stream for stream in self.content["streams"]}

    def select(self, *names: str) -> "Catalog":
        """Select these streams with all that can be had of them, as a user does by editing the file."""
        for name in names:
            about = self.about(name)
            about["selected"] = True
            if "valid-replication-keys" in about:
                about |= {"replication-method": "INCREMENTAL", "replication-key": about["valid-replication-keys"][0]}
            else:
                about |= {"replication-method": "FULL_TABLE"}
        return self

    def about(self, name: str, *field: str) -> Json:
        """The metadata of a stream or of one field of it."""
        breadcrumb = ["properties", *field] if field else []
        return next(m["metadata"] for m in self.streams[name]["metadata"] if m["breadcrumb"] == breadcrumb)


@dataclass
class Messages:
    """All that one sync wrote, in order."""

    all: list[Json]

    def of_type(self, kind: str) -> list[Json]:
        return [message for message in self.all if message["type"] == kind]

    def records(self, stream: str) -> list[Json]:
        return [message["record"] for message in self.of_type("RECORD") if message["stream"] == stream]

    @property
    def schemas(self) -> dict[str, Json]:
        return {message["stream"]: message["schema"] for message in self.of_type("SCHEMA")}

    @property
    def state(self) -> Json:
        """The last one: what the next run begins with."""
        return self.of_type("STATE")[-1]["value"]


def by_id(records: Iterable[Json]) -> dict[str, Json]:
    return {record["Id"]: record for record in records}
