"""What the integration keeps: the connection, the settings, the links with their bases, the queue and the journal."""

from .alignment import Alignment
from .arrivals import Arrivals
from .connection import Connection, Credential, LoginDescription, ObjectDescription, UserMapping
from .errors import ErrorEntry, ErrorEntryQuerySet
from .health import Sample
from .journal import ApiUsage, HeldDeletions, Run, SyncEvent
from .links import PendingReference, RecordLink, RemoteRole, SkippedRecord
from .mapping import DeclinedPair, DeletionSettings, FieldMapping, ObjectSettings, PullCondition, StageMapping
from .notices import Notice, NoticeChoice, NoticeCopy
from .previews import RunLine
from .queue import Cursor, IngestJob, Lane, Outbox
from .stages import InferenceMark, InferredStage, StageInference
from .undo import Undo

__all__ = [
    "Alignment",
    "ApiUsage",
    "Arrivals",
    "Connection",
    "Credential",
    "Cursor",
    "DeclinedPair",
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
    "Sample",
    "SkippedRecord",
    "StageInference",
    "StageMapping",
    "SyncEvent",
    "Undo",
    "UserMapping",
]
