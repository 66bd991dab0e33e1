"""What objects do by themselves: stages, activities, campaigns, converted leads."""

from typing import Any

import pytest

from tests.localorg.client import Caller, Json

CLOSE = "2026-05-20"


def opportunity(admin: Caller, **fields: Any) -> str:
    return admin.create("Opportunity", **({"Name": "Deal", "StageName": "Prospecting", "CloseDate": CLOSE} | fields))


def shown(admin: Caller, name: str, record_id: str, *fields: str) -> tuple[Any, ...]:
    body = admin.get(name, record_id)
    return tuple(body[field] for field in fields)


@pytest.mark.parametrize(
    ("stage", "derived"),
    [
        ("Prospecting", (10.0, "Pipeline", "Pipeline", False, False)),
        ("Closed Won", (100.0, "Closed", "Closed", True, True)),
        ("Closed Lost", (0.0, "Omitted", "Omitted", True, False)),
    ],
)
def test_the_stage_decides_the_forecast(admin: Caller, stage: str, derived: tuple[Any, ...]) -> None:
    record_id = opportunity(admin)

    admin.update("Opportunity", record_id, StageName=stage)

    fields = ("Probability", "ForecastCategoryName", "ForecastCategory", "IsClosed", "IsWon")
    assert shown(admin, "Opportunity", record_id, *fields) == derived


def test_a_probability_that_was_given_stays(admin: Caller) -> None:
    record_id = opportunity(admin, StageName="Qualification", Probability=35, Amount=1000)

    assert shown(admin, "Opportunity", record_id, "Probability", "ExpectedRevenue") == (35.0, 350.0)


def test_any_stage_is_stored_for_the_picklist_is_not_restricted(admin: Caller) -> None:
    record_id = opportunity(admin, StageName="Our own stage")

    assert shown(admin, "Opportunity", record_id, "StageName", "IsClosed") == ("Our own stage", False)


def test_the_fiscal_period_follows_the_close_date(admin: Caller) -> None:
    assert shown(admin, "Opportunity", opportunity(admin), "FiscalYear", "FiscalQuarter", "Fiscal") == (
        2026,
        2,
        "2026 2",
    )


def test_a_contact_given_on_create_gets_the_primary_role(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="A")
    record_id = opportunity(admin, ContactId=contact)

    (role,) = admin.rows(f"SELECT ContactId, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = '{record_id}'")

    assert (role["ContactId"], role["IsPrimary"]) == (contact, True)


def test_a_new_primary_role_clears_the_old_one(admin: Caller) -> None:
    record_id = opportunity(admin)
    people = [admin.create("Contact", LastName=name) for name in "AB"]
    for person in people:
        admin.create("OpportunityContactRole", OpportunityId=record_id, ContactId=person, IsPrimary=True)

    roles = admin.rows(
        f"SELECT ContactId, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = '{record_id}' ORDER BY Id"
    )

    assert [role["IsPrimary"] for role in roles] == [False, True]


@pytest.mark.parametrize("amount", [1e16, "99999999999999999"])
def test_amounts_beyond_the_field_are_refused(admin: Caller, amount: Any) -> None:
    (error,) = admin.refused("Opportunity", Name="D", StageName="P", CloseDate=CLOSE, Amount=amount)

    assert error["errorCode"] == "NUMBER_OUTSIDE_VALID_RANGE"


def test_amounts_are_rounded_to_their_scale(admin: Caller) -> None:
    assert shown(admin, "Opportunity", opportunity(admin, Amount=10.005), "Amount") == (10.01,)


def test_a_task_begins_with_its_defaults_and_closes_by_its_status(admin: Caller) -> None:
    fields = ("Status", "Priority", "TaskSubtype", "IsClosed", "IsHighPriority", "CompletedDateTime")
    record_id = admin.create("Task", Subject="Call")
    assert shown(admin, "Task", record_id, *fields) == ("Not Started", "Normal", "Task", False, False, None)

    admin.update("Task", record_id, Status="Completed", Priority="High")
    closed = admin.get("Task", record_id)
    assert closed["IsClosed"] is closed["IsHighPriority"] is True
    assert closed["CompletedDateTime"] == closed["LastModifiedDate"]

    admin.update("Task", record_id, Status="In Progress")
    assert shown(admin, "Task", record_id, "IsClosed", "CompletedDateTime") == (False, None)


def test_a_task_belongs_to_the_account_of_what_it_is_about(admin: Caller) -> None:
    account, other = (admin.create("Account", Name=name) for name in "AB")
    contact = admin.create("Contact", LastName="A", AccountId=account)
    deal = opportunity(admin, AccountId=other)

    by_contact, by_deal = admin.create("Task", WhoId=contact), admin.create("Task", WhoId=contact, WhatId=deal)

    assert shown(admin, "Task", by_contact, "AccountId") == (account,)
    assert shown(admin, "Task", by_deal, "AccountId") == (other,)


@pytest.mark.parametrize("kind", ["Task", "Event"])
def test_an_activity_with_a_lead_is_about_nothing_else(admin: Caller, kind: str) -> None:
    lead, account = admin.create("Lead", LastName="L", Company="C"), admin.create("Account", Name="A")

    (error,) = admin.refused(kind, WhoId=lead, WhatId=account)

    assert error["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_a_finished_task_shows_on_the_contact_without_touching_it(admin: Caller) -> None:
    contact = admin.rows("SELECT Id, SystemModstamp FROM Contact WHERE SystemModstamp < 2026-01-01T00:00:00Z LIMIT 1")[
        0
    ]

    admin.create("Task", WhoId=contact["Id"], Status="Completed", ActivityDate="2026-02-03")

    after = admin.get("Contact", contact["Id"])
    assert (after["LastActivityDate"], after["SystemModstamp"]) == ("2026-02-03", contact["SystemModstamp"])


@pytest.mark.parametrize(
    "given",
    [
        {"StartDateTime": "2026-03-04T10:00:00Z", "EndDateTime": "2026-03-04T10:45:00Z"},
        {"StartDateTime": "2026-03-04T10:00:00Z", "DurationInMinutes": 45},
        {"ActivityDateTime": "2026-03-04T10:00:00Z", "DurationInMinutes": 45},
    ],
)
def test_an_event_knows_its_end_from_its_length_and_back(admin: Caller, given: Json) -> None:
    record_id = admin.create("Event", Subject="Meeting", **given)

    fields = ("StartDateTime", "EndDateTime", "DurationInMinutes", "ActivityDate", "ShowAs")
    wanted = ("2026-03-04T10:00:00.000+0000", "2026-03-04T10:45:00.000+0000", 45, "2026-03-04", "Busy")
    assert shown(admin, "Event", record_id, *fields) == wanted


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"StartDateTime": "2026-03-04T10:00:00Z"}, "REQUIRED_FIELD_MISSING"),
        ({"IsAllDayEvent": True}, "REQUIRED_FIELD_MISSING"),
        ({"StartDateTime": "2026-03-04T10:00:00Z", "EndDateTime": "2026-03-04T09:00:00Z"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"StartDateTime": "2026-03-04T10:00:00Z", "DurationInMinutes": 20161}, "FIELD_INTEGRITY_EXCEPTION"),
        (
            {"StartDateTime": "2026-03-04T10:00:00Z", "EndDateTime": "2026-03-04T11:00:00Z", "DurationInMinutes": 5},
            "FIELD_INTEGRITY_EXCEPTION",
        ),
    ],
)
def test_events_without_a_sound_time_are_refused(admin: Caller, given: Json, code: str) -> None:
    assert [error["errorCode"] for error in admin.refused("Event", Subject="x", **given)] == [code]


def test_an_all_day_event_has_a_date_and_no_time(admin: Caller) -> None:
    record_id = admin.create("Event", Subject="x", IsAllDayEvent=True, ActivityDate="2026-03-04")

    found = shown(admin, "Event", record_id, "ActivityDateTime", "StartDateTime", "DurationInMinutes")
    assert found == (None, "2026-03-04T00:00:00.000+0000", 1440)


def test_a_campaign_comes_with_its_member_statuses(admin: Caller) -> None:
    campaign = admin.create("Campaign", Name="Spring")

    rows = admin.rows(
        "SELECT Label, IsDefault, HasResponded FROM CampaignMemberStatus "
        f"WHERE CampaignId = '{campaign}' ORDER BY SortOrder"
    )

    assert [(r["Label"], r["IsDefault"], r["HasResponded"]) for r in rows] == [
        ("Sent", True, False),
        ("Responded", False, True),
    ]


def test_a_person_is_a_member_once_with_a_status_of_the_campaign(admin: Caller) -> None:
    campaign, contact = admin.create("Campaign", Name="Spring"), admin.create("Contact", LastName="A", FirstName="Ana")
    member = admin.create("CampaignMember", CampaignId=campaign, ContactId=contact, Status="No such status")

    (error,) = admin.refused("CampaignMember", CampaignId=campaign, ContactId=contact)
    admin.update("CampaignMember", member, Status="Responded")

    assert (error["errorCode"], error["message"]) == ("DUPLICATE_VALUE", "Already a campaign member.")
    assert shown(admin, "CampaignMember", member, "Status", "HasResponded", "Name", "Type") == (
        "Responded",
        True,
        "Ana A",
        "Contact",
    )
    assert shown(admin, "Campaign", campaign, "NumberOfContacts", "NumberOfResponses") == (1, 1)


def test_a_lead_begins_open_and_unread(admin: Caller) -> None:
    record_id = admin.create("Lead", LastName="L", Company="C")

    assert shown(admin, "Lead", record_id, "Status", "IsUnreadByOwner", "IsConverted") == (
        "Open - Not Contacted",
        True,
        False,
    )


def test_a_required_field_with_a_default_cannot_be_emptied(admin: Caller) -> None:
    record_id = admin.create("Lead", LastName="L", Company="C")

    answer = admin.ask("PATCH", f"sobjects/Lead/{record_id}", {"Status": None, "Company": ""})

    assert answer.json()[0]["fields"] == ["Company", "Status"]


def test_a_restricted_value_is_stored_as_its_administrator_spelt_it(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="A", Level__c="primary")

    assert shown(admin, "Contact", record_id, "Level__c") == ("Primary",)


@pytest.mark.parametrize("day", ["1699-12-31", "4001-01-01"])
def test_days_that_no_calendar_of_the_org_has_are_refused(admin: Caller, day: str) -> None:
    (error,) = admin.refused("Contact", LastName="A", Birthdate=day)

    assert (error["errorCode"], error["fields"]) == ("NUMBER_OUTSIDE_VALID_RANGE", ["Birthdate"])
