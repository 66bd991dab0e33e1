"""Deals remember what they were, campaigns keep their statuses in order, nobody is above oneself."""

from typing import Any

import pytest

from tests.localorg.client import Caller

CLOSE = "2026-05-20"


@pytest.fixture
def deal(admin: Caller) -> str:
    return admin.create("Opportunity", Name="D", StageName="Prospecting", CloseDate=CLOSE)


@pytest.fixture
def campaign(admin: Caller) -> str:
    return admin.create("Campaign", Name="C")


def statuses(admin: Caller, campaign: str) -> dict[str, Any]:
    rows = admin.rows(f"SELECT Id, Label, IsDefault FROM CampaignMemberStatus WHERE CampaignId = '{campaign}'")
    return {row["Label"]: row for row in rows}


def test_each_change_of_a_deal_leaves_a_row_of_history(admin: Caller, deal: str) -> None:
    admin.update("Opportunity", deal, Amount=1000)
    admin.update("Opportunity", deal, Description="nothing to remember", Amount=1000)
    admin.update("Opportunity", deal, StageName="Closed Won")

    rows = admin.rows(
        "SELECT StageName, Amount, Probability, ExpectedRevenue, CloseDate FROM OpportunityHistory "
        f"WHERE OpportunityId = '{deal}' ORDER BY Id"
    )
    assert [(r["StageName"], r["Amount"], r["ExpectedRevenue"]) for r in rows] == [
        ("Prospecting", None, None),
        ("Prospecting", 1000.0, 100.0),
        ("Closed Won", 1000.0, 1000.0),
    ]
    assert {row["CloseDate"] for row in rows} == {CLOSE}


def test_a_deal_knows_when_its_amount_was_last_changed(admin: Caller, deal: str) -> None:
    before = admin.get("Opportunity", deal)["LastAmountChangedHistoryId"]

    admin.update("Opportunity", deal, Amount=1000)

    body = admin.get("Opportunity", deal)
    assert before is None
    assert admin.get("OpportunityHistory", body["LastAmountChangedHistoryId"])["Amount"] == 1000.0
    assert body["LastCloseDateChangedHistoryId"] is None


def test_every_deal_of_the_seed_has_a_history(admin: Caller) -> None:
    totals = [admin.query(f"SELECT COUNT() FROM {name}")["totalSize"] for name in ("Opportunity", "OpportunityHistory")]

    assert totals[0] == totals[1] > 0


def test_history_is_nobodys_to_write(admin: Caller, deal: str) -> None:
    (error,) = admin.refused("OpportunityHistory", OpportunityId=deal)

    assert error["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_the_deals_contact_is_whoever_has_the_primary_role(admin: Caller, deal: str) -> None:
    contact = admin.create("Contact", LastName="A")
    role = admin.create("OpportunityContactRole", OpportunityId=deal, ContactId=contact, IsPrimary=True)
    found = [admin.get("Opportunity", deal)["ContactId"]]

    admin.update("OpportunityContactRole", role, IsPrimary=False)
    found.append(admin.get("Opportunity", deal)["ContactId"])
    admin.update("OpportunityContactRole", role, IsPrimary=True)
    admin.delete("OpportunityContactRole", role)
    found.append(admin.get("Opportunity", deal)["ContactId"])

    assert found == [contact, None, None]


def test_a_campaign_has_one_default_status(admin: Caller, campaign: str) -> None:
    admin.create("CampaignMemberStatus", CampaignId=campaign, Label="Attended", IsDefault=True, HasResponded=True)

    assert {label for label, row in statuses(admin, campaign).items() if row["IsDefault"]} == {"Attended"}


def test_a_status_is_appended_and_known_once(admin: Caller, campaign: str) -> None:
    status = admin.create("CampaignMemberStatus", CampaignId=campaign, Label="Attended")

    (error,) = admin.refused("CampaignMemberStatus", CampaignId=campaign, Label="attended")

    assert admin.get("CampaignMemberStatus", status)["SortOrder"] == 3
    assert error["errorCode"] == "DUPLICATE_VALUE"


def test_members_follow_their_status(admin: Caller, campaign: str) -> None:
    contact = admin.create("Contact", LastName="A")
    member = admin.create("CampaignMember", CampaignId=campaign, ContactId=contact, Status="Responded")
    status = statuses(admin, campaign)["Responded"]["Id"]
    seen = []

    admin.update("CampaignMemberStatus", status, Label="Came")
    seen.append(admin.get("CampaignMember", member))
    admin.update("CampaignMemberStatus", status, HasResponded=False)
    seen.append(admin.get("CampaignMember", member))
    admin.delete("CampaignMemberStatus", status)
    seen.append(admin.get("CampaignMember", member))

    assert [(row["Status"], row["HasResponded"]) for row in seen] == [("Came", True), ("Came", False), ("Sent", False)]


def test_the_default_status_cannot_be_deleted(admin: Caller, campaign: str) -> None:
    answer = admin.ask("DELETE", f"sobjects/CampaignMemberStatus/{statuses(admin, campaign)['Sent']['Id']}")

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "DELETE_FAILED")


def test_a_member_is_a_lead_or_a_contact(admin: Caller, campaign: str) -> None:
    lead = admin.create("Lead", LastName="L", Company="C")
    contact = admin.create("Contact", LastName="A")

    (error,) = admin.refused("CampaignMember", CampaignId=campaign, LeadId=lead, ContactId=contact)

    assert error["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_a_member_shows_the_person(admin: Caller, campaign: str) -> None:
    lead = admin.create("Lead", LastName="L", Company="C", City="Bilbao", DoNotCall=True, LeadSource="Web")

    body = admin.get("CampaignMember", admin.create("CampaignMember", CampaignId=campaign, LeadId=lead))

    wanted = {"City": "Bilbao", "DoNotCall": True, "LeadSource": "Web", "CompanyOrAccount": "C", "Type": "Lead"}
    assert {name: body[name] for name in wanted} == wanted


def test_campaigns_are_for_marketing_users(admin: Caller, rep: Caller) -> None:
    me = rep.rows("SELECT Id FROM User WHERE Username LIKE 'sol.%'")[0]["Id"]
    admin.update("User", me, UserPermissionsMarketingUser=False)

    (error,) = rep.refused("Campaign", Name="C")

    assert error["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


@pytest.mark.parametrize(
    ("name", "lookup", "given"),
    [
        ("Account", "ParentId", {"Name": "x"}),
        ("Campaign", "ParentId", {"Name": "x"}),
        ("Contact", "ReportsToId", {"LastName": "x"}),
    ],
)
def test_nobody_is_above_oneself(admin: Caller, name: str, lookup: str, given: dict[str, Any]) -> None:
    top = admin.create(name, **given)
    middle = admin.create(name, **given, **{lookup: top})
    bottom = admin.create(name, **given, **{lookup: middle})

    for parent in (top, middle, bottom):
        answer = admin.ask("PATCH", f"sobjects/{name}/{top}", {lookup: parent})
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "CIRCULAR_DEPENDENCY")
