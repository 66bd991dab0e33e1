"""jsforce, by its own test files: each is run by Node's test runner against a fresh org."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.localorg.client import REDIRECT, Server
from tests.localorg.conformance.installs import CLIENTS, PATH, node_client

pytestmark = pytest.mark.long

SUITES = sorted((CLIENTS / "jsforce").glob("*.test.mjs"))


@pytest.fixture(scope="module")
def jsforce_home() -> Path:
    return node_client("jsforce")


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name.removesuffix(".test.mjs"))
def test_jsforce_finds_the_org_as_documented(fresh: Server, jsforce_home: Path, suite: Path) -> None:
    without_proxies = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment = without_proxies | {
        "PATH": PATH,
        "JSFORCE_HOME": str(jsforce_home),
        "LOCAL_ORG": json.dumps(fresh.facts | {"url": fresh.url, "redirect_uri": REDIRECT}),
        "NODE_NO_WARNINGS": "1",
    }
    command = ["node", "--test", "--test-reporter=spec", "--test-concurrency=1", str(suite)]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-3_000:]
