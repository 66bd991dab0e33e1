"""What every app may use: records and their fields, what is kept of deleted ones, jobs, views of lists."""

from .audit import AuditEntry
from .jobs import Job, JobChunk, JobQuerySet
from .kept import DeletedRecord, DuplicatePair, Erasure, ExactEncoder, Retention
from .records import (
    CustomField,
    Origin,
    Record,
    RecordKind,
    Stage,
    TimestampedModel,
    Workspace,
    list_index,
    record_constraints,
    record_indexes,
)
from .requests import KeptReply
from .views import SavedView, SavedViewQuerySet

__all__ = [
    "AuditEntry",
    "CustomField",
    "DeletedRecord",
    "DuplicatePair",
    "Erasure",
    "ExactEncoder",
    "Job",
    "JobChunk",
    "JobQuerySet",
    "KeptReply",
    "Origin",
    "Record",
    "RecordKind",
    "Retention",
    "SavedView",
    "SavedViewQuerySet",
    "Stage",
    "TimestampedModel",
    "Workspace",
    "list_index",
    "record_constraints",
    "record_indexes",
]
