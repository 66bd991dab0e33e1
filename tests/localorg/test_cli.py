"""Starting and stopping."""

import json
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import requests

from tests.localorg.client import ROOT, Server
from tests.localorg.conftest import sign_in


def test_the_ready_line_and_org_json_are_what_scripts_rely_on(tmp_path: Path) -> None:
    server = Server(tmp_path / "org", "--seed", "20")
    try:
        assert re.fullmatch(r"Local org is ready: http://127\.0\.0\.1:\d+", server.ready_line)
        assert server.facts["url"] == server.url
        assert {"client_id", "client_secret", "users"} <= server.facts.keys()
        assert {"username", "password", "profile", "name", "email"} <= server.facts["users"][0].keys()
        assert server.facts["users"][0]["username"] == "admin@localorg.example"
    finally:
        server.stop()


def test_it_ends_at_once_even_while_a_request_waits(tmp_path: Path) -> None:
    server = Server(tmp_path, "--seed", "20")
    requests.post(f"{server.url}/localorg/faults", json=[{"do": "delay", "delay_ms": 30_000}], timeout=30)
    with pytest.raises(requests.Timeout):
        requests.get(f"{server.url}/services/data/", timeout=0.2)

    started = time.monotonic()
    server.stop()

    assert time.monotonic() - started < 3


def test_a_second_start_keeps_records_secrets_and_tokens(tmp_path: Path) -> None:
    first = Server(tmp_path, "--seed", "20")
    admin = sign_in(first, "System Administrator")
    record_id = admin.create("Contact", LastName="Kept")
    first.stop()

    second = Server(tmp_path, "--seed", "medium")
    admin.url = second.url
    try:
        ports = {"url": "", "visualforce_url": ""}
        assert second.facts | ports == first.facts | ports
        assert admin.get("Contact", record_id)["LastName"] == "Kept"
        assert admin.create("Contact", LastName="New") > record_id
    finally:
        second.stop()


def test_a_reset_seeds_again_but_keeps_the_secrets(tmp_path: Path) -> None:
    first = Server(tmp_path, "--seed", "20")
    sign_in(first, "System Administrator").create("Contact", LastName="Gone")
    first.stop()

    second = Server(tmp_path, "--seed", "40", "--reset")
    try:
        admin = sign_in(second, "System Administrator")
        assert admin.query("SELECT COUNT() FROM Contact")["totalSize"] == 40
        assert second.facts["client_secret"] == first.facts["client_secret"]
    finally:
        second.stop()


def test_the_same_seed_gives_the_same_records(tmp_path: Path) -> None:
    servers = [Server(tmp_path / name, "--seed", "100") for name in "ab"]
    query = "SELECT FIELDS(ALL) FROM {} ORDER BY Id LIMIT 200"
    try:
        first, second = (sign_in(server, "System Administrator") for server in servers)
        for name in ("Account", "Contact", "Lead", "Opportunity", "Task", "Event", "CampaignMember", "User"):
            assert first.rows(query.format(name)) == second.rows(query.format(name))
    finally:
        for server in servers:
            server.stop()


def test_the_seed_is_as_mixed_as_life(fresh: Server) -> None:
    admin = sign_in(fresh, "System Administrator")

    def count(rest: str) -> int:
        return admin.query(f"SELECT COUNT() FROM {rest}")["totalSize"]

    sizes = {name: count(name) for name in ("Account", "Contact", "Lead", "Opportunity", "Campaign")}
    assert sizes == {"Account": 200, "Contact": 2000, "Lead": 500, "Opportunity": 300, "Campaign": 5}
    assert count("Contact WHERE AccountId = null") > 0
    assert count("Contact WHERE Email = null") > 0
    assert count("Lead WHERE IsConverted = true AND ConvertedContact.Name != null") > 0
    assert count("User WHERE IsActive = false") == 1
    shared = {row["Email"] for row in admin.rows("SELECT Email FROM Lead WHERE Email != null AND IsConverted = false")}
    assert shared & {row["Email"] for row in admin.rows("SELECT Email FROM Contact")}
    assert admin.rows("SELECT Email FROM Contact WHERE Email != null GROUP BY Email HAVING COUNT(Id) > 1")
    stamps = Counter(row["SystemModstamp"] for row in admin.rows("SELECT SystemModstamp FROM Contact"))
    assert max(stamps.values()) > 100


@pytest.mark.parametrize("arguments", [["--seed", "many"], ["--redirect-uri", "http://far.example/callback"]])
def test_arguments_that_make_no_sense_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "localorg", "--port", "0", "--data", str(tmp_path), *arguments]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)

    assert ended.returncode == 2
    assert ended.stderr.startswith("localorg: ")


def test_nothing_of_ours_is_imported() -> None:
    script = (
        "import json, pkgutil, sys, importlib, localorg\n"
        "found = pkgutil.walk_packages(localorg.__path__, 'localorg.')\n"
        "names = [module.name for module in found if not module.name.endswith('__main__')]\n"
        "[importlib.import_module(name) for name in names]\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )

    ours = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} - {"localorg"}
    assert not {*ours, "django"} & set(json.loads(found.stdout))
