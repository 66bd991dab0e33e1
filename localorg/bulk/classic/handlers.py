"""/services/async/62.0/job and what is below it."""

from collections.abc import Callable
from typing import Any

import orjson

from localorg import ids
from localorg.api.call import Call, Content
from localorg.bulk import checks, jobs, results, v2
from localorg.bulk.classic import chunking, outcomes, records, tell, wire
from localorg.bulk.jobs import Job
from localorg.bulk.outcomes import DATA, SUCCEEDED
from localorg.delivery import Answer
from localorg.errors import Refused, refuse

CLOSED = "Closed"
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete", *jobs.QUERIES)
FORMATS = ("CSV", "JSON", "XML")
TYPES = {"CSV": "text/csv", "JSON": wire.JSON, "XML": wire.XML}
QUERIED = TYPES | {"CSV": "text/csv;charset=UTF-8"}  # tap-salesforce reads UTF-8 only where it is told so
MOST_BYTES = 10_000_000  # of a batch
RESULT_PREFIX = "752"  # the rest of a result's id is that of its batch

Reply = Answer | Content


def create(call: Call) -> Reply:
    given = wire.read(call.content, call.headers)
    operation = _one_of(given, "operation", OPERATIONS)
    content_type = _one_of(given, "contentType", FORMATS, "XML")
    sobject = checks.sobject_of(call, given.get("object"))
    checks.operation(call, operation)
    job = call.org.bulk.new_job(
        jobs.CLASSIC,
        call.session.user_id,
        call.version,
        operation=operation,
        object=sobject.name,
        state=jobs.OPEN,
        content_type=content_type,
        external_id=checks.external_id(sobject, operation, given.get("externalIdFieldName")),
        assignment_rule=given.get("assignmentRuleId", ""),
        chunk_size=chunking.size_of(call.headers.get("sforce-enable-pkchunking", "")) if _asks(operation) else 0,
    )
    call.org.bulk.drop_old(call.db)
    jobs.add(call.db, job)
    return _told(call, 201, job)


def info(call: Call, job: str) -> Reply:
    return _told(call, 200, _job(call, job))


def change(call: Call, job: str) -> Reply:
    """Close a job, or abort it with all batches that have not been worked off."""
    found = _job(call, job)
    state = _one_of(wire.read(call.content, call.headers), "state", (CLOSED, jobs.ABORTED))
    if found.state != jobs.OPEN and (found.state, state) != (CLOSED, jobs.ABORTED):
        raise refuse("InvalidJobState", f"Job is in state {found.state} and cannot be changed to {state}")
    jobs.change(call.db, found, state=state)
    if state == jobs.ABORTED:
        for batch in jobs.batches(call.db, found.id):
            if not batch.ended:
                jobs.change(call.db, batch, state=jobs.ABORTED)
    return _told(call, 200, found)


def add_batch(call: Call, job: str) -> Reply:
    found = _job(call, job)
    if found.state != jobs.OPEN:
        raise refuse("InvalidJobState", f"Batches can be added to open jobs only; this one is {found.state}")
    upload = call.upload
    size = upload.stat().st_size if upload else 0
    if upload is None or not size:
        raise refuse("InvalidBatch", "The batch is empty")
    if size > MOST_BYTES:
        raise refuse("InvalidBatch", f"The batch has {size} bytes; {MOST_BYTES} are allowed")
    checks.allowance(call)
    batch = call.org.bulk.new_batch(found)
    upload.replace(call.org.bulk.folder(batch.id) / DATA)
    path = f"/services/async/{call.version}/job/{found.id}/batch"
    batch.fault = call.org.faults.job(call.method, path, batch.object) or ""
    call.org.bulk.add_batch(call.db, batch)
    jobs.change(call.db, found)  # a job is as old as its youngest batch
    return _answer(found, 201, "batchInfo", tell.batch(batch))


def list_batches(call: Call, job: str) -> Reply:
    found = _job(call, job)
    return _answer(found, 200, "batchInfoList", [tell.batch(batch) for batch in jobs.batches(call.db, found.id)])


def batch_info(call: Call, job: str, batch: str) -> Reply:
    found = _job(call, job)
    return _answer(found, 200, "batchInfo", tell.batch(_batch(call, found, batch)))


def batch_request(call: Call, job: str, batch: str) -> Reply:
    """What was sent for a batch."""
    found = _job(call, job)
    batch_id = _batch(call, found, batch).id
    return results.content("", call.org.bulk.folder(batch_id) / DATA, kind=TYPES[found.content_type])


def batch_result(call: Call, job: str, batch: str) -> Reply:
    """The outcome of each row, or the ids of the results of a query."""
    found = _job(call, job)
    done = _done(call, found, batch)
    if not _asks(found.operation):
        head, tail = outcomes.HEADS[found.content_type]
        path = call.org.bulk.folder(done.id) / SUCCEEDED
        return results.content(head, path, 0, done.succeeded, tail, TYPES[found.content_type])
    result_id = ids.to18(RESULT_PREFIX + done.id[len(RESULT_PREFIX) : ids.SHORT])
    if found.content_type == "JSON":
        return Answer(200, {"Content-Type": wire.JSON}, orjson.dumps([result_id]))
    return wire.answer(200, "result-list", {"result": result_id}, as_json=False)


def query_result(call: Call, job: str, batch: str, result: str) -> Reply:
    found = _job(call, job)
    done = _done(call, found, batch)
    if not _asks(found.operation) or result[len(RESULT_PREFIX) : ids.SHORT] != done.id[len(RESULT_PREFIX) : ids.SHORT]:
        raise refuse("InvalidBatch", f"Unable to find result for id: {result}")
    head, tail = (done.header, "") if found.content_type == "CSV" else records.HEADS[found.content_type]
    path = call.org.bulk.folder(done.id) / results.LINES
    return results.content(head, path, 0, None, tail, QUERIED[found.content_type])


def _job(call: Call, text: str) -> Job:
    """A job of the caller's. Raises Refused."""
    try:
        return v2.find(call, text, jobs.CLASSIC)
    except Refused as refused:
        if refused.problems[0].code == "INVALIDUSER":
            raise refuse("InvalidUser", "The job was created by another user.") from None
        raise refuse("InvalidJob", f"Unable to find job for id: {text}") from None


def _batch(call: Call, job: Job, text: str) -> Job:
    batch_id = ids.parse(text)
    found = jobs.find(call.db, batch_id) if batch_id else None
    if found is None or found.parent != job.id:
        raise refuse("InvalidBatch", f"Unable to find batch for id: {text}")
    return found


def _done(call: Call, job: Job, text: str) -> Job:
    """A batch with results. Raises Refused."""
    found = _batch(call, job, text)
    if not found.ended:
        raise refuse("InvalidBatch", "Batch not completed")
    if found.state != jobs.COMPLETE and not found.processed:
        raise refuse("InvalidBatch", "Records not processed")
    return found


def _told(call: Call, status: int, job: Job) -> Reply:
    """A job is told as it was asked for; without a word on that, in its own format."""
    spoken = call.headers.get("content-type")
    as_json = wire.wants_json(call.headers) if spoken else job.content_type == "JSON"
    return wire.answer(status, "jobInfo", tell.job(call.db, job), as_json)


def _answer(job: Job, status: int, name: str, told: Any) -> Reply:
    """Batches are told in the format of their job; CSV has none for that."""
    return wire.answer(status, name, told, job.content_type == "JSON")


def _asks(operation: str) -> bool:
    return operation in jobs.QUERIES


def _one_of(given: dict[str, str], name: str, allowed: tuple[str, ...], default: str = "") -> str:
    value = given.get(name, default)
    if value not in allowed:
        raise refuse("InvalidJob", f"{name} must be one of {', '.join(allowed)}, not '{value}'")
    return value


Handler = Callable[..., Reply]
ROUTES: dict[tuple[str, ...], dict[str, Handler]] = {
    ("job",): {"POST": create},
    ("job", "{}"): {"GET": info, "POST": change},
    ("job", "{}", "batch"): {"GET": list_batches, "POST": add_batch},
    ("job", "{}", "batch", "{}"): {"GET": batch_info},
    ("job", "{}", "batch", "{}", "request"): {"GET": batch_request},
    ("job", "{}", "batch", "{}", "result"): {"GET": batch_result},
    ("job", "{}", "batch", "{}", "result", "{}"): {"GET": query_result},
}
