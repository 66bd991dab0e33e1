"""airbyte's source-salesforce discovers and reads the org: by REST what has addresses, the rest by Bulk API 2.0."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.localorg.client import REDIRECT, Caller, Json, Server
from tests.localorg.conformance.airbyte import Source

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("sourced"), "--seed", "300", "--redirect-uri", REDIRECT)
    yield running
    running.stop()


@pytest.fixture
def source(fresh: Server, tmp_path: Path) -> Source:
    return Source(fresh, tmp_path)


def comparable(record: Json, moments: set[str]) -> Json:
    """A record with its moments read, without what only REST adds, what Bulk leaves out, and what is empty.

    Line ends are those that pandas makes of all when it reads CSV.
    """
    return {
        name: datetime.fromisoformat(value) if name in moments else with_line_feeds(value)
        for name, value in record.items()
        if value is not None and name != "attributes" and not name.endswith("Address")
    }


def with_line_feeds(value: Any) -> Any:
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def all_rows(admin: Caller, name: str) -> dict[str, Json]:
    """Every row, deleted ones too, as simple-salesforce reads it."""
    sf = admin.simple_salesforce()
    fields = getattr(sf, name).describe()["fields"]
    moments = {field["name"] for field in fields if field["type"] == "datetime"}
    soql = f"SELECT {','.join(field['name'] for field in fields)} FROM {name}"
    return {row["Id"]: comparable(row, moments) for row in sf.query_all_iter(soql, include_deleted=True)}


def read_rows(admin: Caller, name: str, records: list[Json]) -> dict[str, Json]:
    fields = getattr(admin.simple_salesforce(), name).describe()["fields"]
    moments = {field["name"] for field in fields if field["type"] == "datetime"}
    return {record["Id"]: comparable(record, moments) for record in records}


def counted(server: Server) -> dict[str, int]:
    return dict(requests.get(f"{server.url}/localorg/calls", timeout=30).json()["by_resource"])


def test_a_good_config_is_good_and_a_revoked_token_is_told(source: Source, fresh: Server, tmp_path: Path) -> None:
    assert source.check() == {"status": "SUCCEEDED"}

    stale = Source(fresh, tmp_path, refresh_token="5Aep861nonsense").check()

    assert stale["status"] == "FAILED"
    assert "expired access/refresh token" in stale["message"]


def test_discovery_finds_every_object_that_can_be_queried(source: Source, admin: Caller) -> None:
    streams = source.discover()

    sf = admin.simple_salesforce()
    queryable = {sobject["name"] for sobject in sf.describe()["sobjects"] if sobject["queryable"]}
    assert set(streams) - {"Describe"} <= queryable
    assert {"Account", "Contact", "Lead", "Opportunity", "Task", "Event", "User", "CampaignMember"} <= set(streams)
    for name in ("Account", "Opportunity"):
        stream = streams[name]
        described = {field["name"] for field in getattr(sf, name).describe()["fields"]}
        assert set(stream["json_schema"]["properties"]) == described
        assert stream["default_cursor_field"] == ["SystemModstamp"]
        assert stream["source_defined_primary_key"] == [["Id"]]


@pytest.mark.parametrize(
    ("name", "options", "resource"),
    [
        ("Contact", {}, "GET queryAll"),
        ("Contact", {"force_use_bulk_api": True}, "POST jobs/query"),
        ("Opportunity", {}, "POST jobs/query"),
        ("Task", {}, "POST jobs/query"),
    ],
)
def test_a_sync_has_every_row_as_simple_salesforce_reads_it(
    fresh: Server, tmp_path: Path, admin: Caller, name: str, options: dict[str, Any], resource: str
) -> None:
    gone = admin.rows(f"SELECT Id FROM {name} LIMIT 1")[0]["Id"]
    admin.delete(name, gone)
    source = Source(fresh, tmp_path, **options)
    stream = source.discover()[name]

    records = source.read(stream).records(name)

    assert read_rows(admin, name, records) == all_rows(admin, name)
    assert counted(fresh)[resource] >= 1


def test_the_second_sync_has_what_changed_since(source: Source, admin: Caller) -> None:
    stream = source.discover()["Opportunity"]
    state = source.read(stream).state
    changed, gone = (row["Id"] for row in admin.rows("SELECT Id FROM Opportunity ORDER BY Id LIMIT 2"))
    admin.update("Opportunity", changed, Name="Changed, really")
    admin.delete("Opportunity", gone)

    records = read_rows(admin, "Opportunity", source.read(stream, state=state).records("Opportunity"))

    assert {changed, gone} <= set(records)
    assert (records[changed]["Name"], records[gone]["IsDeleted"]) == ("Changed, really", True)
    assert len(records) < len(all_rows(admin, "Opportunity"))


def test_a_bulk_job_that_fails_is_made_up_for_by_rest(source: Source, admin: Caller, fresh: Server) -> None:
    stream = source.discover()["Opportunity"]
    admin.faults({"do": "job_fail"})

    records = source.read(stream).records("Opportunity")

    assert read_rows(admin, "Opportunity", records) == all_rows(admin, "Opportunity")
    assert counted(fresh)["GET queryAll"] >= 1


def test_what_the_edge_drops_is_asked_for_again(source: Source, admin: Caller) -> None:
    stream = source.discover()["Account"]
    path = {"path": "/queryAll"}
    admin.faults({"do": "status", "status": 503, "times": 1, "match": path}, {"do": "html", "times": 1, "match": path})

    assert read_rows(admin, "Account", source.read(stream).records("Account")) == all_rows(admin, "Account")
