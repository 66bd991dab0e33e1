"""airbyte's Salesforce source as its platform runs it: a program told by files, which writes messages to its output."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.localorg.client import Json, Server
from tests.localorg.conformance.installs import CLIENTS, python_client
from tests.localorg.consenting import consent, exchange


class Source:
    """``folder``: where its config, catalog and state lie; ``options``: more of its config."""

    def __init__(self, server: Server, folder: Path, **options: Any) -> None:
        self.program = python_client("airbyte") / "source-salesforce"
        self.folder = folder
        self.url = server.url
        config = {
            "client_id": server.facts["client_id"],
            "client_secret": server.facts["client_secret"],
            "refresh_token": exchange(server, consent(server)["code"]).json()["refresh_token"],
            "start_date": "2015-01-01T00:00:00Z",
            "stream_slice_step": "P2000D",
        }
        self._file("config.json", config | options)

    def check(self) -> Json:
        """Whether the config will do: ``status`` and, if not, ``message``."""
        messages = self._messages("check")
        errors = [m["trace"]["error"]["message"] for m in messages if m["type"] == "TRACE"]
        told = [m["connectionStatus"] for m in messages if m["type"] == "CONNECTION_STATUS"]
        return dict(told[0]) if told else {"status": "FAILED", "message": "; ".join(errors)}

    def discover(self) -> dict[str, Json]:
        """Streams by their names."""
        (told,) = (m["catalog"] for m in self._messages("discover") if m["type"] == "CATALOG")
        return {stream["name"]: stream for stream in told["streams"]}

    def read(self, *streams: Json, mode: str = "incremental", state: list[Json] | None = None) -> "Read":
        """Sync streams of the catalog. Raises AssertionError when the source fails."""
        configured = [{"stream": s, "sync_mode": mode, "destination_sync_mode": "append"} for s in streams]
        self._file("catalog.json", {"streams": configured})
        arguments = ["--catalog", str(self.folder / "catalog.json")]
        if state is not None:
            arguments += ["--state", self._file("state.json", state)]
        return Read(self._messages("read", *arguments))

    def _messages(self, command: str, *arguments: str) -> list[Json]:
        environment = os.environ | {"PYTHONPATH": str(CLIENTS / "hook"), "LOCAL_ORG_URL": self.url}
        line = [str(self.program), command, "--config", str(self.folder / "config.json"), *arguments]
        done = subprocess.run(
            line, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0 or command == "check", done.stdout[-3000:] + done.stderr[-3000:]
        return [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]

    def _file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content))
        return str(path)


class Read:
    """What one sync wrote."""

    def __init__(self, messages: list[Json]) -> None:
        self.messages = messages

    def records(self, stream: str) -> list[Json]:
        records = (m["record"] for m in self.messages if m["type"] == "RECORD")
        return [record["data"] for record in records if record["stream"] == stream]

    @property
    def state(self) -> list[Json]:
        """The last state of each stream: what the next run begins with."""
        states = {
            m["state"]["stream"]["stream_descriptor"]["name"]: m["state"]
            for m in self.messages
            if m["type"] == "STATE" and m["state"]["type"] == "STREAM"
        }
        return list(states.values())
