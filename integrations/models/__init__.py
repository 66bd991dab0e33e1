"""What the integration keeps: the connection, the settings, the links with their bases, the queue and the journal."""

from .connection import Connection, Credential, LoginDescription, ObjectDescription, UserMapping
from .journal import ApiUsage, ErrorEntry, HeldDeletions, Run, SyncEvent
from .links import PendingReference, RecordLink, RemoteRole, SkippedRecord
from .mapping import DeletionSettings, FieldMapping, ObjectSettings, PullCondition, StageMapping
from .queue import Cursor, IngestJob, Lane, Outbox
from .stages import InferenceMark, InferredStage, StageInference

__all__ = [
    "ApiUsage",
    "Connection",
    "Credential",
    "Cursor",
    "DeletionSettings",
    "ErrorEntry",
    "FieldMapping",
    "HeldDeletions",
    "InferenceMark",
    "InferredStage",
    "IngestJob",
    "Lane",
    "LoginDescription",
    "ObjectDescription",
    "ObjectSettings",
    "Outbox",
    "PendingReference",
    "PullCondition",
    "RecordLink",
    "RemoteRole",
    "Run",
    "SkippedRecord",
    "StageInference",
    "StageMapping",
    "SyncEvent",
    "UserMapping",
]
