"""Campaigns bring their member statuses; a member is one person, once."""

from localorg.dml.rules.base import Rules, merged
from localorg.dml.rules.people import refuse_converted_lead
from localorg.dml.rules.trees import refuse_circle
from localorg.dml.work import Row, Work
from localorg.errors import Problem, RecordRefused, refuse_record

STATUSES = (
    {"Label": "Sent", "SortOrder": 1, "IsDefault": 1, "HasResponded": 0},
    {"Label": "Responded", "SortOrder": 2, "IsDefault": 0, "HasResponded": 1},
)


def check_campaign(work: Work, row: Row, old: Row | None) -> None:
    """Only marketing users may start one."""
    if old is None and not _is_marketing_user(work):
        message = "entity type cannot be inserted: Campaign"
        raise refuse_record("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
    refuse_circle(work, work.schema["Campaign"], "ParentId", row, old)


def _is_marketing_user(work: Work) -> bool:
    sql = 'SELECT "UserPermissionsMarketingUser" FROM "User" WHERE "Id" = ?'
    found = work.db.execute(sql, (work.user_id,)).fetchone()
    return found is None or bool(found[0])


def add_statuses(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    if old is None:
        for status in STATUSES:
            work.insert(work.schema["CampaignMemberStatus"], {"CampaignId": record_id, **status})


def check_member(work: Work, row: Row, old: Row | None) -> None:
    if old is not None:
        return
    if not row.get("ContactId") and not row.get("LeadId"):
        message = "Required fields are missing: [ContactId, LeadId]"
        raise refuse_record("REQUIRED_FIELD_MISSING", message, "ContactId", "LeadId")
    if row.get("ContactId") and row.get("LeadId"):
        message = "A campaign member is a lead or a contact, not both"
        raise refuse_record("FIELD_INTEGRITY_EXCEPTION", message, "ContactId", "LeadId")
    refuse_converted_lead(work, row, old, "LeadId")
    if _is_member(work, row):
        raise RecordRefused([Problem("DUPLICATE_VALUE", "Already a campaign member.", ())])


def _is_member(work: Work, row: Row) -> bool:
    person = "ContactId" if row.get("ContactId") else "LeadId"
    sql = f'SELECT 1 FROM "CampaignMember" WHERE "CampaignId" = ? AND "{person}" = ?'
    return work.db.execute(sql, (row.get("CampaignId"), row[person])).fetchone() is not None


def derive_member(work: Work, row: Row, old: Row | None) -> None:
    """A status that the campaign does not know becomes its default one, silently."""
    if "Status" in row or old is None:
        now = merged(row, old)
        row |= _standing(work, now["CampaignId"], now.get("Status"), now.get("FirstRespondedDate"))


def _standing(work: Work, campaign_id: str, wanted: str | None, since: str | None) -> Row:
    sql = 'SELECT "Label", "HasResponded" FROM "CampaignMemberStatus" WHERE "CampaignId" = ? AND NOT "IsDeleted" '
    found = work.db.execute(sql + 'AND "Label" = ?', (campaign_id, wanted)).fetchone()
    found = found or work.db.execute(sql + 'ORDER BY "IsDefault" DESC', (campaign_id,)).fetchone() or ("Sent", 0)
    label, responded = found
    first = (since or work.now[:10]) if responded else None
    return {"Status": label, "HasResponded": responded, "FirstRespondedDate": first}


def check_status(work: Work, row: Row, old: Row | None) -> None:
    now = merged(row, old)
    sql = 'SELECT "Id" FROM "CampaignMemberStatus" WHERE "CampaignId" = ? AND "Label" = ? AND NOT "IsDeleted"'
    found = work.db.execute(sql, (now.get("CampaignId"), now.get("Label"))).fetchone()
    if found and found[0] != now.get("Id"):
        message = f"duplicate value found: Label duplicates value on record with id: {found[0][:15]}"
        raise RecordRefused([Problem("DUPLICATE_VALUE", message, ())])


def derive_status(work: Work, row: Row, old: Row | None) -> None:
    if old is None and row.get("SortOrder") is None:
        sql = 'SELECT coalesce(max("SortOrder"), 0) + 1 FROM "CampaignMemberStatus" WHERE "CampaignId" = ?'
        row["SortOrder"] = work.db.execute(sql, (row["CampaignId"],)).fetchone()[0]


def follow_status(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """One status is the default; members follow when theirs is renamed or comes to mean something else."""
    now = merged(row, old)
    if row.get("IsDefault"):
        sql = 'UPDATE "CampaignMemberStatus" SET "IsDefault" = 0, "SystemModstamp" = ? '
        others = (work.now, now["CampaignId"], record_id)
        work.db.execute(sql + 'WHERE "CampaignId" = ? AND "Id" != ? AND "IsDefault"', others)
    if old and {"Label", "HasResponded"} & row.keys():
        _move_members(work, now["CampaignId"], old["Label"], now["Label"])


def refuse_default(work: Work, record_id: str, row: Row) -> None:
    if row["IsDefault"]:
        raise refuse_record("DELETE_FAILED", "The default member status of a campaign cannot be deleted")


def release_members(work: Work, record_id: str, row: Row) -> None:
    """Members whose status is gone get the default one."""
    _move_members(work, row["CampaignId"], row["Label"], None)


def _move_members(work: Work, campaign_id: str, label: str, to: str | None) -> None:
    member = work.schema["CampaignMember"]
    sql = 'SELECT "Id", "FirstRespondedDate" FROM "CampaignMember" WHERE "CampaignId" = ? AND "Status" = ?'
    for member_id, since in work.db.execute(sql, (campaign_id, label)).fetchall():
        work.touch(member, member_id, _standing(work, campaign_id, to, since))


CAMPAIGN = Rules(check=check_campaign, after=add_statuses)
MEMBER = Rules(check=check_member, derive=derive_member)
STATUS = Rules(
    check=check_status,
    derive=derive_status,
    after=follow_status,
    before_delete=refuse_default,
    removed=release_members,
)
