"""Requests that hold only on a condition."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.localorg.client import Caller

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)  # the same in every process


def http_date(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


BEFORE, AFTER = (http_date(TODAY + step) for step in (-DAY, DAY))


@pytest.fixture
def account(admin: Caller) -> Iterator[str]:
    return f"sobjects/Account/{admin.create('Account', Name='Acme')}"


@pytest.fixture
def contact(admin: Caller) -> str:
    return f"sobjects/Contact/{admin.create('Contact', LastName='Client')}"


def ask(admin: Caller, method: str, path: str, **headers: str) -> requests.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"Phone": "1"} if method in ("PATCH", "POST") else None
    return admin.ask(method, path, body, headers=given)


def test_accounts_have_a_tag_that_changes_with_them(admin: Caller, account: str) -> None:
    tags = [ask(admin, method, account).headers["ETag"] for method in ("GET", "GET", "PATCH", "GET")]

    assert tags[0] == tags[1]
    assert tags[2] == tags[3] != tags[0]
    assert tags[0].startswith('"')


def test_others_have_only_a_date(admin: Caller, contact: str) -> None:
    answer = ask(admin, "GET", contact)

    assert "ETag" not in answer.headers
    assert (
        abs(
            datetime.now(UTC)
            - datetime.strptime(answer.headers["Last-Modified"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        )
        < HOUR
    )


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If_Modified_Since", AFTER, 304),
        ("If_Modified_Since", BEFORE, 200),
        ("If_Unmodified_Since", AFTER, 200),
        ("If_Unmodified_Since", BEFORE, 412),
        ("If_Modified_Since", "yesterday", 200),
        ("If_Unmodified_Since", "yesterday", 200),
    ],
)
def test_a_read_by_date(admin: Caller, contact: str, header: str, value: str, status: int) -> None:
    answer = ask(admin, "GET", contact, **{header: value})

    assert answer.status_code == status
    if status == 304:
        assert answer.content == b""
    if status == 412:
        assert answer.json() == [
            {
                "errorCode": "PRECONDITION_FAILED",
                "message": "One or more of the preconditions specified in the request headers weren't met",
            }
        ]


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If_Unmodified_Since", AFTER, 204),
        ("If_Unmodified_Since", BEFORE, 412),
        ("If_Modified_Since", BEFORE, 204),
        ("If_Modified_Since", AFTER, 412),
        ("If_Unmodified_Since", "yesterday", 400),
        ("If_Match", "no quotes", 400),
        ("If_Match", '"any"', 204),
    ],
)
def test_an_update_by_date(admin: Caller, contact: str, header: str, value: str, status: int) -> None:
    answer = ask(admin, "PATCH", contact, **{header: value})

    assert answer.status_code == status
    assert (admin.ask("GET", contact).json()["Phone"] == "1") == (status == 204)


def test_a_read_by_tag(admin: Caller, account: str) -> None:
    tag = ask(admin, "GET", account).headers["ETag"]
    zipped = tag[:-1] + '--gzip"'

    assert ask(admin, "GET", account, If_None_Match=f'"x", {zipped}').status_code == 304
    assert ask(admin, "GET", account, If_None_Match='"x"', If_Modified_Since=AFTER).status_code == 200
    assert ask(admin, "GET", account, If_Match=f"{tag}").status_code == 200
    assert ask(admin, "GET", account, If_Match="*").status_code == 200
    assert ask(admin, "GET", account, If_Match='"x"').status_code == 412
    assert ask(admin, "GET", account, If_Match="no quotes").status_code == 200


def test_an_update_by_tag_takes_place_once(admin: Caller, account: str) -> None:
    tag = ask(admin, "GET", account).headers["ETag"]

    first = ask(admin, "PATCH", account, If_Match=tag)
    second = ask(admin, "PATCH", account, If_Match=tag)
    third = ask(admin, "PATCH", account, If_None_Match=first.headers["ETag"])

    assert [first.status_code, second.status_code, third.status_code] == [204, 412, 412]


def test_upserts_obey_as_well(admin: Caller) -> None:
    admin.create("Contact", LastName="Client", Tandem_Id__c="c-1")

    assert ask(admin, "PATCH", "sobjects/Contact/Tandem_Id__c/c-1", If_Unmodified_Since=BEFORE).status_code == 412
    assert ask(admin, "GET", "sobjects/Contact/Tandem_Id__c/c-1", If_Modified_Since=AFTER).status_code == 304


def test_deletes_take_no_notice(admin: Caller, contact: str) -> None:
    assert ask(admin, "DELETE", contact, If_Unmodified_Since=BEFORE).status_code == 204


def test_describes_are_told_again_after_permissions_changed(admin: Caller) -> None:
    for path in ("sobjects", "sobjects/Contact/describe"):
        answer = ask(admin, "GET", path)
        assert ask(admin, "GET", path, If_Modified_Since=answer.headers["Last-Modified"]).status_code == 304
    requests.post(f"{admin.url}/localorg/clock", json={"advance": 60}, timeout=30).raise_for_status()

    admin.create("PermissionSet", Name="More", Label="More")

    for path in ("sobjects", "sobjects/Contact/describe"):
        assert ask(admin, "GET", path, If_Modified_Since=http_date(datetime.now(UTC))).status_code == 200


def test_parts_of_a_composite_have_their_own_conditions(admin: Caller, account: str, contact: str) -> None:
    url = "/services/data/v62.0/"
    parts = [
        {"method": "GET", "url": url + account, "referenceId": "a", "httpHeaders": {"If-Modified-Since": AFTER}},
        {"method": "GET", "url": url + account, "referenceId": "b"},
        {
            "method": "PATCH",
            "url": url + contact,
            "referenceId": "c",
            "body": {},
            "httpHeaders": {"If-Unmodified-Since": BEFORE},
        },
    ]

    answers = admin.ask("POST", "composite", {"compositeRequest": parts}).json()["compositeResponse"]

    assert [answer["httpStatusCode"] for answer in answers] == [304, 200, 412]
    assert answers[0]["body"] is None
    assert set(answers[1]["httpHeaders"]) == {"ETag", "Last-Modified"}
