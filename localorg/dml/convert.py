"""Lead conversion: a lead becomes a contact of an account, perhaps with an opportunity, and is closed for good."""

from datetime import date, timedelta

from localorg.dml import reach, write
from localorg.dml.work import Row, Work
from localorg.errors import refuse_record

COPIED = (
    "FirstName",
    "LastName",
    "Salutation",
    "Title",
    "Phone",
    "MobilePhone",
    "Fax",
    "Email",
    "LeadSource",
    "Description",
)
ADDRESS = ("Street", "City", "State", "PostalCode", "Country")


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

    ``owner`` gets what is made, instead of the lead's owner; ``status``: one of those that mean converted, by default
    the first; ``overwrite_source``: whether an existing contact takes over the lead's source.
    """
    sobject = work.schema["Lead"]
    lead = write.existing(work, sobject, lead_id)
    if lead["IsConverted"]:
        raise refuse_record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    reach.require(work, sobject, lead_id, "edit")
    for name, record_id in (("Account", account), ("Contact", contact)):
        if record_id is not None:
            reach.require(work, work.schema[name], record_id, "edit")
    work = work.unrestricted()
    work.minds_duplicates = False  # as in a real org, unless its conversions run as Apex
    closing_status = _converted_status(work, status)
    lead["OwnerId"] = owner or lead["OwnerId"]
    account = account or (_account_of(work, contact) if contact else None) or _new_account(work, lead)
    if contact and overwrite_source:
        write.update(work, work.schema["Contact"], contact, {"LeadSource": lead["LeadSource"]})
    contact = contact or _new_contact(work, lead, account)
    deal = _new_opportunity(work, lead, account, contact, opportunity_name) if opportunity else None
    result = {"ConvertedAccountId": account, "ConvertedContactId": contact, "ConvertedOpportunityId": deal}
    closing = {"IsConverted": 1, "ConvertedDate": work.now[:10], "Status": closing_status, "IsUnreadByOwner": 0}
    work.update(sobject, lead_id, closing | result)
    _move(work, lead_id, contact)
    return result


def _account_of(work: Work, contact: str) -> str | None:
    account: str | None = write.existing(work, work.schema["Contact"], contact)["AccountId"]
    return account


def _new_account(work: Work, lead: Row) -> str:
    values = {"Name": lead["Company"], "OwnerId": lead["OwnerId"], "Phone": lead["Phone"], "Website": lead["Website"]}
    values |= {f"Billing{part}": lead[part] for part in ADDRESS}
    values |= {name: lead[name] for name in ("Industry", "AnnualRevenue", "NumberOfEmployees", "Rating")}
    return write.create(work, work.schema["Account"], values)


def _new_contact(work: Work, lead: Row, account: str) -> str:
    contact = work.schema["Contact"]
    values = {name: lead[name] for name in COPIED} | {"AccountId": account, "OwnerId": lead["OwnerId"]}
    values |= {f"Mailing{part}": lead[part] for part in ADDRESS}
    # custom fields of the same name are mapped; an id of another system belongs to the lead alone
    same = (name for name, f in work.schema["Lead"].fields.items() if f.custom and contact.has(name) and not f.unique)
    return write.create(work, contact, values | {name: lead[name] for name in same})


def _new_opportunity(work: Work, lead: Row, account: str, contact: str, name: str | None) -> str:
    close = date.fromisoformat(work.now[:10]) + timedelta(days=90)
    values = {"Name": name or f"{lead['Company'][:119]}-", "AccountId": account, "OwnerId": lead["OwnerId"]}
    values |= {"StageName": "Prospecting", "CloseDate": close.isoformat(), "LeadSource": lead["LeadSource"]}
    return write.create(work, work.schema["Opportunity"], values | {"ContactId": contact})


def _converted_status(work: Work, wanted: str | None) -> str:
    rows = work.db.execute('SELECT "ApiName" FROM "LeadStatus" WHERE "IsConverted" ORDER BY "SortOrder"').fetchall()
    known = [str(row[0]) for row in rows]
    if wanted is None:
        return known[0]
    found = next((name for name in known if name.lower() == wanted.lower()), None)
    if found is None:
        raise refuse_record("INVALID_STATUS", f"invalid convertedStatus: {wanted}", "Status")
    return found


def _move(work: Work, lead_id: str, contact: str) -> None:
    """Activities and campaign memberships follow the person."""
    for name in ("Task", "Event"):
        sobject = work.schema[name]
        for (record_id,) in work.db.execute(f'SELECT "Id" FROM "{name}" WHERE "WhoId" = ?', (lead_id,)).fetchall():
            work.touch(sobject, record_id, {"WhoId": contact})
    sql = 'UPDATE "CampaignMember" SET "ContactId" = ?, "SystemModstamp" = ? WHERE "LeadId" = ?'
    work.db.execute(sql, (contact, work.now, lead_id))
