"""Accounts: no circles of parents, and none is deleted that something was sold to."""

from localorg.dml.rules.base import Rules
from localorg.dml.rules.trees import refuse_circle
from localorg.dml.work import Row, Work
from localorg.errors import refuse_record


def check(work: Work, row: Row, old: Row | None) -> None:
    refuse_circle(work, work.schema["Account"], "ParentId", row, old)


def refuse_won(work: Work, record_id: str, row: Row) -> None:
    """Documented for delete(): closed won opportunities stand in the way."""
    sql = 'SELECT 1 FROM "Opportunity" WHERE "AccountId" = ? AND "IsWon" AND NOT "IsDeleted"'
    if work.db.execute(sql, (record_id,)).fetchone():
        message = (
            f"Your attempt to delete {row['Name']} could not be completed because some opportunities in {row['Name']} "
            "were closed won."
        )
        raise refuse_record("DELETE_FAILED", message)


ACCOUNT = Rules(check=check, before_delete=refuse_won)
