"""What the integration keeps: the connection, the settings, the links with their bases, the queue and the journal."""

from .alignment import Alignment
from .connection import Connection, Credential, LoginDescription, ObjectDescription, UserMapping
from .errors import ErrorEntry, ErrorEntryQuerySet
from .journal import ApiUsage, HeldDeletions, Run, SyncEvent
from .links import PendingReference, RecordLink, RemoteRole, SkippedRecord
from .mapping import DeletionSettings, FieldMapping, ObjectSettings, PullCondition, StageMapping
from .notices import Notice, NoticeChoice, NoticeCopy
from .previews import RunLine
from .queue import Cursor, IngestJob, Lane, Outbox
from .stages import InferenceMark, InferredStage, StageInference

__all__ = [
    "Alignment",
    "ApiUsage",
    "Connection",
    "Credential",
    "Cursor",
    "DeletionSettings",
    "ErrorEntry",
    "ErrorEntryQuerySet",
    "FieldMapping",
    "HeldDeletions",
    "InferenceMark",
    "InferredStage",
    "IngestJob",
    "Lane",
    "LoginDescription",
    "Notice",
    "NoticeChoice",
    "NoticeCopy",
    "ObjectDescription",
    "ObjectSettings",
    "Outbox",
    "PendingReference",
    "PullCondition",
    "RecordLink",
    "RemoteRole",
    "Run",
    "RunLine",
    "SkippedRecord",
    "StageInference",
    "StageMapping",
    "SyncEvent",
    "UserMapping",
]
