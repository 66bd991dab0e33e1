"""Campaigns bring their member statuses; a member is one person, once."""

from localorg.dml.rules.base import Rules, merged
from localorg.dml.work import Row, Work
from localorg.errors import Problem, RecordRefused, refuse_record

STATUSES = (
    {"Label": "Sent", "SortOrder": 1, "IsDefault": 1, "HasResponded": 0},
    {"Label": "Responded", "SortOrder": 2, "IsDefault": 0, "HasResponded": 1},
)


def add_statuses(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    if old is None:
        for status in STATUSES:
            work.insert(work.schema["CampaignMemberStatus"], {"CampaignId": record_id, **status})


def check_member(work: Work, row: Row, old: Row | None) -> None:
    if old is None and not row.get("ContactId") and not row.get("LeadId"):
        message = "Required fields are missing: [ContactId, LeadId]"
        raise refuse_record("REQUIRED_FIELD_MISSING", message, "ContactId", "LeadId")
    if old is None and _is_member(work, row):
        raise RecordRefused([Problem("DUPLICATE_VALUE", "Already a campaign member.", ())])


def _is_member(work: Work, row: Row) -> bool:
    person = "ContactId" if row.get("ContactId") else "LeadId"
    sql = f'SELECT 1 FROM "CampaignMember" WHERE "CampaignId" = ? AND "{person}" = ?'
    return work.db.execute(sql, (row.get("CampaignId"), row[person])).fetchone() is not None


def derive_member(work: Work, row: Row, old: Row | None) -> None:
    """A status that the campaign does not know becomes its default one, silently."""
    if "Status" in row or old is None:
        now = merged(row, old)
        label, responded = _status(work, now["CampaignId"], now.get("Status"))
        row |= {"Status": label, "HasResponded": responded}
        row["FirstRespondedDate"] = (now.get("FirstRespondedDate") or work.now[:10]) if responded else None


def _status(work: Work, campaign_id: str, label: str | None) -> tuple[str, int]:
    sql = 'SELECT "Label", "HasResponded" FROM "CampaignMemberStatus" WHERE "CampaignId" = ? AND NOT "IsDeleted" '
    found = work.db.execute(sql + 'AND "Label" = ?', (campaign_id, label)).fetchone()
    return found or work.db.execute(sql + 'ORDER BY "IsDefault" DESC', (campaign_id,)).fetchone() or ("Sent", 0)


CAMPAIGN = Rules(after=add_statuses)
MEMBER = Rules(check=check_member, derive=derive_member)
