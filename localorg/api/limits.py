"""What resources there are, how much of the daily allowance is left, and what was used last."""

from typing import Any

from localorg.api.call import Call, Reply

SOME_RECENT, MOST_RECENT = 10, 200
RESOURCES = ("query", "queryAll", "sobjects", "composite", "limits", "recent")
FIXED = {
    "ActiveScratchOrgs": 3,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyScratchOrgs": 6,
    "DailyWorkflowEmails": 1_000,
    "DataStorageMB": 1_024,
    "FileStorageMB": 1_024,
    "HourlyODataCallout": 10_000,
    "HourlyPublishedPlatformEvents": 50_000,
    "MassEmail": 5_000,
    "SingleEmail": 5_000,
}


def resources(call: Call) -> Reply:
    body: dict[str, Any] = {name: f"{call.data_url}/{name}" for name in RESOURCES}
    return Reply(body=body | {"identity": call.org.identity_url(call.origin, call.session.user_id)})


def limits(call: Call) -> Reply:
    most, used = call.org.calls.daily_limit, call.org.calls.used
    body: dict[str, Any] = {name: {"Max": most, "Remaining": most} for name, most in FIXED.items()}
    body["DailyApiRequests"] = {"Max": most, "Remaining": max(0, most - used)}
    body["PermissionSets"] = {"Max": 1500, "Remaining": 1499, "CreateCustom": {"Max": 1000, "Remaining": 999}}
    return Reply(body=dict(sorted(body.items())))


def record_count(call: Call) -> Reply:
    wanted = [name.strip() for name in call.query.get("sObjects", "").split(",") if name.strip()]
    found = [call.schema.find(name) for name in wanted] if wanted else list(call.schema)
    counts = []
    for sobject in found:
        if sobject is not None:
            count = call.db.execute(f'SELECT count(*) FROM "{sobject.name}"').fetchone()[0]
            counts += [{"count": count, "name": sobject.name}] if count else []
    return Reply(body={"sObjects": counts})


def recent(call: Call) -> Reply:
    wanted = call.query.get("limit", "")
    limit = min(int(wanted), MOST_RECENT) if wanted.isdecimal() else SOME_RECENT
    rows: list[Any] = []
    for sobject in call.schema:
        if sobject.can("layout") and sobject.name_field:
            columns = f'"SystemModstamp", "Id", "{sobject.name_field.name}"'
            alive = 'WHERE NOT "IsDeleted"' if sobject.has("IsDeleted") else ""
            sql = f'SELECT {columns} FROM "{sobject.name}" {alive} ORDER BY "SystemModstamp" DESC LIMIT ?'
            rows += [(*row, sobject) for row in call.db.execute(sql, (limit,))]
    rows.sort(key=lambda row: row[0], reverse=True)
    return Reply(body=[_recent(call, *row[1:]) for row in rows[:limit]])


def _recent(call: Call, record_id: str, shown: str, sobject: Any) -> dict[str, Any]:
    attributes = {"type": sobject.name, "url": call.record_url(sobject, record_id)}
    return {"attributes": attributes, "Id": record_id, sobject.name_field.name: shown}
