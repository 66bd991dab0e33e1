"""jsforce, by its own test files: each is run by Node's test runner against a fresh org."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localorg.client import REDIRECT, Server
from tests.localorg.conformance.installs import CLIENTS, PATH, node_client

pytestmark = pytest.mark.long

SUITES = sorted((CLIENTS / "jsforce").glob("*.test.mjs"))
STRICT = CLIENTS / "jsforce" / "strict.test.mjs"


@pytest.fixture(scope="module")
def jsforce_home() -> Path:
    return node_client("jsforce")


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "strict", "--org", "strict", "--seed", "200", "--redirect-uri", REDIRECT)
    yield running
    running.stop()


@pytest.mark.parametrize(
    "suite", [suite for suite in SUITES if suite != STRICT], ids=lambda path: path.name.removesuffix(".test.mjs")
)
def test_jsforce_finds_the_org_as_documented(fresh: Server, jsforce_home: Path, suite: Path) -> None:
    run(suite, fresh, jsforce_home)


def test_jsforce_is_told_the_rules_of_a_strict_org(strict: Server, jsforce_home: Path) -> None:
    run(STRICT, strict, jsforce_home)


def run(suite: Path, server: Server, home: Path) -> None:
    without_proxies = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment = without_proxies | {
        "PATH": PATH,
        "JSFORCE_HOME": str(home),
        "LOCAL_ORG": json.dumps(server.facts | {"url": server.url, "redirect_uri": REDIRECT}),
        "NODE_NO_WARNINGS": "1",
    }
    command = ["node", "--test", "--test-reporter=spec", "--test-concurrency=1", str(suite)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-3_000:]
    assert re.search(r"pass [1-9]", done.stdout), "no test ran"
