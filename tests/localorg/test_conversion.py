"""What a lead becomes: the documented effects of convertLead() and of the button in Salesforce."""

from datetime import date
from typing import Any

import pytest

from tests.localorg.client import Caller, Json

PERSON = {"FirstName": "Lea", "LastName": "Lindt", "Company": "Acme", "Email": "lea@acme.example"}


@pytest.fixture
def lead(admin: Caller) -> str:
    more = {"Phone": "1", "LeadSource": "Web", "Industry": "Retail", "City": "Bilbao", "DoNotCall": True}
    return admin.create("Lead", **PERSON, **more)


def convert(admin: Caller, lead: str, **more: Any) -> Json:
    answer = admin.control("convert", {"lead": lead, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def user(admin: Caller, name: str) -> str:
    return admin.rows(f"SELECT Id FROM User WHERE Username LIKE '{name}%'")[0]["Id"]


def test_account_and_contact_get_what_the_lead_knew(admin: Caller, lead: str) -> None:
    made = convert(admin, lead)

    account = admin.get("Account", made["ConvertedAccountId"])
    contact = admin.get("Contact", made["ConvertedContactId"])
    told = {"Name": "Acme", "Phone": "1", "AccountSource": "Web", "Industry": "Retail", "BillingCity": "Bilbao"}
    assert {name: account[name] for name in told} == told
    told = {"Name": "Lea Lindt", "Email": "lea@acme.example", "MailingCity": "Bilbao", "DoNotCall": True}
    assert {name: contact[name] for name in told} == told
    assert made["ConvertedOpportunityId"] is None


def test_only_empty_fields_of_known_records_are_filled(admin: Caller, lead: str) -> None:
    account = admin.create("Account", Name="Acme Ltd", Phone="2")
    contact = admin.create("Contact", LastName="Lindt-Roth", Title="CEO", LeadSource="Other")

    convert(admin, lead, account=account, contact=contact)

    known = admin.get("Account", account)
    assert (known["Name"], known["Phone"], known["Industry"]) == ("Acme Ltd", "2", "Retail")
    known = admin.get("Contact", contact)
    assert (known["LastName"], known["Email"], known["LeadSource"]) == ("Lindt-Roth", "lea@acme.example", "Other")
    assert known["AccountId"] == account


def test_the_lead_source_overwrites_if_asked(admin: Caller, lead: str) -> None:
    contact = admin.create("Contact", LastName="L", LeadSource="Other", AccountId=admin.create("Account", Name="A"))

    convert(admin, lead, contact=contact, overwrite_source=True)

    assert admin.get("Contact", contact)["LeadSource"] == "Web"


def test_the_deal_ends_with_the_quarter_and_is_the_contacts(admin: Caller, lead: str) -> None:
    campaigns = [admin.create("Campaign", Name=name) for name in "AB"]
    for campaign in campaigns:
        admin.create("CampaignMember", CampaignId=campaign, LeadId=lead)

    made = convert(admin, lead, opportunity=True)

    deal = admin.get("Opportunity", made["ConvertedOpportunityId"])
    day = date.fromisoformat(deal["CloseDate"])
    assert (deal["Name"], deal["StageName"], deal["LeadSource"]) == ("Acme-", "Prospecting", "Web")
    assert (day.month % 3, date.fromordinal(day.toordinal() + 1).day) == (0, 1)
    assert (deal["ContactId"], deal["CampaignId"]) == (made["ConvertedContactId"], campaigns[-1])


@pytest.mark.parametrize("opportunity", [True, False])
def test_activities_follow_the_person_and_are_about_what_was_made(admin: Caller, lead: str, opportunity: bool) -> None:
    task = admin.create("Task", WhoId=lead)
    event = admin.create("Event", WhoId=lead, StartDateTime="2026-03-04T10:00:00Z", DurationInMinutes=5)

    made = convert(admin, lead, opportunity=opportunity)

    about = made["ConvertedOpportunityId"] or made["ConvertedAccountId"]
    for body in (admin.get("Task", task), admin.get("Event", event)):
        assert (body["WhoId"], body["WhatId"]) == (made["ConvertedContactId"], about)
        assert body["AccountId"] == made["ConvertedAccountId"]


def test_the_new_owner_gets_what_is_made_and_the_open_tasks_of_whoever_converts(admin: Caller, lead: str) -> None:
    owner = user(admin, "sol")
    still_open = admin.create("Task", WhoId=lead)
    done = admin.create("Task", WhoId=lead, Status="Completed")

    made = convert(admin, lead, owner=owner)

    assert admin.get("Account", made["ConvertedAccountId"])["OwnerId"] == owner
    assert admin.get("Task", still_open)["OwnerId"] == owner
    assert admin.get("Task", done)["OwnerId"] != owner


def test_a_queues_lead_needs_an_owner(admin: Caller, lead: str) -> None:
    queue = admin.create("Group", Name="Q", Type="Queue")
    admin.create("QueueSobject", QueueId=queue, SobjectType="Lead")
    admin.update("Lead", lead, OwnerId=queue)

    refused = admin.control("convert", {"lead": lead})

    assert refused.status_code == 400
    assert "Converted objects can only be owned by users." in refused.json()[0]["message"]
    assert convert(admin, lead, owner=user(admin, "sol"))["ConvertedContactId"]


@pytest.mark.parametrize("status", ["Open - Not Contacted", "nothing"])
def test_only_a_status_that_means_converted_will_do(admin: Caller, lead: str, status: str) -> None:
    (error,) = admin.control("convert", {"lead": lead, "status": status}).json()

    assert (error["errorCode"], error["message"]) == ("INVALID_STATUS", f"invalid convertedStatus: {status}")
    assert admin.get("Lead", lead)["IsConverted"] is False


def test_memberships_stay_the_leads_and_become_the_contacts(admin: Caller, lead: str) -> None:
    campaign = admin.create("Campaign", Name="C")
    member = admin.create("CampaignMember", CampaignId=campaign, LeadId=lead)

    made = convert(admin, lead)

    body = admin.get("CampaignMember", member)
    assert (body["LeadId"], body["ContactId"], body["Type"]) == (lead, made["ConvertedContactId"], "Contact")


def test_a_contact_who_is_in_the_campaign_already_is_there_once(admin: Caller, lead: str) -> None:
    campaign = admin.create("Campaign", Name="C")
    contact = admin.create("Contact", LastName="L", AccountId=admin.create("Account", Name="A"))
    admin.create("CampaignMember", CampaignId=campaign, LeadId=lead)
    admin.create("CampaignMember", CampaignId=campaign, ContactId=contact, Status="Responded")

    convert(admin, lead, contact=contact)

    rows = admin.rows(f"SELECT ContactId, Status FROM CampaignMember WHERE CampaignId = '{campaign}'")
    assert [(row["ContactId"], row["Status"]) for row in rows] == [(contact, "Responded")]


def test_notes_and_files_go_along(admin: Caller, lead: str) -> None:
    note = admin.create("Note", ParentId=lead, Title="T")
    document = admin.create("ContentNote", Title="T", Content="eA==")
    admin.create("ContentDocumentLink", ContentDocumentId=document, LinkedEntityId=lead)

    made = convert(admin, lead)

    rows = admin.rows(f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{document}'")
    assert admin.get("Note", note)["ParentId"] == made["ConvertedContactId"]
    assert {made["ConvertedContactId"], made["ConvertedAccountId"]} <= {row["LinkedEntityId"] for row in rows}


def test_a_contact_of_another_account_is_refused_and_nothing_is_made(admin: Caller, lead: str) -> None:
    account, other = (admin.create("Account", Name=name) for name in "AB")
    contact = admin.create("Contact", LastName="L", AccountId=other)

    answer = admin.control("convert", {"lead": lead, "account": account, "contact": contact})

    assert answer.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert admin.get("Account", account)["Phone"] is None


@pytest.mark.parametrize("name", ["Task", "CampaignMember"])
def test_a_converted_lead_cannot_be_pointed_at_anew(admin: Caller, lead: str, name: str) -> None:
    campaign = admin.create("Campaign", Name="C")
    convert(admin, lead)

    given = {"WhoId": lead} if name == "Task" else {"CampaignId": campaign, "LeadId": lead}
    (error,) = admin.refused(name, **given)

    assert error["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"
