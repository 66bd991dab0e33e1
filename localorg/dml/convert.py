"""Lead conversion: a lead becomes a contact of an account, perhaps with an opportunity, and is closed for good.

What follows is as documented for convertLead() and in the help on converting leads.
"""

from datetime import date, timedelta

from localorg.dml import reach, write
from localorg.dml.rules import files
from localorg.dml.work import Row, Work
from localorg.errors import refuse_record
from localorg.schema import SObject

# What the lead tells each record, by its field there. Custom fields of the same name are mapped as well.
ACCOUNT = {
    "Name": "Company",
    "Phone": "Phone",
    "Fax": "Fax",
    "Website": "Website",
    "Industry": "Industry",
    "AnnualRevenue": "AnnualRevenue",
    "NumberOfEmployees": "NumberOfEmployees",
    "Rating": "Rating",
    "AccountSource": "LeadSource",
    "DunsNumber": "CompanyDunsNumber",
    "BillingStreet": "Street",
    "BillingCity": "City",
    "BillingState": "State",
    "BillingPostalCode": "PostalCode",
    "BillingCountry": "Country",
}
CONTACT = {
    "FirstName": "FirstName",
    "LastName": "LastName",
    "Salutation": "Salutation",
    "Title": "Title",
    "Phone": "Phone",
    "MobilePhone": "MobilePhone",
    "Fax": "Fax",
    "Email": "Email",
    "LeadSource": "LeadSource",
    "Description": "Description",
    "HasOptedOutOfEmail": "HasOptedOutOfEmail",
    "DoNotCall": "DoNotCall",
    "MailingStreet": "Street",
    "MailingCity": "City",
    "MailingState": "State",
    "MailingPostalCode": "PostalCode",
    "MailingCountry": "Country",
}
NOT_A_USER = (
    "Converted objects can only be owned by users.  If the lead is not owned by a user, "
    "you must specify a user for the Owner field."
)
LONGEST_NAME = 119  # of a deal, without the dash at its end


def convert(
    work: Work,
    lead_id: str,
    account: str | None,
    contact: str | None,
    opportunity: bool,
    *,
    opportunity_name: str | None = None,
    owner: str | None = None,
    status: str | None = None,
    overwrite_source: bool = False,
) -> Row:
    """Returns the Converted*Id fields. Raises RecordRefused for a lead that is none or was converted before.

    Of an account or contact that is given only empty fields are filled, but for the lead source with
    ``overwrite_source``. ``owner`` gets what is made, instead of the lead's owner, and the open activities of whoever
    converts; ``status``: one of those that mean converted, by default the first.
    """
    lead = write.existing(work, work.schema["Lead"], lead_id)
    if lead["IsConverted"]:
        raise refuse_record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    reach.require(work, work.schema["Lead"], lead_id, "edit")
    for name, record_id in (("Account", account), ("Contact", contact)):
        if record_id is not None:
            reach.require(work, work.schema[name], record_id, "edit")
    work = work.unrestricted()
    work.minds_duplicates = False  # as in a real org, unless its conversions run as Apex
    closing = {"IsConverted": 1, "ConvertedDate": work.now[:10], "IsUnreadByOwner": 0}
    closing["Status"] = _converted_status(work, status)
    lead["OwnerId"] = _owner(owner or lead["OwnerId"])
    account = _account(work, lead, account, contact)
    contact = _contact(work, lead, account, contact, overwrite_source)
    deal = _opportunity(work, lead, account, contact, opportunity_name) if opportunity else None
    result = {"ConvertedAccountId": account, "ConvertedContactId": contact, "ConvertedOpportunityId": deal}
    work.update(work.schema["Lead"], lead_id, closing | result)
    _hand_over_activities(work, lead_id, contact, {"WhatId": deal or account, "AccountId": account}, owner)
    _hand_over_the_rest(work, lead_id, contact)
    _share_files(work, lead_id, [account, contact, *([deal] if deal else [])])
    return result


def _converted_status(work: Work, wanted: str | None) -> str:
    rows = work.db.execute('SELECT "ApiName" FROM "LeadStatus" WHERE "IsConverted" ORDER BY "SortOrder"').fetchall()
    known = [str(row[0]) for row in rows]
    if wanted is None:
        return known[0]
    found = next((name for name in known if name.lower() == wanted.lower()), None)
    if found is None:
        raise refuse_record("INVALID_STATUS", f"invalid convertedStatus: {wanted}", "Status")
    return found


def _owner(owner_id: str) -> str:
    if not owner_id.startswith("005"):
        raise refuse_record("FIELD_INTEGRITY_EXCEPTION", NOT_A_USER, "OwnerId")
    return owner_id


def _account(work: Work, lead: Row, account: str | None, contact: str | None) -> str:
    sobject = work.schema["Account"]
    account = account or (write.existing(work, work.schema["Contact"], contact)["AccountId"] if contact else None)
    told = _told(work, lead, sobject, ACCOUNT)
    if account is None:
        return write.create(work, sobject, told | {"OwnerId": lead["OwnerId"]})
    _fill(work, sobject, account, told)
    return account


def _contact(work: Work, lead: Row, account: str, contact: str | None, overwrite_source: bool) -> str:
    sobject = work.schema["Contact"]
    told = _told(work, lead, sobject, CONTACT) | {"AccountId": account}
    if contact is None:
        return write.create(work, sobject, told | {"OwnerId": lead["OwnerId"]})
    known = write.existing(work, sobject, contact)
    if known["AccountId"] not in (None, account):
        message = f"The contact {contact} is not associated with the account {account}"
        raise refuse_record("FIELD_INTEGRITY_EXCEPTION", message, "ConvertedContactId")
    _fill(work, sobject, contact, told)
    if overwrite_source:
        write.update(work, sobject, contact, {"LeadSource": lead["LeadSource"]})
    return contact


def _told(work: Work, lead: Row, sobject: SObject, mapping: dict[str, str]) -> Row:
    told = {name: lead[source] for name, source in mapping.items()}
    # an id of another system belongs to the lead alone
    same = (name for name, f in work.schema["Lead"].fields.items() if f.custom and sobject.has(name) and not f.unique)
    told |= {name: lead[name] for name in same}
    return {name: bool(v) if sobject.fields[name].type == "boolean" else v for name, v in told.items()}


def _fill(work: Work, sobject: SObject, record_id: str, told: Row) -> None:
    known = write.existing(work, sobject, record_id)
    empty = {name: value for name, value in told.items() if known[name] is None and value is not None}
    write.update(work, sobject, record_id, empty)


def _opportunity(work: Work, lead: Row, account: str, contact: str, name: str | None) -> str:
    values: Row = {"Name": name or f"{lead['Company'][:LONGEST_NAME]}-", "AccountId": account, "ContactId": contact}
    values |= {"StageName": _first_stage(work), "CloseDate": _end_of_quarter(date.fromisoformat(work.now[:10]))}
    values |= {"OwnerId": lead["OwnerId"], "LeadSource": lead["LeadSource"], "CampaignId": _campaign(work, lead["Id"])}
    return write.create(work, work.schema["Opportunity"], values)


def _first_stage(work: Work) -> str:
    sql = 'SELECT "ApiName" FROM "OpportunityStage" WHERE "IsActive" AND NOT "IsClosed" ORDER BY "SortOrder"'
    return str(work.db.execute(sql).fetchone()[0])


def _end_of_quarter(day: date) -> str:
    month = (day.month + 2) // 3 * 3
    return ((date(day.year, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).isoformat()


def _campaign(work: Work, lead_id: str) -> str | None:
    """The campaign that the lead was added to last."""
    sql = 'SELECT "CampaignId" FROM "CampaignMember" WHERE "LeadId" = ? ORDER BY "CreatedDate" DESC, "_n" DESC'
    found = work.db.execute(sql, (lead_id,)).fetchone()
    return found[0] if found else None


def _hand_over_activities(work: Work, lead_id: str, contact: str, about: Row, owner: str | None) -> None:
    for name in ("Task", "Event"):
        sobject = work.schema[name]
        for (record_id,) in work.db.execute(f'SELECT "Id" FROM "{name}" WHERE "WhoId" = ?', (lead_id,)).fetchall():
            row = work.fetch(sobject, record_id) or {}
            mine = owner and row["OwnerId"] == work.user_id and not row.get("IsClosed")
            work.update(sobject, record_id, {"WhoId": contact, **about} | ({"OwnerId": owner} if mine else {}))


def _hand_over_the_rest(work: Work, lead_id: str, contact: str) -> None:
    """Notes, e-mails and campaign memberships follow the person; somebody is in a campaign only once."""
    for name, column in (("Note", "ParentId"), ("Attachment", "ParentId"), ("EmailMessageRelation", "RelationId")):
        sql = f'UPDATE "{name}" SET "{column}" = ?, "SystemModstamp" = ? WHERE "{column}" = ?'
        work.db.execute(sql, (contact, work.now, lead_id))
    there = 'SELECT "CampaignId" FROM "CampaignMember" WHERE "ContactId" = ?'
    sql = f'DELETE FROM "CampaignMember" WHERE "LeadId" = ? AND "ContactId" IS NULL AND "CampaignId" IN ({there})'
    work.db.execute(sql, (lead_id, contact))
    sql = 'UPDATE "CampaignMember" SET "ContactId" = ?, "SystemModstamp" = ? WHERE "LeadId" = ?'
    work.db.execute(sql, (contact, work.now, lead_id))


def _share_files(work: Work, lead_id: str, record_ids: list[str]) -> None:
    sql = 'SELECT "ContentDocumentId" FROM "ContentDocumentLink" WHERE "LinkedEntityId" = ? AND NOT "IsDeleted"'
    for (document_id,) in work.db.execute(sql, (lead_id,)).fetchall():
        for record_id in record_ids:
            files.link(work, document_id, record_id)
