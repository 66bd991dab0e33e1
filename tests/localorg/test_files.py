"""Notes, attachments and files: what becomes of bytes."""

import base64
import json
from typing import Any

import pytest

from tests.localorg.client import VERSION, Caller, Json

ALL_BYTES = bytes(range(256)) * 20


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def send_parts(admin: Caller, name: str, **parts: Any) -> Any:
    return admin.http.post(f"{admin.url}/services/data/v{VERSION}/sobjects/{name}", files=parts, timeout=30)


def as_json(**fields: Any) -> tuple[None, str, str]:
    return None, json.dumps(fields), "application/json"


def as_file(content: bytes = b"x") -> tuple[str, bytes, str]:
    return "file.bin", content, "application/octet-stream"


@pytest.fixture
def account(admin: Caller) -> str:
    return admin.create("Account", Name="A")


@pytest.fixture
def version(admin: Caller, account: str) -> Json:
    fields = {"PathOnClient": "C:\\tmp\\The report.PDF", "VersionData": encoded(b"hello")}
    record_id = admin.create("ContentVersion", FirstPublishLocationId=account, **fields)
    return admin.get("ContentVersion", record_id)


def links(admin: Caller, document: str) -> dict[str, str]:
    rows = admin.rows(
        f"SELECT LinkedEntityId, ShareType FROM ContentDocumentLink WHERE ContentDocumentId = '{document}'"
    )
    return {row["LinkedEntityId"]: row["ShareType"] for row in rows}


def test_a_file_is_described_by_its_path_and_bytes(version: Json) -> None:
    wanted = {"Title": "The report", "FileExtension": "PDF", "FileType": "PDF", "ContentSize": 5, "IsLatest": True}

    assert {name: version[name] for name in wanted} == wanted
    assert version["Checksum"] == "5d41402abc4b2a76b9719d911017c592"
    assert version["VersionData"] == f"/services/data/v{VERSION}/sobjects/ContentVersion/{version['Id']}/VersionData"


def test_the_bytes_come_back_from_the_address_that_the_field_shows(admin: Caller, version: Json) -> None:
    answer = admin.http.get(admin.url + version["VersionData"], timeout=30)

    assert (answer.content, answer.headers["Content-Type"]) == (b"hello", "application/octetstream")


def test_a_new_file_is_its_owners_and_where_it_was_published(admin: Caller, version: Json, account: str) -> None:
    assert links(admin, version["ContentDocumentId"]) == {version["OwnerId"]: "I", account: "V"}


def test_a_second_version_takes_the_place_of_the_first(admin: Caller, version: Json) -> None:
    document = version["ContentDocumentId"]
    second = admin.create(
        "ContentVersion", ContentDocumentId=document, PathOnClient="b.txt", VersionData=encoded(b"longer than before")
    )

    rows = admin.rows(f"SELECT VersionNumber, IsLatest FROM ContentVersion WHERE ContentDocumentId = '{document}'")
    shown = admin.get("ContentDocument", document)
    assert {row["VersionNumber"]: row["IsLatest"] for row in rows} == {"1": False, "2": True}
    assert (shown["LatestPublishedVersionId"], shown["Title"], shown["ContentSize"]) == (second, "b", 18)


def test_a_documents_new_title_is_that_of_its_version(admin: Caller, version: Json) -> None:
    admin.update("ContentDocument", version["ContentDocumentId"], Title="Renamed")

    assert admin.get("ContentVersion", version["Id"])["Title"] == "Renamed"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"Title": "x"}, ["PathOnClient", "VersionData"]),
        ({"PathOnClient": "x.txt"}, ["VersionData"]),
        ({"PathOnClient": "x.txt", "VersionData": ""}, ["VersionData"]),
    ],
)
def test_a_version_without_path_or_bytes_is_refused(admin: Caller, given: Json, missing: list[str]) -> None:
    (error,) = admin.refused("ContentVersion", **given)

    assert (error["errorCode"], error["fields"]) == ("REQUIRED_FIELD_MISSING", missing)


def test_a_link_needs_no_bytes(admin: Caller) -> None:
    record_id = admin.create("ContentVersion", ContentUrl="https://docs.example/plan", Title="Plan")

    body = admin.get("ContentVersion", record_id)
    assert (body["FileType"], body["ContentLocation"]) == ("LINK", "L")
    assert admin.ask("GET", f"sobjects/ContentVersion/{record_id}/VersionData").status_code == 404


def test_bytes_are_written_once(admin: Caller, version: Json) -> None:
    answer = admin.ask("PATCH", f"sobjects/ContentVersion/{version['Id']}", {"VersionData": encoded(b"x")})

    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


@pytest.mark.parametrize("body", ["%%%", "abc", 5, ["x"]])
def test_what_is_no_base64_is_refused_by_the_parser(admin: Caller, account: str, body: Any) -> None:
    (error,) = admin.refused("Attachment", ParentId=account, Name="x", Body=body)

    assert error["errorCode"] == "JSON_PARSER_ERROR"


def test_a_file_is_linked_to_a_record_once(admin: Caller, version: Json, account: str) -> None:
    document = version["ContentDocumentId"]
    (error,) = admin.refused("ContentDocumentLink", ContentDocumentId=document, LinkedEntityId=account, ShareType="V")

    assert (error["errorCode"], error["fields"]) == ("DUPLICATE_VALUE", ["LinkedEntityId"])
    assert error["message"] == f"Document with ID: {document} is already linked with the entity with ID: {account}"


def test_the_owner_stays_linked(admin: Caller, version: Json, account: str) -> None:
    document = version["ContentDocumentId"]
    rows = admin.rows(f"SELECT Id, LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{document}'")
    by_entity = {row["LinkedEntityId"]: row["Id"] for row in rows}

    refused = admin.ask("DELETE", f"sobjects/ContentDocumentLink/{by_entity[version['OwnerId']]}")
    admin.delete("ContentDocumentLink", by_entity[account])

    assert refused.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert links(admin, document) == {version["OwnerId"]: "I"}


@pytest.mark.parametrize("where", ["", " WHERE ShareType = 'V'", " WHERE LinkedEntityId != null", " LIMIT 1"])
def test_links_are_told_only_by_file_or_record(admin: Caller, where: str) -> None:
    error = admin.refusal(f"SELECT Id FROM ContentDocumentLink{where}")

    assert error["errorCode"] == "MALFORMED_QUERY"
    assert error["message"].startswith("Implementation restriction: ContentDocumentLink requires a filter")


def test_links_can_be_read_below_their_record(admin: Caller, version: Json, account: str) -> None:
    (row,) = admin.rows(
        f"SELECT (SELECT ContentDocument.Title FROM ContentDocumentLinks) FROM Account WHERE Id = '{account}'"
    )

    assert row["ContentDocumentLinks"]["records"][0]["ContentDocument"]["Title"] == "The report"


def test_a_document_goes_to_the_bin_with_its_links_and_comes_back(admin: Caller, version: Json, account: str) -> None:
    document = version["ContentDocumentId"]
    admin.delete("ContentDocument", document)
    gone = links(admin, document)

    admin.control("undelete", {"ids": [document]}).raise_for_status()

    assert gone == {}
    assert account in links(admin, document)
    assert admin.http.get(admin.url + version["VersionData"], timeout=30).content == b"hello"


def test_a_note_is_a_document_with_its_text_as_versions(admin: Caller) -> None:
    text = "<p>Zoë &amp; Søren</p>".encode()
    note = admin.create("ContentNote", Title="T", Content=encoded(text))

    body = admin.get("ContentNote", note)
    assert (body["FileType"], body["TextPreview"], body["ContentSize"]) == ("SNOTE", "Zoë & Søren", len(text))
    assert admin.ask("GET", f"sobjects/ContentNote/{note}/Content").content == text
    assert admin.get("ContentDocument", note)["LatestPublishedVersionId"] == body["LatestPublishedVersionId"]


def test_a_changed_note_has_a_new_version_and_shows_it(admin: Caller) -> None:
    note = admin.create("ContentNote", Title="T", Content=encoded(b"one"))

    admin.update("ContentNote", note, Title="T2", Content=encoded(b"two"))

    rows = admin.rows(f"SELECT VersionNumber, Title FROM ContentVersion WHERE ContentDocumentId = '{note}'")
    assert {row["VersionNumber"]: row["Title"] for row in rows} == {"1": "T", "2": "T2"}
    assert admin.ask("GET", f"sobjects/ContentNote/{note}/Content").content == b"two"
    assert admin.get("ContentDocument", note)["Title"] == "T2"


def test_a_notes_title_may_change_alone(admin: Caller) -> None:
    note = admin.create("ContentNote", Title="T", Content=encoded(b"one"))

    admin.update("ContentNote", note, Title="Else")

    assert admin.get("ContentDocument", note)["Title"] == "Else"
    assert admin.query(f"SELECT COUNT() FROM ContentVersion WHERE ContentDocumentId = '{note}'")["totalSize"] == 1


@pytest.mark.parametrize("name", ["ContentNote", "ContentDocument"])
def test_a_note_is_deleted_and_restored_by_either_name(admin: Caller, name: str) -> None:
    note = admin.create("ContentNote", Title="T", Content=encoded(b"one"))
    both = ("ContentNote", "ContentDocument")

    admin.delete(name, note)
    gone = [admin.ask("GET", f"sobjects/{other}/{note}").status_code for other in both]
    admin.control("undelete", {"ids": [note]}).raise_for_status()

    assert gone == [404, 404]
    assert [admin.ask("GET", f"sobjects/{other}/{note}").status_code for other in both] == [200, 200]


def test_a_classic_note_hangs_on_its_record(admin: Caller, account: str) -> None:
    note = admin.create("Note", ParentId=account, Title="T", Body="text")
    answer = admin.ask("PATCH", f"sobjects/Note/{note}", {"ParentId": account})

    admin.delete("Account", account)

    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert admin.ask("GET", f"sobjects/Note/{note}").status_code == 404


def test_bytes_in_a_part_of_their_own_arrive_whole(admin: Caller, account: str) -> None:
    fields = as_json(ParentId=account, Name="all.bin", ContentType="application/x-all")
    answer = send_parts(admin, "Attachment", entity_attachment=fields, Body=as_file(ALL_BYTES))

    record_id = answer.json()["id"]
    assert answer.status_code == 201
    assert admin.get("Attachment", record_id)["BodyLength"] == len(ALL_BYTES)
    assert admin.ask("GET", f"sobjects/Attachment/{record_id}/Body").content == ALL_BYTES


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"Body": as_file()}, "Multipart message must include a non-binary part"),
        ({"a": as_json(), "Body": as_file(), "More": as_file()}, "Cannot include more than one binary part"),
    ],
)
def test_messages_of_the_wrong_parts_are_refused(admin: Caller, parts: Any, message: str) -> None:
    answer = send_parts(admin, "Attachment", **parts)

    assert answer.status_code == 400
    assert answer.json() == [{"message": message, "errorCode": "INVALID_MULTIPART_REQUEST"}]


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x", "multipart/mixed;"])
def test_a_broken_message_is_the_callers_fault(admin: Caller, content_type: str) -> None:
    answer = admin.ask(
        "POST", "sobjects/Attachment", data=b"--nothing of the kind", headers={"Content-Type": content_type}
    )

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_MULTIPART_REQUEST")


def test_files_are_read_by_whoever_may_read_the_record_only(admin: Caller, account: str) -> None:
    attachment = admin.create("Attachment", ParentId=account, Name="x", Body=encoded(b"x"))
    admin.delete("Attachment", attachment)

    assert admin.ask("GET", f"sobjects/Attachment/{attachment}/Body").status_code == 404
    assert admin.ask("GET", "sobjects/Attachment/nothing/Body").status_code == 404
    assert admin.ask("GET", f"sobjects/Account/{account}/Body").status_code == 404


def test_base64_fields_say_so(admin: Caller) -> None:
    fields = {f["name"]: f for f in admin.ask("GET", "sobjects/ContentVersion/describe").json()["fields"]}

    body = fields["VersionData"]
    assert (body["type"], body["soapType"], body["length"]) == ("base64", "xsd:base64Binary", 0)
    assert (body["filterable"], body["sortable"], body["createable"], body["updateable"]) == (False, False, True, False)
    assert admin.refusal("SELECT Id FROM ContentVersion WHERE VersionData = 'x'")["errorCode"] == "INVALID_FIELD"
