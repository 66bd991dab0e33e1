"""Deleting, merging, converting, and what becomes of everything around."""

import pytest

from tests.localorg.client import Caller


def test_a_deleted_record_is_gone_for_rows(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="A")
    admin.delete("Contact", record_id)

    for method, body in (("GET", None), ("PATCH", {"Title": "x"}), ("DELETE", None)):
        answer = admin.ask(method, f"sobjects/Contact/{record_id}", body)
        assert answer.status_code == 404
        assert answer.json() == [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}]


def test_a_deleted_parent_cannot_be_pointed_at(admin: Caller) -> None:
    account = admin.create("Account", Name="A")
    admin.delete("Account", account)

    (error,) = admin.refused("Contact", LastName="A", AccountId=account)

    assert error["errorCode"] == "ENTITY_IS_DELETED"


def test_an_account_takes_its_contacts_and_deals_along_and_brings_them_back(admin: Caller) -> None:
    account = admin.create("Account", Name="A")
    contact = admin.create("Contact", LastName="A", AccountId=account)
    deal = admin.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-01-01", AccountId=account)

    admin.delete("Account", account)
    gone = admin.rows(f"SELECT Id FROM Contact WHERE IsDeleted = true AND Id = '{contact}'", "queryAll")
    assert len(gone) == 1
    assert admin.rows(f"SELECT Id FROM Opportunity WHERE Id = '{deal}'") == []

    assert admin.control("undelete", {"ids": [account]}).status_code == 200
    assert admin.get("Contact", contact)["AccountId"] == account
    assert admin.get("Opportunity", deal)["IsDeleted"] is False


def test_an_activity_lives_on_with_whoever_else_it_is_about(admin: Caller) -> None:
    account = admin.create("Account", Name="A")
    contact = admin.create("Contact", LastName="A")
    shared, own = admin.create("Task", WhoId=contact, WhatId=account), admin.create("Task", WhoId=contact)

    admin.delete("Contact", contact)

    assert admin.get("Task", shared)["WhoId"] is None
    assert admin.ask("GET", f"sobjects/Task/{own}").status_code == 404


def test_a_unique_value_in_the_bin_can_be_used_again(admin: Caller) -> None:
    first = admin.create("Contact", LastName="A", Tandem_Id__c="x")
    admin.delete("Contact", first)

    assert admin.create("Contact", LastName="B", Tandem_Id__c="x") != first


def test_merged_losers_point_at_the_master_who_gets_their_children(admin: Caller) -> None:
    master, *losers = (admin.create("Contact", LastName=name) for name in "ABC")
    task = admin.create("Task", WhoId=losers[0])

    assert admin.control("merge", {"object": "Contact", "master": master, "losers": losers}).status_code == 200

    found = admin.rows(
        "SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true AND MasterRecordId != null", "queryAll"
    )
    assert {row["Id"]: row["MasterRecordId"] for row in found} == dict.fromkeys(losers, master)
    assert admin.get("Task", task)["WhoId"] == master


def test_a_merge_keeps_one_membership_of_each_campaign(admin: Caller) -> None:
    campaign = admin.create("Campaign", Name="C")
    master, loser = (admin.create("Contact", LastName=name) for name in "AB")
    for person in (master, loser):
        admin.create("CampaignMember", CampaignId=campaign, ContactId=person)

    admin.control("merge", {"object": "Contact", "master": master, "losers": [loser]})

    assert [
        row["ContactId"] for row in admin.rows(f"SELECT ContactId FROM CampaignMember WHERE CampaignId = '{campaign}'")
    ] == [master]


def test_a_converted_lead_points_at_what_it_became_and_is_closed(admin: Caller) -> None:
    lead = admin.create(
        "Lead", LastName="L", FirstName="Lea", Company="Acme", Email="l@x.example", LinkedIn_URL__c="https://l.example"
    )
    task = admin.create("Task", WhoId=lead)

    made = admin.control("convert", {"lead": lead, "opportunity": True}).json()

    body = admin.get("Lead", lead)
    assert {name: body[name] for name in made} == made
    assert (body["IsConverted"], body["Status"]) == (True, "Closed - Converted")
    contact = admin.get("Contact", made["ConvertedContactId"])
    assert (contact["Name"], contact["Email"], contact["AccountId"]) == (
        "Lea L",
        "l@x.example",
        made["ConvertedAccountId"],
    )
    assert contact["LinkedIn_URL__c"] == "https://l.example"
    assert admin.get("Task", task)["WhoId"] == made["ConvertedContactId"]
    answer = admin.ask("PATCH", f"sobjects/Lead/{lead}", {"Title": "x"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")


def test_a_lead_can_be_converted_into_a_known_contact(admin: Caller) -> None:
    account = admin.create("Account", Name="Acme")
    contact = admin.create("Contact", LastName="L", AccountId=account)
    lead = admin.create("Lead", LastName="L", Company="Acme")

    made = admin.control("convert", {"lead": lead, "contact": contact}).json()

    assert made == {"ConvertedAccountId": account, "ConvertedContactId": contact, "ConvertedOpportunityId": None}


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("merge", {"object": "Contact", "master": "003Lo0zzzzzzzzz", "losers": ["003Lo0zzzzzzzzy"]}),
        ("merge", {"object": "Task", "master": "00TLo0zzzzzzzzz", "losers": ["00TLo0zzzzzzzzy"]}),
        ("convert", {"lead": "00QLo0zzzzzzzzz"}),
        ("undelete", {"ids": ["003Lo0zzzzzzzzz"]}),
        ("merge", {}),
    ],
)
def test_control_actions_on_nothing_are_refused(admin: Caller, action: str, body: object) -> None:
    assert admin.control(action, body).status_code in (400, 404)


def test_a_reset_brings_the_seed_back_and_keeps_tokens(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="A")

    admin.control("reset")

    assert admin.query("SELECT COUNT() FROM Contact")["totalSize"] == 2000
    assert admin.ask("GET", f"sobjects/Contact/{record_id}").status_code == 404
    assert admin.create("Contact", LastName="A") != record_id


def test_a_companion_does_not_come_back_without_its_parent(admin: Caller) -> None:
    account = admin.create("Account", Name="A")
    contact = admin.create("Contact", LastName="A", AccountId=account)
    admin.delete("Account", account)

    answer = admin.control("undelete", {"ids": [contact]})

    assert answer.json()[0]["errorCode"] == "UNDELETE_FAILED"


def test_a_record_comes_back_without_a_parent_that_is_gone(admin: Caller) -> None:
    account = admin.create("Account", Name="A")
    contact = admin.create("Contact", LastName="A", AccountId=account)
    admin.delete("Contact", contact)
    admin.delete("Account", account)

    admin.control("undelete", {"ids": [contact]}).raise_for_status()

    assert admin.get("Contact", contact)["AccountId"] is None


def test_those_who_pointed_at_a_record_do_so_again_unless_they_point_elsewhere(admin: Caller) -> None:
    contact, other = (admin.create("Contact", LastName=name) for name in "AB")
    account = admin.create("Account", Name="A")
    same, moved = (admin.create("Task", WhoId=contact, WhatId=account) for _ in range(2))
    admin.delete("Contact", contact)
    admin.update("Task", moved, WhoId=other)

    admin.control("undelete", {"ids": [contact]}).raise_for_status()

    assert [admin.get("Task", task)["WhoId"] for task in (same, moved)] == [contact, other]


def test_a_unique_value_that_was_taken_meanwhile_stands_in_the_way(admin: Caller) -> None:
    first = admin.create("Contact", LastName="A", Tandem_Id__c="x")
    admin.delete("Contact", first)
    admin.create("Contact", LastName="B", Tandem_Id__c="x")

    answer = admin.control("undelete", {"ids": [first]})

    assert answer.json()[0]["errorCode"] == "DUPLICATE_VALUE"


@pytest.mark.parametrize("name", ["OpportunityContactRole", "CampaignMember"])
def test_some_never_come_back(admin: Caller, name: str) -> None:
    contact = admin.create("Contact", LastName="A")
    if name == "CampaignMember":
        record_id = admin.create(name, CampaignId=admin.create("Campaign", Name="C"), ContactId=contact)
    else:
        deal = admin.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-01-01")
        record_id = admin.create(name, OpportunityId=deal, ContactId=contact)
    admin.delete(name, record_id)

    assert admin.control("undelete", {"ids": [record_id]}).json()[0]["errorCode"] == "UNDELETE_FAILED"


def test_an_account_that_something_was_sold_to_stays(admin: Caller) -> None:
    account = admin.create("Account", Name="Acme")
    deal = admin.create("Opportunity", Name="D", StageName="Closed Won", CloseDate="2026-01-01", AccountId=account)

    refused = admin.ask("DELETE", f"sobjects/Account/{account}")
    admin.delete("Opportunity", deal)
    admin.delete("Account", account)

    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "DELETE_FAILED")


def test_the_loser_of_a_merge_comes_back_alone(admin: Caller) -> None:
    master, loser = (admin.create("Contact", LastName=name) for name in "AB")
    task = admin.create("Task", WhoId=loser)
    admin.control("merge", {"object": "Contact", "master": master, "losers": [loser]}).raise_for_status()

    admin.control("undelete", {"ids": [loser]}).raise_for_status()

    body = admin.get("Contact", loser)
    assert (body["IsDeleted"], body["MasterRecordId"]) == (False, None)
    assert admin.get("Task", task)["WhoId"] == master


def test_a_merge_takes_the_values_that_were_chosen_even_unique_ones(admin: Caller) -> None:
    master = admin.create("Contact", LastName="A", Tandem_Id__c="m")
    loser = admin.create("Contact", LastName="B", Title="CEO", Tandem_Id__c="l")
    fields = {"Title": "CEO", "Tandem_Id__c": "l"}

    body = {"object": "Contact", "master": master, "losers": [loser], "fields": fields}
    admin.control("merge", body).raise_for_status()

    kept = admin.get("Contact", master)
    assert (kept["LastName"], kept["Title"], kept["Tandem_Id__c"]) == ("A", "CEO", "l")


def test_nobody_is_a_child_of_oneself_after_a_merge(admin: Caller) -> None:
    loser = admin.create("Account", Name="Above")
    master = admin.create("Account", Name="Below", ParentId=loser)

    admin.control("merge", {"object": "Account", "master": master, "losers": [loser]}).raise_for_status()

    assert admin.get("Account", master)["ParentId"] is None


def test_a_merge_keeps_one_link_to_each_file(admin: Caller) -> None:
    master, loser = (admin.create("Account", Name=name) for name in "AB")
    note = admin.create("ContentNote", Title="T", Content="eA==")
    for record_id in (master, loser):
        admin.create("ContentDocumentLink", ContentDocumentId=note, LinkedEntityId=record_id)

    admin.control("merge", {"object": "Account", "master": master, "losers": [loser]}).raise_for_status()

    rows = admin.rows(f"SELECT Id FROM ContentDocumentLink WHERE LinkedEntityId = '{master}'")
    assert len(rows) == 1


@pytest.mark.parametrize("losers", [[], ["a", "b", "c"], ["a", "a"], ["master"]])
def test_a_merge_is_of_two_or_three_different_records(admin: Caller, losers: list[str]) -> None:
    known = {name: admin.create("Contact", LastName=name) for name in ("master", "a", "b", "c")}

    body = {"object": "Contact", "master": known["master"], "losers": [known[name] for name in losers]}

    assert admin.control("merge", body).json()[0]["errorCode"] == "INVALID_OPERATION"


def test_a_converted_lead_is_merged_with_nobody(admin: Caller) -> None:
    first, second = (admin.create("Lead", LastName=name, Company="C") for name in "AB")
    admin.control("convert", {"lead": second})

    answer = admin.control("merge", {"object": "Lead", "master": first, "losers": [second]})

    assert answer.json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_the_bin_keeps_records_for_fifteen_days(admin: Caller) -> None:
    admin.control("settings", {"session_seconds": 10**8}).raise_for_status()
    contact = admin.create("Contact", LastName="Old")
    account = admin.create("Account", Name="A")
    note = admin.create("ContentNote", Title="T", Content="eA==")
    for name, record_id in (("Contact", contact), ("ContentNote", note)):
        admin.delete(name, record_id)
    seen = []

    for days in (14, 2):
        admin.control("clock", {"advance": days * 86_400}).raise_for_status()
        seen.append(len(admin.rows(f"SELECT Id FROM Contact WHERE Id = '{contact}'", "queryAll")))

    assert seen == [1, 0]
    assert admin.control("undelete", {"ids": [note]}).json()[0]["errorCode"] == "UNDELETE_FAILED"
    answer = admin.ask("PATCH", f"sobjects/Contact/{contact}", {"LastName": "x"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "INVALID_CROSS_REFERENCE_KEY")
    assert admin.get("Account", account)["Name"] == "A"
