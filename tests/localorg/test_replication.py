"""getUpdated and getDeleted, at the corners."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.localorg.client import Caller
from tests.localorg.test_soap import call


def span() -> dict[str, str]:
    now = datetime.now(UTC)
    return {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}


def deleted(caller: Caller, name: str) -> list[str]:
    answer = caller.ask("GET", f"sobjects/{name}/deleted", params=span())
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["deletedRecords"]]


def updated(caller: Caller, name: str) -> list[str]:
    return caller.ask("GET", f"sobjects/{name}/updated", params=span()).json()["ids"]


def test_a_record_of_an_emptied_bin_is_still_told_as_deleted_once(admin: Caller) -> None:
    account = admin.create("Account", Name="Erased")
    admin.delete("Account", account)
    assert deleted(admin, "Account").count(account) == 1

    call(admin, f"<emptyRecycleBin><ids>{account}</ids></emptyRecycleBin>")

    assert deleted(admin, "Account").count(account) == 1
    assert admin.rows(f"SELECT Id FROM Account WHERE Id = '{account}'", "queryAll") == []


def test_members_of_campaigns_leave_no_row_but_are_told(admin: Caller) -> None:
    campaign = admin.create("Campaign", Name="Left")
    contact = admin.create("Contact", LastName="Left")
    member = admin.create("CampaignMember", CampaignId=campaign, ContactId=contact)

    admin.delete("CampaignMember", member)

    assert deleted(admin, "CampaignMember") == [member]


def test_losers_of_a_merge_are_told_as_deleted_and_what_was_undeleted_as_updated(admin: Caller) -> None:
    master, loser, back = (admin.create("Account", Name=name) for name in ("Master", "Loser", "Back"))
    admin.control("merge", {"object": "Account", "master": master, "losers": [loser]}).raise_for_status()
    admin.delete("Account", back)
    admin.control("undelete", {"ids": [back]}).raise_for_status()

    assert loser in deleted(admin, "Account")
    assert back not in deleted(admin, "Account")
    assert {master, back} <= set(updated(admin, "Account"))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59-23:59"),
        ("0001-01-01T00:00:00+23:59", "2026-01-01T00:00:00Z"),
        ("", ""),
        ("2026-13-01T00:00:00Z", "2026-13-02T00:00:00Z"),
        ("now", "then"),
    ],
)
@pytest.mark.parametrize("resource", ["updated", "deleted"])
def test_moments_that_are_none_are_refused(admin: Caller, resource: str, start: str, end: str) -> None:
    answer = admin.ask("GET", f"sobjects/Contact/{resource}", params={"start": start, "end": end})

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_an_object_that_keeps_no_time_cannot_be_asked(admin: Caller) -> None:
    described = admin.ask("GET", "sobjects").json()["sobjects"]
    timeless = next(each["name"] for each in described if not each["replicateable"] and each["name"] != "Name")

    answer = admin.ask("GET", f"sobjects/{timeless}/updated", params=span())

    assert answer.status_code == 400
    assert "not replicateable" in answer.json()[0]["message"]
