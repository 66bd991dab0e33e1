"""Bulk API 2.0 queries: /jobs/query."""

from typing import Any

from localorg.api.call import Call, Reply
from localorg.bulk import extract, jobs, results, v2
from localorg.bulk.jobs import Job
from localorg.bulk.refusals import prepared
from localorg.errors import Refused, refuse
from localorg.soql.compile import Compiled

PATH = "jobs/query"
GIVEN = ("operation", "query", "contentType", "columnDelimiter", "lineEnding")
MOST_A_DAY = 10_000
MOST_ROWS = 250_000  # of a page
PAGES = 5  # links at a time
SINCE, PAGES_SINCE = 47.0, 58.0  # versions
SAME_VERSION = "Use the same API version to get query results that you used to create the query: v{}"


def create(call: Call) -> Reply:
    v2.not_before(call, SINCE)
    body = v2.read(call, GIVEN)
    operation = v2.one_of(body, "operation", "OperationEnum", jobs.QUERIES)
    delimiter, ending = v2.form(body)
    query = _prepared(call, body.get("query", ""), operation == "queryAll")
    _check_allowance(call)
    job = call.org.bulk.new_job(
        jobs.QUERY,
        call.session.user_id,
        call.version,
        operation=operation,
        object=query.sobject.name,
        state=jobs.UPLOADED,
        query=body["query"],
        delimiter=delimiter,
        line_ending=ending,
    )
    job.header = extract.header(query, job)
    job.fault = call.org.faults.job(call.method, f"{call.data_url}/{PATH}", job.object) or ""
    call.org.bulk.drop_old(call.db)
    jobs.add(call.db, job)
    jobs.spend(call.db, jobs.QUERY_JOBS)
    call.org.bulk.queue(job)
    return Reply(body=v2.created(job))


def info(call: Call, job: str) -> Reply:
    found = _find(call, job)
    shown = v2.created(found) | {
        "jobType": found.kind,
        "numberRecordsProcessed": found.processed,
        "retries": 0,
        "totalProcessingTime": found.milliseconds,
        "isPkChunkingSupported": True,
    }
    return Reply(body=shown | ({"errorMessage": found.error} if found.error else {}))


def change(call: Call, job: str) -> Reply:
    found = _find(call, job)
    v2.one_of(v2.read(call, ("state",)), "state", "JobStateEnum", (jobs.ABORTED,))
    v2.abort(call, found)
    return Reply(body=v2.short(found))


def remove(call: Call, job: str) -> Reply:
    v2.delete(call, _find(call, job))
    return Reply(204)


def everything(call: Call) -> Reply:
    v2.not_before(call, SINCE)
    return Reply(body=v2.listing(call, PATH, (jobs.QUERY, jobs.CLASSIC)))


def page(call: Call, job: str) -> Reply:
    """A page of the results. Sforce-Locator leads to the next one and is "null" on the last."""
    found = _done(call, job)
    folder = call.org.bulk.folder(found.id)
    first, total = v2.number_in(call.query.get("locator")), results.count(folder)
    if first > total:
        raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
    content, rows = results.page(folder, found.header, first, _most(call.query.get("maxRecords")))
    following = "null" if first + rows >= total else v2.locator(first + rows)
    return Reply(headers={"Sforce-NumberOfRecords": str(rows), "Sforce-Locator": following}, content=content)


def pages(call: Call, job: str) -> Reply:
    """Links to five pages, which may be fetched at the same time."""
    v2.not_before(call, PAGES_SINCE)
    found = _done(call, job)
    total = results.count(call.org.bulk.folder(found.id))
    starts = range(v2.number_in(call.query.get("locator")), max(total, 1), MOST_ROWS)
    url = f"{call.data_url}/{PATH}/{found.id}"
    body: dict[str, Any] = {
        "resultPages": [{"resultUrl": f"{url}/results?locator={v2.locator(start)}"} for start in starts[:PAGES]]
    }
    if len(starts) > PAGES:
        body["nextRecordsUrl"] = f"{url}/resultPages?locator={v2.locator(starts[PAGES])}"
    return Reply(body=body | {"done": len(starts) <= PAGES})


def _prepared(call: Call, text: str, deleted: bool) -> Compiled:
    """Whatever is wrong with a query, these jobs call it an API_ERROR."""
    try:
        return prepared(call.schema, text, deleted)
    except Refused as refused:
        problem = refused.problems[0]
        raise refuse("INVALIDENTITY" if problem.code == "INVALIDENTITY" else "API_ERROR", problem.message) from None


def _check_allowance(call: Call) -> None:
    used = jobs.spent(call.db)[jobs.QUERY_JOBS]
    if used >= MOST_A_DAY:
        raise refuse("LIMIT_EXCEEDED", f"Max bulk v2 query jobs ({MOST_A_DAY}) per 24 hrs has been reached ({used})")


def _find(call: Call, text: str) -> Job:
    v2.not_before(call, SINCE)
    return v2.find(call, text, jobs.QUERY)


def _done(call: Call, text: str) -> Job:
    """The job, if its results are there, for the caller and for this version."""
    found = _find(call, text)
    if found.version != call.version:
        raise refuse("CONFLICT", SAME_VERSION.format(found.version), 409)
    v2.require_state(found, jobs.COMPLETE)
    return found


def _most(text: str | None) -> int:
    if text is None:
        return MOST_ROWS
    if not text.isdecimal() or int(text) == 0:
        raise refuse("API_ERROR", f"maxRecords must be a positive number: {text}")
    return min(int(text), MOST_ROWS)
