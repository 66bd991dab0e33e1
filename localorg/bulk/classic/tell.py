"""A classic job and its batches as they are told."""

import sqlite3
from typing import Any

from localorg.bulk import jobs
from localorg.bulk.jobs import Job

STATES = {  # of a batch, which is a job of its own to us
    jobs.UPLOADED: "Queued",
    jobs.RUNNING: "InProgress",
    jobs.COMPLETE: "Completed",
    jobs.FAILED: "Failed",
    jobs.ABORTED: "NotProcessed",
}


def job(db: sqlite3.Connection, found: Job) -> dict[str, Any]:
    """In the order of the recorded XML."""
    batches = list(jobs.batches(db, found.id))
    milliseconds = sum(batch.milliseconds for batch in batches)
    return {
        "id": found.id,
        "operation": found.operation,
        "object": found.object,
        "createdById": found.user_id,
        "createdDate": found.created,
        "systemModstamp": found.modified,
        "state": found.state,
        "externalIdFieldName": found.external_id or None,
        "assignmentRuleId": found.assignment_rule or None,
        "concurrencyMode": "Parallel",
        "contentType": found.content_type,
        "numberBatchesQueued": _count(batches, jobs.UPLOADED),
        "numberBatchesInProgress": _count(batches, jobs.RUNNING),
        "numberBatchesCompleted": _count(batches, jobs.COMPLETE),
        "numberBatchesFailed": _count(batches, jobs.FAILED),
        "numberBatchesTotal": len(batches),
        "numberRecordsProcessed": sum(batch.processed for batch in batches),
        "numberRetries": 0,
        "apiVersion": float(found.version),
        "numberRecordsFailed": sum(batch.failed for batch in batches),
        "totalProcessingTime": milliseconds,
        "apiActiveProcessingTime": milliseconds,
        "apexProcessingTime": 0,
    }


def batch(found: Job) -> dict[str, Any]:
    return {
        "id": found.id,
        "jobId": found.parent,
        "state": STATES[found.state],
        "stateMessage": found.error or None,
        "createdDate": found.created,
        "systemModstamp": found.modified,
        "numberRecordsProcessed": found.processed,
        "numberRecordsFailed": found.failed,
        "totalProcessingTime": found.milliseconds,
        "apiActiveProcessingTime": found.milliseconds,
        "apexProcessingTime": 0,
    }


def _count(batches: list[Job], state: str) -> int:
    return sum(batch.state == state for batch in batches)
