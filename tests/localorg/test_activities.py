"""Tasks and events beyond their first rules: accounts, whole days, invitees."""

from typing import Any

import pytest

from tests.localorg.client import Caller, Json

START = "2026-03-04T10:00:00Z"


def shown(admin: Caller, name: str, record_id: str, *fields: str) -> tuple[Any, ...]:
    body = admin.get(name, record_id)
    return tuple(body[field] for field in fields)


@pytest.fixture
def colleague(admin: Caller) -> str:
    return admin.rows("SELECT Id FROM User WHERE Username LIKE 'sol.%'")[0]["Id"]


def test_an_activity_about_a_campaign_belongs_to_the_contacts_account(admin: Caller) -> None:
    account, campaign = admin.create("Account", Name="A"), admin.create("Campaign", Name="C")
    contact = admin.create("Contact", LastName="C", AccountId=account)

    task = admin.create("Task", WhoId=contact, WhatId=campaign)

    assert shown(admin, "Task", task, "AccountId") == (account,)


def test_an_activity_about_a_deal_without_account_has_none(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="C", AccountId=admin.create("Account", Name="A"))
    deal = admin.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-01-01")

    assert shown(admin, "Task", admin.create("Task", WhoId=contact, WhatId=deal), "AccountId") == (None,)


@pytest.mark.parametrize("name", ["Task", "Event"])
def test_recurring_activities_are_refused_rather_than_stored_as_if(admin: Caller, name: str) -> None:
    (error,) = (
        admin.refused(name, IsRecurrence=True, StartDateTime=START, DurationInMinutes=5)
        if name == "Event"
        else (admin.refused(name, IsRecurrence=True))
    )

    assert (error["errorCode"], error["fields"]) == ("FIELD_INTEGRITY_EXCEPTION", ["IsRecurrence"])


def test_the_subtype_is_chosen_once(admin: Caller) -> None:
    task = admin.create("Task", TaskSubtype="ListEmail")

    answer = admin.ask("PATCH", f"sobjects/Task/{task}", {"TaskSubtype": "Call"})

    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert shown(admin, "Task", task, "TaskSubtype") == ("ListEmail",)


def test_without_shared_activities_there_are_no_lists_of_people(admin: Caller) -> None:
    names = {field["name"] for field in admin.ask("GET", "sobjects/Task/describe").json()["fields"]}

    assert not names & {"TaskWhoIds", "WhoCount", "WhatCount"}
    assert admin.ask("GET", "sobjects/TaskRelation/describe").status_code == 404


def test_an_archived_task_is_seen_by_query_all_only(admin: Caller) -> None:
    soql = "SELECT COUNT() FROM Task WHERE IsArchived = true"

    assert admin.query(soql)["totalSize"] == 0
    assert admin.query(soql, "queryAll")["totalSize"] > 0


@pytest.mark.parametrize(
    ("given", "last", "minutes"),
    [
        ({}, "2026-03-04", 1440),
        ({"DurationInMinutes": 2880}, "2026-03-05", 2880),
        ({"EndDateTime": "2026-03-06T00:00:00Z"}, "2026-03-06", 4320),
        ({"EndDateTime": "2026-03-06T17:30:00Z"}, "2026-03-06", 4320),
    ],
)
def test_whole_days_end_on_their_last_day(admin: Caller, given: Json, last: str, minutes: int) -> None:
    event = admin.create("Event", IsAllDayEvent=True, ActivityDate="2026-03-04", **given)

    assert shown(admin, "Event", event, "EndDate", "EndDateTime", "DurationInMinutes") == (
        last,
        f"{last}T00:00:00.000+0000",
        minutes,
    )


@pytest.mark.parametrize(
    "given",
    [
        {"IsAllDayEvent": True, "ActivityDate": "2026-03-04", "EndDateTime": "2026-03-03T00:00:00Z"},
        {"IsAllDayEvent": True, "ActivityDate": "2026-03-04", "EndDateTime": "2026-04-03T00:00:00Z"},
        {"StartDateTime": START, "ActivityDateTime": "2026-03-04T11:00:00Z", "DurationInMinutes": 5},
        {"StartDateTime": START, "DurationInMinutes": -5},
        {"StartDateTime": "9999-12-31T23:59:59Z", "DurationInMinutes": 20},
        {"StartDateTime": START, "DurationInMinutes": 99_999_999},
    ],
)
def test_times_that_contradict_each_other_are_refused(admin: Caller, given: Json) -> None:
    assert [error["errorCode"] for error in admin.refused("Event", **given)] == ["FIELD_INTEGRITY_EXCEPTION"]


def test_an_event_can_become_one_of_a_whole_day_and_back(admin: Caller) -> None:
    event = admin.create("Event", StartDateTime=START, DurationInMinutes=30)

    admin.update("Event", event, IsAllDayEvent=True, ActivityDate="2026-03-05")
    whole = shown(admin, "Event", event, "ActivityDateTime", "StartDateTime", "DurationInMinutes")
    admin.update("Event", event, IsAllDayEvent=False, StartDateTime=START, DurationInMinutes=45)

    assert whole == (None, "2026-03-05T00:00:00.000+0000", 1440)
    assert shown(admin, "Event", event, "EndDateTime", "DurationInMinutes") == ("2026-03-04T10:45:00.000+0000", 45)


def test_an_invited_user_has_an_event_that_follows_the_first(admin: Caller, colleague: str) -> None:
    event = admin.create("Event", Subject="Meeting of two", StartDateTime=START, DurationInMinutes=30)
    relation = admin.create("EventRelation", EventId=event, RelationId=colleague)

    admin.update("Event", event, Location="Room 1")
    children = admin.rows("SELECT Id, OwnerId, Location FROM Event WHERE Subject = 'Meeting of two' AND IsChild = true")

    assert [(row["OwnerId"], row["Location"]) for row in children] == [(colleague, "Room 1")]
    assert shown(admin, "Event", event, "IsGroupEvent", "GroupEventType", "IsChild") == (True, "1", False)
    assert shown(admin, "EventRelation", relation, "Status") == ("New",)


def test_invitations_and_their_events_go_and_come_with_the_event(admin: Caller, colleague: str) -> None:
    event = admin.create("Event", Subject="Meeting of two", StartDateTime=START, DurationInMinutes=30)
    admin.create("EventRelation", EventId=event, RelationId=colleague)
    count = "SELECT COUNT() FROM Event WHERE Subject = 'Meeting of two'"

    admin.delete("Event", event)
    gone = admin.query(count)["totalSize"]
    admin.control("undelete", {"ids": [event]}).raise_for_status()

    assert (gone, admin.query(count)["totalSize"]) == (0, 2)


def test_somebody_is_invited_once_and_may_be_a_contact(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="C")
    event = admin.create("Event", Subject="Meeting of two", StartDateTime=START, DurationInMinutes=30)
    admin.create("EventRelation", EventId=event, RelationId=contact, Status="Accepted")

    (error,) = admin.refused("EventRelation", EventId=event, RelationId=contact)

    assert error["errorCode"] == "DUPLICATE_VALUE"
    assert admin.query("SELECT COUNT() FROM Event WHERE Subject = 'Meeting of two'")["totalSize"] == 1


def test_an_open_or_overdue_task_shows_on_its_deal(admin: Caller) -> None:
    deal = admin.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-01-01")
    before = shown(admin, "Opportunity", deal, "HasOpenActivity", "HasOverdueTask")

    admin.create("Task", WhatId=deal, ActivityDate="2020-01-01")

    assert before == (False, False)
    assert shown(admin, "Opportunity", deal, "HasOpenActivity", "HasOverdueTask") == (True, True)
