"""tap-salesforce discovers and syncs the org, by REST and by the Bulk API, and ends up with what is there."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from tests.localorg.client import REDIRECT, Caller, Json, Server
from tests.localorg.conformance.singer import Catalog, Messages, Tap, by_id

pytestmark = pytest.mark.long

CRM = ("Account", "Contact", "Lead", "Opportunity", "Task", "User")
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"  # as Singer writes them


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A small org: the tap writes its state after every row."""
    running = Server(tmp_path_factory.mktemp("tapped"), "--seed", "300", "--redirect-uri", REDIRECT)
    yield running
    running.stop()


@pytest.fixture(params=["REST", "BULK"])
def tap(request: pytest.FixtureRequest, fresh: Server, tmp_path: Path) -> Tap:
    return Tap(fresh, tmp_path, api_type=request.param)


@pytest.fixture
def rest(fresh: Server, tmp_path: Path) -> Tap:
    return Tap(fresh, tmp_path, api_type="REST")


def has_bulk(tap: Tap) -> bool:
    return json.loads(tap.config.read_text())["api_type"] == "BULK"


def as_singer_has_it(value: Any, kind: str) -> Any:
    """A value of the REST API in the form that the tap gives to it."""
    if value is None:
        return None
    if kind == "datetime":
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC).strftime(MOMENT)
    return f"{value}T00:00:00.000000Z" if kind == "date" else value


def all_rows(admin: Caller, name: str) -> Iterator[Json]:
    """Every row, deleted ones too, as simple-salesforce reads it, in the tap's form; addresses left out."""
    sf = admin.simple_salesforce()
    kinds = {f["name"]: f["type"] for f in getattr(sf, name).describe()["fields"] if f["type"] != "address"}
    soql = f"SELECT {','.join(kinds)} FROM {name}"
    for record in sf.query_all_iter(soql, include_deleted=True):
        yield {field: as_singer_has_it(record[field], kind) for field, kind in kinds.items()}


def comparable(record: Json) -> Json:
    """Without addresses, which Bulk can't have; with the line ends that the tap's CSV reader makes of all."""
    kept = {name: value for name, value in record.items() if not name.endswith("Address")}
    return {name: v.replace("\r\n", "\n") if isinstance(v, str) else v for name, v in kept.items()}


def check_against_schemas(messages: Messages) -> None:
    """Each record comes after the schema of its stream and fits it."""
    validators: dict[str, jsonschema.Draft4Validator] = {}
    for message in messages.all:
        if message["type"] == "SCHEMA":
            jsonschema.Draft4Validator.check_schema(message["schema"])
            validators[message["stream"]] = jsonschema.Draft4Validator(message["schema"])
            assert message["key_properties"] == ["Id"]
        elif message["type"] == "RECORD":
            validators[message["stream"]].validate(message["record"])


def test_discovery_finds_every_object_with_its_fields(tap: Tap, admin: Caller) -> None:
    catalog = tap.discover()

    sf = admin.simple_salesforce()
    names = {sobject["name"] for sobject in sf.describe()["sobjects"]}
    assert set(CRM) <= set(catalog.streams) <= names
    for name, stream in catalog.streams.items():
        described = {field["name"]: field for field in getattr(sf, name).describe()["fields"]}
        assert set(stream["schema"]["properties"]) == set(described)
        assert catalog.about(name)["table-key-properties"] == ["Id"]
        assert catalog.about(name, "Id")["inclusion"] == "automatic"


def test_what_the_tap_leaves_out_is_what_it_documents(tap: Tap, admin: Caller) -> None:
    found = set(tap.discover().streams)

    missing = {s["name"] for s in admin.simple_salesforce().describe()["sobjects"]} - found
    restricted = {"ContentDocumentLink", "UserRecordAccess", "Name", "FieldDefinition", "PicklistValueInfo"}
    unsupported_by_bulk = {"TaskStatus", "TaskPriority", "CaseStatus", "ContractStatus", "RecentlyViewed"}
    assert missing <= restricted | (unsupported_by_bulk if has_bulk(tap) else set())


def test_records_that_change_are_replicated_by_their_stamp(tap: Tap) -> None:
    catalog = tap.discover()

    for name in CRM:
        assert catalog.about(name)["valid-replication-keys"] == ["SystemModstamp"]
        assert catalog.about(name, "SystemModstamp")["inclusion"] == "automatic"


def test_bulk_can_not_have_addresses(tap: Tap) -> None:
    about = tap.discover().about("Contact", "MailingAddress")

    assert about["inclusion"] == ("unsupported" if has_bulk(tap) else "available")


@pytest.mark.parametrize("name", CRM)
def test_a_sync_has_every_row_as_simple_salesforce_reads_it(tap: Tap, admin: Caller, name: str) -> None:
    messages = tap.sync(tap.discover().select(name))

    check_against_schemas(messages)
    found = {key: comparable(record) for key, record in by_id(messages.records(name)).items()}
    expected = by_id(all_rows(admin, name))
    assert set(found) == set(expected)
    for key, record in expected.items():
        assert found[key] == comparable(record)
    assert len(messages.records(name)) == len(found)


def test_every_object_that_is_found_can_be_synced(tap: Tap) -> None:
    catalog = tap.discover()

    messages = tap.sync(catalog.select(*catalog.streams))

    check_against_schemas(messages)
    assert set(messages.schemas) == set(catalog.streams)
    assert messages.state["current_stream"] is None


def test_pages_after_the_first_are_read(tap: Tap, admin: Caller) -> None:
    sf = admin.simple_salesforce()
    for start in range(0, 2200, 200):
        records = [{"attributes": {"type": "Contact"}, "LastName": f"More {start + n}"} for n in range(200)]
        sf.restful("composite/sobjects", method="POST", json={"records": records})

    messages = tap.sync(tap.discover().select("Contact"))

    assert len(by_id(messages.records("Contact"))) == 2500


def test_addresses_come_as_objects(rest: Tap, admin: Caller) -> None:
    wanted = admin.create("Contact", LastName="Client", MailingCity="Bilbao", MailingCountry="Spain")

    record = by_id(rest.sync(rest.discover().select("Contact")).records("Contact"))[wanted]

    assert (record["MailingAddress"]["city"], record["MailingAddress"]["country"]) == ("Bilbao", "Spain")
    assert record["OtherAddress"] is None


def test_deleted_records_are_told_as_deleted(tap: Tap, admin: Caller) -> None:
    gone = admin.create("Contact", LastName="Gone")
    admin.delete("Contact", gone)

    records = by_id(tap.sync(tap.discover().select("Contact")).records("Contact"))

    assert records[gone]["IsDeleted"] is True
    assert not any(record["IsDeleted"] for key, record in records.items() if key != gone)


def test_the_second_sync_has_only_what_changed(tap: Tap, admin: Caller) -> None:
    catalog = tap.discover().select("Account")
    state = tap.sync(catalog).state
    reached = state["bookmarks"]["Account"]["SystemModstamp"]
    latest = max(row["SystemModstamp"] for row in all_rows(admin, "Account"))
    assert datetime.fromisoformat(reached) == datetime.fromisoformat(latest)

    changed, gone, *_ = (row["Id"] for row in admin.rows("SELECT Id FROM Account ORDER BY SystemModstamp, Id LIMIT 2"))
    admin.update("Account", changed, Name="Changed, really")
    admin.delete("Account", gone)
    added = admin.create("Account", Name="Added")
    second = tap.sync(catalog, state)

    records = by_id(second.records("Account"))
    at_the_bookmark = {row["Id"] for row in all_rows(admin, "Account") if row["SystemModstamp"] == latest}
    assert set(records) == {changed, gone, added} | at_the_bookmark
    assert records[changed]["Name"] == "Changed, really"
    assert records[gone]["IsDeleted"] is True
    assert second.state["bookmarks"]["Account"]["SystemModstamp"] > reached


def test_a_look_back_reads_what_came_late(rest: Tap, admin: Caller) -> None:
    catalog = rest.discover().select("Lead")
    state = rest.sync(catalog).state
    rest.config.write_text(json.dumps(json.loads(rest.config.read_text()) | {"lookback_window": 100 * 365 * 86_400}))

    assert len(rest.sync(catalog, state).records("Lead")) == len(admin.rows("SELECT Id FROM Lead"))


def test_a_sync_that_was_interrupted_goes_on_with_its_stream(rest: Tap) -> None:
    catalog = rest.discover().select("Account", "Contact", "Lead")
    ordered = [stream for stream in catalog.streams if stream in {"Account", "Contact", "Lead"}]

    messages = rest.sync(catalog, {"current_stream": ordered[1], "bookmarks": {}})

    assert list(messages.schemas) == ordered[1:]


def test_only_chosen_fields_are_asked_for(rest: Tap) -> None:
    rest.config.write_text(json.dumps(json.loads(rest.config.read_text()) | {"select_fields_by_default": False}))
    catalog = rest.discover().select("Contact")
    catalog.about("Contact", "Email")["selected"] = True

    records = rest.sync(catalog).records("Contact")

    assert {frozenset(record) for record in records} == {frozenset({"Id", "Email", "SystemModstamp"})}


def test_a_stream_may_be_synced_whole_each_time(tap: Tap, admin: Caller) -> None:
    catalog = tap.discover().select("CampaignMemberStatus")
    about = catalog.about("CampaignMemberStatus")
    about["replication-method"] = "FULL_TABLE"
    del about["replication-key"]

    first = tap.sync(catalog)
    second = tap.sync(catalog, first.state)

    for messages in (first, second):
        assert by_id(messages.records("CampaignMemberStatus")) == by_id(all_rows(admin, "CampaignMemberStatus"))
        assert messages.of_type("ACTIVATE_VERSION")


def test_a_rotated_refresh_token_is_kept_for_the_next_run(rest: Tap, admin: Caller) -> None:
    before = json.loads(rest.config.read_text())["refresh_token"]
    admin.control("settings", {"rotate_refresh_tokens": True})
    try:
        rest.discover()
        rest.discover()
    finally:
        admin.control("settings", {"rotate_refresh_tokens": False})

    assert json.loads(rest.config.read_text())["refresh_token"] != before


def test_a_revoked_refresh_token_is_told_as_salesforce_says_it(rest: Tap) -> None:
    token = json.loads(rest.config.read_text())["refresh_token"]
    requests.post(f"{rest.server.url}/services/oauth2/revoke", data={"token": token}, timeout=30)

    done = rest.run("--discover")

    assert done.returncode != 0
    assert "expired access/refresh token" in done.stderr


def test_it_stops_when_much_of_the_daily_limit_is_used(rest: Tap, admin: Caller) -> None:
    catalog = rest.discover().select("Account")
    admin.control("settings", {"daily_limit": 1000, "used": 900})

    done = rest.try_to_sync(catalog)

    assert done.returncode != 0
    assert "total REST quota used across all Salesforce Applications" in done.stderr


def test_a_bulk_sync_uses_batches_and_not_queries(fresh: Server, tmp_path: Path, admin: Caller) -> None:
    tap = Tap(fresh, tmp_path, api_type="BULK")
    catalog = tap.discover().select("Contact")
    left = admin.ask("GET", "limits").json()["DailyBulkApiBatches"]["Remaining"]

    tap.sync(catalog)

    assert admin.ask("GET", "limits").json()["DailyBulkApiBatches"]["Remaining"] == left - 1
    counted = requests.get(f"{fresh.url}/localorg/calls", timeout=30).json()["by_resource"]
    assert not any("query" in resource.lower() for resource in counted)


@pytest.fixture
def chunked(fresh: Server, tmp_path: Path, admin: Caller) -> tuple[Tap, Catalog, Messages]:
    """A sync whose first query failed as those of too many rows do, so that the tap asked for PK chunking."""
    tap = Tap(fresh, tmp_path, api_type="BULK")
    catalog = tap.discover().select("Contact")
    admin.faults({"do": "job_fail", "times": 1})
    return tap, catalog, tap.sync(catalog)


def test_a_query_that_is_too_much_is_made_in_chunks(chunked: tuple[Tap, Catalog, Messages], admin: Caller) -> None:
    _, _, messages = chunked

    check_against_schemas(messages)
    assert set(by_id(messages.records("Contact"))) == set(by_id(all_rows(admin, "Contact")))


def test_a_sync_that_broke_off_reads_the_chunks_that_are_left(chunked: tuple[Tap, Catalog, Messages]) -> None:
    tap, catalog, messages = chunked
    halfway = next(m["value"] for m in messages.of_type("STATE") if m["value"].get("bookmarks", {}).get("Contact"))
    assert halfway["bookmarks"]["Contact"]["BatchIDs"]

    resumed = tap.sync(catalog, halfway)

    assert set(by_id(resumed.records("Contact"))) == set(by_id(messages.records("Contact")))
    assert "JobID" not in resumed.state["bookmarks"]["Contact"]


def test_a_job_that_is_no_more_is_forgotten(fresh: Server, tmp_path: Path) -> None:
    tap = Tap(fresh, tmp_path, api_type="BULK")
    gone = {"JobID": "750000000000000AAA", "BatchIDs": ["751000000000000AAA"], "JobHighestBookmarkSeen": None}

    messages = tap.sync(tap.discover().select("Contact"), {"bookmarks": {"Contact": gone}})

    assert messages.records("Contact") == []
    assert "JobID" not in messages.state["bookmarks"]["Contact"]
