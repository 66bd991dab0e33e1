"""What query and ingest jobs of Bulk API 2.0 have in common."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from localorg import ids
from localorg.api.call import Call
from localorg.bulk import checks, jobs
from localorg.bulk.columns import ENDINGS, SEPARATORS
from localorg.bulk.jobs import Job
from localorg.errors import Refused, TypeMismatch, not_found, refuse

MOST_LISTED = 1_000
Body = dict[str, Any]


def not_before(call: Call, version: float) -> None:
    """A resource that older versions do not have."""
    if float(call.version) < version:
        raise not_found()


def read(call: Call, known: Iterable[str]) -> Body:
    """The body of a request: text or null under known names. Raises Refused."""
    return checked(call.mapping(), known)


def checked(body: Any, known: Iterable[str]) -> Body:
    """The same for JSON from elsewhere, without what is null."""
    if not isinstance(body, dict):
        raise refuse("JSON_PARSER_ERROR", "The job must be an object")
    for name, value in body.items():
        if name not in known:
            raise refuse("JSON_PARSER_ERROR", f'Unrecognized field "{name}"')
        if not isinstance(value, str | None):
            raise TypeMismatch("string", value, name)
    return {name: value for name, value in body.items() if value is not None}


def form(body: Body) -> tuple[str, str]:
    """Delimiter and line ending of a job's data. Raises Refused for what no job has."""
    one_of(body, "contentType", "ContentType", ("CSV",), "CSV")
    delimiter = one_of(body, "columnDelimiter", "ColumnDelimiterEnum", tuple(SEPARATORS), "COMMA")
    return delimiter, one_of(body, "lineEnding", "LineEndingEnum", tuple(ENDINGS), "LF")


def one_of(body: Body, name: str, kind: str, allowed: Sequence[str], default: str | None = None) -> str:
    value = body.get(name, default)
    if value is None:
        raise refuse("INVALIDJOB", f"{name} must be specified")
    if value not in allowed:
        names = ", ".join(sorted(allowed))
        message = f'Cannot deserialize value of type `{kind}` from String "{value}": not one of the values [{names}]'
        raise refuse("JSON_PARSER_ERROR", message)
    return str(value)


def find(call: Call, text: str, kind: str) -> Job:
    """A job of the caller's, or of anybody's for an administrator. Raises Refused."""
    job_id = ids.parse(text)
    job = jobs.find(call.db, job_id) if job_id else None
    if job is None or job.kind != kind:
        raise not_found()
    if job.user_id != call.session.user_id and not checks.may(call, "ModifyAllData"):
        raise refuse("INVALIDUSER", "The job was created by another user.")
    return job


@contextmanager
def in_capitals() -> Iterator[None]:
    """The codes of Bulk API 1.0 as 2.0 writes them."""
    try:
        yield
    except Refused as refused:
        problems = [replace(problem, code=problem.code.upper()) for problem in refused.problems]
        raise Refused(problems, refused.status) from None


def require_state(job: Job, *states: str) -> None:
    if job.state not in states:
        raise refuse("INVALIDJOBSTATE", f"Job is not in the right state: {job.state}")


def abort(call: Call, job: Job) -> None:
    if job.state == jobs.ABORTED:
        raise refuse("INVALIDJOBSTATE", "Aborting already Aborted Job not allowed")
    if job.ended:
        raise refuse("INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
    jobs.change(call.db, job, state=jobs.ABORTED)


def delete(call: Call, job: Job) -> None:
    """Only what is not at work can be deleted."""
    require_state(job, jobs.UPLOADED, *jobs.ENDED)
    call.org.bulk.drop(call.db, job)


def short(job: Job) -> Body:
    """What is told of a job when its state was changed."""
    shown: Body = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user_id,
        "createdDate": job.created,
        "systemModstamp": job.modified,
        "state": job.state,
        "externalIdFieldName": job.external_id,
        "assignmentRuleId": job.assignment_rule,
        "concurrencyMode": "Parallel",
        "contentType": job.content_type,
        "apiVersion": float(job.version),
    }
    return {name: value for name, value in shown.items() if value != ""}


def created(job: Job) -> Body:
    shown = short(job)
    if job.state == jobs.OPEN:
        shown["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
    return shown | {"lineEnding": job.line_ending, "columnDelimiter": job.delimiter}


def listing(call: Call, path: str, kinds: Sequence[str]) -> Body:
    """Jobs in the order in which they were created, a thousand at a time."""
    wanted = [kind for kind in kinds if call.query.get("jobType", kind).lower() == kind.lower()]
    if call.query.get("isPkChunkingEnabled", "").lower() == "true":
        wanted = [kind for kind in wanted if kind == jobs.CLASSIC]
    found = jobs.listed(call.db, wanted, number_in(call.query.get("queryLocator")), MOST_LISTED + 1)
    shown = found[:MOST_LISTED]
    done = len(found) == len(shown)
    following = None if done else f"{call.data_url}/{path}?queryLocator={locator(shown[-1].number)}"
    records = [created(job) | {"jobType": job.kind} for job in shown]
    return {"done": done, "records": records, "nextRecordsUrl": following}


def locator(number: int) -> str:
    """A place in a result, in base 64 as real orgs tell it: MTAwMDA is 10000."""
    return base64.b64encode(str(number).encode()).decode().rstrip("=")


def number_in(text: str | None) -> int:
    """The place that a locator means, 0 for none. Raises Refused."""
    if not text:
        return 0
    try:
        number = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeError, ValueError):
        raise _bad_locator() from None
    if not number.isdecimal() or len(number) > 18:  # noqa: PLR2004  # digits that SQLite can count with
        raise _bad_locator()
    return int(number)


def _bad_locator() -> Refused:
    return refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
