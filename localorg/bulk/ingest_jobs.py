"""Bulk API 2.0 ingest: /jobs/ingest."""

import io
import logging

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, parse_form

from localorg.api.call import Call, Reply
from localorg.bulk import checks, jobs, outcomes, results, v2
from localorg.bulk.columns import ENDINGS, SEPARATORS
from localorg.bulk.jobs import Job
from localorg.errors import refuse

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # whoever sent it is told, that is enough

PATH = "jobs/ingest"
GIVEN = (
    "object",
    "operation",
    "contentType",
    "columnDelimiter",
    "lineEnding",
    "externalIdFieldName",
    "assignmentRuleId",
)
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
SINCE = 41.0  # the version
MOST_IN_PARTS = 100_000  # characters of rows that come with the job itself


def create(call: Call) -> Reply:
    v2.not_before(call, SINCE)
    if call.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return _create_in_parts(call)
    job = _new(call, v2.read(call, GIVEN))
    return Reply(body=v2.created(job))


def info(call: Call, job: str) -> Reply:
    found = _find(call, job)
    shown = v2.created(found) | {
        "jobType": found.kind,
        "numberRecordsProcessed": found.processed,
        "numberRecordsFailed": found.failed,
        "retries": 0,
        "totalProcessingTime": found.milliseconds,
        "apiActiveProcessingTime": found.milliseconds,
        "apexProcessingTime": 0,
    }
    return Reply(body=shown | ({"errorMessage": found.error} if found.error else {}))


def put(call: Call, job: str) -> Reply:
    """The rows, all at once and once only."""
    found = _find(call, job)
    kind = call.headers.get("content-type", "text/csv")
    if not kind.lower().startswith("text/csv"):
        raise refuse("UNSUPPORTED_MEDIA_TYPE", f"Content-Type must be text/csv, not {kind}", 415)
    v2.require_state(found, jobs.OPEN)
    data = call.org.bulk.folder(found.id) / outcomes.DATA
    if data.exists():
        message = (
            f"Found multiple contents for job: <{found.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then "
            "create a new Job and make sure you only do 'PUT' once on a given Job."
        )
        raise refuse("CLIENTINPUTERROR", message)
    if call.upload is None:
        raise refuse("CLIENTINPUTERROR", "Data can be uploaded by a request of its own only.")
    call.upload.replace(data)
    return Reply(201)


def change(call: Call, job: str) -> Reply:
    found = _find(call, job)
    states = (jobs.UPLOADED, jobs.ABORTED)
    if v2.one_of(v2.read(call, ("state",)), "state", "JobStateEnum", states) == jobs.ABORTED:
        v2.abort(call, found)
    else:
        v2.require_state(found, jobs.OPEN)
        _close(call, found)
    return Reply(body=v2.short(found))


def remove(call: Call, job: str) -> Reply:
    v2.delete(call, _find(call, job))
    return Reply(204)


def everything(call: Call) -> Reply:
    v2.not_before(call, SINCE)
    return Reply(body=v2.listing(call, PATH, (jobs.INGEST, jobs.CLASSIC)))


def succeeded(call: Call, job: str) -> Reply:
    found = _ended(call, job)
    return _outcomes(call, found, outcomes.SUCCEEDED, "sf__Created", found.succeeded)


def failed(call: Call, job: str) -> Reply:
    found = _ended(call, job)
    return _outcomes(call, found, outcomes.REFUSED, "sf__Error", found.refused)


def unprocessed(call: Call, job: str) -> Reply:
    """The rows that the job never came to, as they were uploaded."""
    found = _ended(call, job)
    data = call.org.bulk.folder(found.id) / outcomes.DATA
    return Reply(content=results.content(found.header if found.position else "", data, found.position))


def _outcomes(call: Call, job: Job, name: str, column: str, size: int) -> Reply:
    separator, ending = SEPARATORS[job.delimiter], ENDINGS[job.line_ending]
    names = f'"sf__Id"{separator}"{column}"'
    head = f"{names}{separator}{job.header}" if job.header else f"{names}{ending}"
    return Reply(content=results.content(head, call.org.bulk.folder(job.id) / name, 0, size))


def _new(call: Call, body: v2.Body) -> Job:
    operation = v2.one_of(body, "operation", "OperationEnum", OPERATIONS)
    delimiter, ending = v2.form(body)
    with v2.in_capitals():
        sobject = checks.sobject_of(call, body.get("object"))
        external_id = checks.external_id(sobject, operation, body.get("externalIdFieldName"))
        checks.operation(call, operation)
        checks.allowance(call)
    job = call.org.bulk.new_job(
        jobs.INGEST,
        call.session.user_id,
        call.version,
        operation=operation,
        object=sobject.name,
        state=jobs.OPEN,
        delimiter=delimiter,
        line_ending=ending,
        external_id=external_id,
        assignment_rule=body.get("assignmentRuleId", ""),
    )
    call.org.bulk.drop_old(call.db)
    jobs.add(call.db, job)
    return job


def _create_in_parts(call: Call) -> Reply:
    """The job and its rows in one request; no more will come."""
    parts = _parts(call)
    if set(parts) != {"job", "content"}:
        raise refuse("CLIENTINPUTERROR", "A multipart request needs the parts 'job' and 'content'.")
    rows = parts["content"]
    if len(rows.decode("utf-8", "replace")) > MOST_IN_PARTS:
        message = f"The content of a multipart request may have no more than {MOST_IN_PARTS} characters."
        raise refuse("CLIENTINPUTERROR", message)
    try:
        body = orjson.loads(parts["job"])
    except orjson.JSONDecodeError as error:
        raise refuse("JSON_PARSER_ERROR", str(error)) from None
    job = _new(call, v2.checked(body, GIVEN))
    (call.org.bulk.folder(job.id) / outcomes.DATA).write_bytes(rows)
    _close(call, job)
    return Reply(body=v2.created(job))


def _parts(call: Call) -> dict[str, bytes]:
    found: dict[str, bytes] = {}

    def on_field(field: Field) -> None:
        found[(field.field_name or b"").decode("latin-1")] = field.value or b""

    def on_file(file: File) -> None:
        file.file_object.seek(0)
        found[(file.field_name or b"").decode("latin-1")] = file.file_object.read()

    headers = {"Content-Type": call.headers["content-type"].encode("latin-1")}
    try:
        parse_form(headers, io.BytesIO(call.content), on_field, on_file)
    except FormParserError as error:
        raise refuse("CLIENTINPUTERROR", f"The multipart request could not be read: {error}") from None
    return found


def _close(call: Call, job: Job) -> None:
    """No more rows will come: the job can begin."""
    (call.org.bulk.folder(job.id) / outcomes.DATA).touch()
    fault = call.org.faults.job(call.method, f"{call.data_url}/{PATH}/{job.id}", job.object)
    jobs.change(call.db, job, state=jobs.UPLOADED, fault=fault or "")
    call.org.bulk.queue(job)


def _find(call: Call, text: str) -> Job:
    v2.not_before(call, SINCE)
    return v2.find(call, text, jobs.INGEST)


def _ended(call: Call, text: str) -> Job:
    found = _find(call, text)
    v2.require_state(found, *jobs.ENDED)
    return found
