"""Accounts, contacts, leads, deals, activities, campaigns; each a generator, so that any size fits into memory.

The n-th contact belongs to account n modulo the number of accounts: whoever needs a contact of an account can count.
"""

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from localorg import clock, ids
from localorg.dml.rules.opportunities import FORECAST_CATEGORY, RECORDED, fiscal
from localorg.dml.rules.people import full_name
from localorg.filling import FIRST_DAY
from localorg.seed import words
from localorg.setup.records import STAGES, user_id

Row = dict[str, Any]

DAYS = 900  # records were made on these days
IMPORT = 200  # so many neighbours were imported in the same second
OWNERS = [user_id(number) for number in (1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 8)]  # the last one has left
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other", None)
INDUSTRIES = (
    "Banking",
    "Biotechnology",
    "Consulting",
    "Education",
    "Energy",
    "Manufacturing",
    "Retail",
    "Technology",
    None,
)
ACCOUNT_TYPES = ("Prospect", "Customer - Direct", "Customer - Channel", "Technology Partner", None)
ACCOUNT_STATUSES = ("Target", "Working", "Customer", "Former Customer", None)
CONTACT_STATUSES = ("New", "Attempting", "Connected", "Qualified", "Unqualified", None)
LEVELS = ("Primary", "Secondary", "Tertiary", None, None)


@dataclass(frozen=True, slots=True)
class Size:
    contacts: int

    @property
    def accounts(self) -> int:
        return max(1, self.contacts // 10)

    @property
    def leads(self) -> int:
        return max(1, self.contacts // 4)

    @property
    def opportunities(self) -> int:
        return max(1, self.contacts * 15 // 100)

    @property
    def tasks(self) -> int:
        return self.contacts // 5

    @property
    def events(self) -> int:
        return self.contacts // 20

    @property
    def members(self) -> int:
        return self.contacts // 10


def accounts(size: Size) -> Iterator[Row]:
    chance = random.Random(1)
    for number in range(1, size.accounts + 1):
        name = company(number)
        city, state, code, country = chance.choice(words.PLACES)
        yield {
            "Name": name,
            "Type": chance.choice(ACCOUNT_TYPES),
            "Industry": chance.choice(INDUSTRIES),
            "Phone": _phone(chance),
            "Website": f"https://www.{domain(number)}" if number % 7 else None,
            "AnnualRevenue": float(chance.randrange(1, 900) * 100_000) if number % 5 else None,
            "NumberOfEmployees": chance.randrange(1, 5000) if number % 4 else None,
            "ParentId": ids.make("001", number - 1) if number % 29 == 0 else None,
            "BillingStreet": f"{chance.randrange(1, 300)} {chance.choice(words.STREETS)}",
            "BillingCity": city,
            "BillingState": state,
            "BillingPostalCode": code,
            "BillingCountry": country,
            "Rating": chance.choice(("Hot", "Warm", "Cold", None)),
            "AccountSource": chance.choice(SOURCES),
            "Account_Status__c": chance.choice(ACCOUNT_STATUSES),
            "OwnerId": chance.choice(OWNERS),
            **_stamps(chance, number),
        }


def contacts(size: Size) -> Iterator[Row]:
    chance = random.Random(2)
    for number in range(1, size.contacts + 1):
        twin = number - 1 if number % 97 == 0 else number  # now and then somebody was entered twice
        first, last = person(twin)
        account = account_of(number, size)
        city, state, code, country = chance.choice(words.PLACES)
        yield {
            "FirstName": first,
            "LastName": last,
            "Salutation": chance.choice(("Mr.", "Ms.", "Dr.", None, None)),
            "Name": full_name(first, last),
            "AccountId": ids.make("001", account) if account else None,
            "Email": contact_email(twin, size) if number % 41 else None,
            "Phone": _phone(chance) if number % 6 else None,
            "MobilePhone": _phone(chance) if number % 3 == 0 else None,
            "Title": chance.choice(words.TITLES) if number % 8 else None,
            "Department": chance.choice(words.DEPARTMENTS),
            "MailingStreet": f"{chance.randrange(1, 300)} {chance.choice(words.STREETS)}",
            "MailingCity": city,
            "MailingState": state,
            "MailingPostalCode": code,
            "MailingCountry": country,
            "LeadSource": chance.choice(SOURCES),
            "Description": f"Met {first} at a demo day.\r\nLikes short calls." if number % 10 == 0 else None,
            "HasOptedOutOfEmail": int(number % 53 == 0),
            "DoNotCall": int(number % 71 == 0),
            "Contact_Status__c": chance.choice(CONTACT_STATUSES),
            "Level__c": chance.choice(LEVELS),
            "LinkedIn_URL__c": f"https://linkedin.example/in/{_slug(first)}-{_slug(last)}-{twin}"
            if number % 3
            else None,
            "OwnerId": chance.choice(OWNERS),
            **_stamps(chance, number),
        }


def leads(size: Size) -> Iterator[Row]:
    chance = random.Random(3)
    for number in range(1, size.leads + 1):
        converted = number % 25 == 0
        contact = min(number * 3, size.contacts)
        same_person = converted or number % 40 == 0
        first, last = person(contact if same_person else number + 7_000_000)
        city, state, code, country = chance.choice(words.PLACES)
        email = contact_email(contact, size) if same_person else f"{_slug(first)}.{_slug(last)}{number}@lead.example"
        account = account_of(contact, size)
        stamps = _stamps(chance, number)
        yield {
            "FirstName": first,
            "LastName": last,
            "Name": full_name(first, last),
            "Company": company(account if same_person and account else number + 50_000),
            "Title": chance.choice(words.TITLES) if number % 5 else None,
            "Email": email if number % 31 else None,
            "Phone": _phone(chance) if number % 4 else None,
            "Street": f"{chance.randrange(1, 300)} {chance.choice(words.STREETS)}",
            "City": city,
            "State": state,
            "PostalCode": code,
            "Country": country,
            "LeadSource": chance.choice(SOURCES),
            "Status": "Closed - Converted"
            if converted
            else chance.choice(("Open - Not Contacted", "Working - Contacted")),
            "Industry": chance.choice(INDUSTRIES),
            "Rating": chance.choice(("Hot", "Warm", "Cold", None)),
            "IsConverted": int(converted),
            "ConvertedDate": stamps["LastModifiedDate"][:10] if converted else None,
            "ConvertedContactId": ids.make("003", contact) if converted else None,
            "ConvertedAccountId": ids.make("001", account) if converted and account else None,
            "IsUnreadByOwner": int(number % 2),
            "LinkedIn_URL__c": f"https://linkedin.example/in/{_slug(first)}-{_slug(last)}-l{number}"
            if number % 4
            else None,
            "OwnerId": chance.choice(OWNERS[:-1]),
            **stamps,
        }


def opportunities(size: Size) -> Iterator[Row]:
    chance = random.Random(4)
    for number in range(1, size.opportunities + 1):
        stage, probability, forecast, closed, won = chance.choice(STAGES)
        account = (number - 1) % size.accounts + 1
        amount = float(chance.randrange(5, 2000) * 500) if number % 9 else None
        close = (FIRST_DAY + timedelta(days=DAYS + chance.randrange(-700, 0 if closed else 700))).date().isoformat()
        yield {
            "Name": f"{company(account)} {chance.choice(words.DEALS)}",
            "AccountId": ids.make("001", account),
            "StageName": stage,
            "Amount": amount,
            "Probability": float(probability),
            "ExpectedRevenue": None if amount is None else amount * probability / 100,
            "CloseDate": close,
            "Type": chance.choice(("New Customer", "Existing Customer - Upgrade", None)),
            "LeadSource": chance.choice(SOURCES),
            "IsClosed": closed,
            "IsWon": won,
            "ForecastCategory": FORECAST_CATEGORY.get(forecast, forecast),
            "ForecastCategoryName": forecast,
            "ContactId": ids.make("003", account) if has_contact(number) else None,
            "OwnerId": chance.choice(OWNERS[:-1]),
            **fiscal(close),
            **_stamps(chance, number),
        }


def opportunity_history(size: Size) -> Iterator[Row]:
    """What the opportunities began with, which is what they are."""
    same = (*RECORDED, "ExpectedRevenue", "CreatedDate", "CreatedById")
    for number, deal in enumerate(opportunities(size), 1):
        row = {name: deal[name] for name in same}
        yield row | {"OpportunityId": ids.make("006", number), "SystemModstamp": deal["CreatedDate"]}


def contact_roles(size: Size) -> Iterator[Row]:
    chance = random.Random(5)
    roles = ("Decision Maker", "Evaluator", "Business User", None)
    for number in range(1, size.opportunities + 1):
        if has_contact(number):
            account = (number - 1) % size.accounts + 1
            row = {"OpportunityId": ids.make("006", number), "ContactId": ids.make("003", account)}
            yield row | {"Role": chance.choice(roles), "IsPrimary": 1, **_stamps(chance, number)}


def tasks(size: Size) -> Iterator[Row]:
    chance = random.Random(6)
    for number in range(1, size.tasks + 1):
        status = chance.choice(("Not Started", "In Progress", "Completed", "Completed"))
        priority = chance.choice(("High", "Normal", "Normal", "Low"))
        about_lead = number % 6 == 0
        contact = (number * 5) % size.contacts + 1
        account = None if about_lead else account_of(contact, size)
        stamps = _stamps(chance, number)
        closed = status == "Completed"
        yield {
            "Subject": chance.choice(words.SUBJECTS),
            "WhoId": ids.make("00Q", (number % size.leads) + 1) if about_lead else ids.make("003", contact),
            "WhatId": ids.make("001", account) if account and number % 3 == 0 else None,
            "AccountId": ids.make("001", account) if account else None,
            "ActivityDate": stamps["CreatedDate"][:10] if number % 11 else None,
            "Status": status,
            "Priority": priority,
            "IsClosed": int(closed),
            "IsHighPriority": int(priority == "High"),
            "IsArchived": int(closed and number % 50 == 0),
            "CompletedDateTime": stamps["LastModifiedDate"] if closed else None,
            "TaskSubtype": "Call" if number % 4 == 0 else "Task",
            "Description": "Left a message." if number % 5 == 0 else None,
            "OwnerId": chance.choice(OWNERS[:-1]),
            **stamps,
        }


def events(size: Size) -> Iterator[Row]:
    chance = random.Random(7)
    for number in range(1, size.events + 1):
        stamps = _stamps(chance, number)
        start = clock.read(stamps["CreatedDate"]) + timedelta(days=3)
        minutes = chance.choice((30, 60, 90))
        contact = (number * 7) % size.contacts + 1
        account = account_of(contact, size)
        end = start + timedelta(minutes=minutes)
        yield {
            "Subject": chance.choice(("Meeting", "Call", "Other")),
            "Location": chance.choice(("Online", "Their office", None)),
            "WhoId": ids.make("003", contact),
            "AccountId": ids.make("001", account) if account else None,
            "StartDateTime": clock.stored(start),
            "ActivityDateTime": clock.stored(start),
            "ActivityDate": start.date().isoformat(),
            "EndDateTime": clock.stored(end),
            "EndDate": end.date().isoformat(),
            "DurationInMinutes": minutes,
            "ShowAs": "Busy",
            "EventSubtype": "Event",
            "GroupEventType": "0",
            "OwnerId": chance.choice(OWNERS[:-1]),
            **stamps,
        }


def campaigns() -> Iterator[Row]:
    chance = random.Random(8)
    for number, (name, kind, status) in enumerate(words.CAMPAIGNS, 1):
        row = {"Name": name, "Type": kind, "Status": status, "IsActive": int(status != "Completed")}
        row |= {"StartDate": date(2025, number, 1).isoformat(), "NumberSent": 0.0, "ExpectedResponse": 0.0}
        yield row | {"OwnerId": OWNERS[0], **_stamps(chance, number * IMPORT)}


def campaign_statuses() -> Iterator[Row]:
    chance = random.Random(9)
    for number in range(1, len(words.CAMPAIGNS) + 1):
        for order, label in enumerate(("Sent", "Responded"), 1):
            row = {"CampaignId": ids.make("701", number), "Label": label, "SortOrder": order}
            yield row | {
                "IsDefault": int(label == "Sent"),
                "HasResponded": int(label == "Responded"),
                **_stamps(chance, 1),
            }


def campaign_members(size: Size) -> Iterator[Row]:
    chance = random.Random(10)
    for number in range(1, size.members + 1):
        responded = number % 6 == 0
        is_lead = number % 4 == 0
        stamps = _stamps(chance, number)
        yield {
            "CampaignId": ids.make("701", number % len(words.CAMPAIGNS) + 1),
            "LeadId": ids.make("00Q", number % size.leads + 1) if is_lead else None,
            "ContactId": None if is_lead else ids.make("003", number),
            "Status": "Responded" if responded else "Sent",
            "HasResponded": int(responded),
            "FirstRespondedDate": stamps["LastModifiedDate"][:10] if responded else None,
            **stamps,
        }


def person(number: int) -> tuple[str, str]:
    return words.FIRST[number * 31 % len(words.FIRST)], words.LAST[number * 17 // 7 % len(words.LAST)]


def company(number: int) -> str:
    name = f"{words.COMPANY[number % len(words.COMPANY)]} {words.TRADE[number // 3 % len(words.TRADE)]}"
    return f"{name} {number} {words.FORM[number % len(words.FORM)]}"


def domain(number: int) -> str:
    return f"{words.COMPANY[number % len(words.COMPANY)].lower()}{number}.example"


def account_of(contact: int, size: Size) -> int | None:
    """The account of the n-th contact; every fiftieth stands alone."""
    return None if contact % 50 == 0 else (contact - 1) % size.accounts + 1


def has_contact(opportunity: int) -> bool:
    return opportunity % 5 in (0, 1, 2)


def contact_email(number: int, size: Size) -> str:
    first, last = person(number)
    account = account_of(number, size)
    return f"{_slug(first)}.{_slug(last)}{number}@{domain(account) if account else 'private.example'}"


@cache
def _slug(name: str) -> str:
    """Plain letters for addresses: Søren -> soren."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("ø", "o").replace("ł", "l"))
    return "".join(c for c in plain if c.isascii() and (c.isalnum() or c == "-"))


def _phone(chance: random.Random) -> str:
    return f"+1 555 {chance.randrange(100, 1000)} {chance.randrange(1000, 10000)}"


def _stamps(chance: random.Random, number: int) -> Row:
    """Whole imports share one second, the rest was written one by one."""
    imported = number // IMPORT % 3 in (0, 1)
    seconds = number // IMPORT * 7200 % (DAYS * 86400) if imported else chance.randrange(DAYS * 86400)
    created = FIRST_DAY + timedelta(seconds=seconds)
    modified = created if number % 4 else created + timedelta(seconds=chance.randrange(86400 * 30))
    user = OWNERS[0] if imported else chance.choice(OWNERS)
    return {
        "CreatedDate": clock.stored(created),
        "CreatedById": user,
        "LastModifiedDate": clock.stored(modified),
        "LastModifiedById": user,
        "SystemModstamp": clock.stored(modified),
    }
