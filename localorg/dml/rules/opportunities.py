"""Opportunities: the stage decides probability, forecast and outcome; one contact role is the primary one.

Every change of stage, amount, probability or close date leaves a row in OpportunityHistory.
"""

from datetime import date

from localorg.dml.rules.base import Rules, merged
from localorg.dml.work import Row, Work

FORECAST_CATEGORY = {"Best Case": "BestCase", "Commit": "Forecast"}  # of the name shown; the others are alike
RECORDED = ("StageName", "Amount", "Probability", "CloseDate", "ForecastCategory")
LATEST = {"Amount": "LastAmountChangedHistoryId", "CloseDate": "LastCloseDateChangedHistoryId"}
_STAGE = """
    SELECT "DefaultProbability", "ForecastCategoryName", "IsClosed", "IsWon" FROM "OpportunityStage" WHERE "ApiName" = ?
"""


def derive(work: Work, row: Row, old: Row | None) -> None:
    if "StageName" in row:
        _apply_stage(work, row, old)
    if row.get("ForecastCategoryName"):
        row["ForecastCategory"] = FORECAST_CATEGORY.get(row["ForecastCategoryName"], row["ForecastCategoryName"])
    now = merged(row, old)
    if {"Amount", "Probability"} & row.keys():
        row["ExpectedRevenue"] = _expected(now.get("Amount"), now.get("Probability"))
    if "CloseDate" in row:
        row |= fiscal(row["CloseDate"])


def _apply_stage(work: Work, row: Row, old: Row | None) -> None:
    # stages are not restricted: an unknown one is stored and counts as open
    found = work.db.execute(_STAGE, (row["StageName"],)).fetchone() or (0.0, "Pipeline", 0, 0)
    if old and old["StageName"] == row["StageName"]:
        return
    row.setdefault("Probability", found[0])
    row.setdefault("ForecastCategoryName", found[1])
    row |= {"IsClosed": found[2], "IsWon": found[3]}
    if old:
        row["LastStageChangeDate"] = work.now


def _expected(amount: float | None, probability: float | None) -> float | None:
    return None if amount is None else round(amount * (probability or 0) / 100, 2)


def fiscal(close_date: str) -> Row:
    day = date.fromisoformat(close_date)
    quarter = (day.month + 2) // 3
    return {"FiscalQuarter": quarter, "FiscalYear": day.year, "Fiscal": f"{day.year} {quarter}"}


def follow(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    remember(work, record_id, row, old)
    if old is None and row.get("ContactId"):
        role = {"OpportunityId": record_id, "ContactId": row["ContactId"], "IsPrimary": 1}
        work.insert(work.schema["OpportunityContactRole"], role)


def remember(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    now = merged(row, old)
    moved = {name for name in RECORDED if name in row and (old is None or old[name] != row[name])}
    if not moved and old is not None:
        return
    shown = {name: now.get(name) for name in (*RECORDED, "ExpectedRevenue")}
    history_id = work.insert(work.schema["OpportunityHistory"], {"OpportunityId": record_id, **shown})
    latest = {column: history_id for name, column in LATEST.items() if old is not None and name in moved}
    work.store(work.schema["Opportunity"], record_id, latest)


def keep_one_primary(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    now = merged(row, old)
    if row.get("IsPrimary"):
        others = (now["OpportunityId"], record_id)
        sql = 'UPDATE "OpportunityContactRole" SET "IsPrimary" = 0, "SystemModstamp" = ? '
        work.db.execute(sql + 'WHERE "OpportunityId" = ? AND "Id" != ? AND "IsPrimary"', (work.now, *others))
    show_primary(work, record_id, now)


def show_primary(work: Work, record_id: str, role: Row) -> None:
    """The opportunity shows whose the primary role is."""
    sql = (
        'SELECT "ContactId" FROM "OpportunityContactRole" WHERE "OpportunityId" = ? AND "IsPrimary" AND NOT "IsDeleted"'
    )
    found = work.db.execute(sql, (role["OpportunityId"],)).fetchone()
    work.store(work.schema["Opportunity"], role["OpportunityId"], {"ContactId": found[0] if found else None})


OPPORTUNITY = Rules(derive=derive, after=follow)
ROLE = Rules(after=keep_one_primary, removed=show_primary, restored=show_primary)
