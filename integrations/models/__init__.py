"""What the integration keeps: the connection, the settings, the links with their bases, the queue and the journal."""

from .connection import Connection, Credential, ObjectDescription, UserMapping
from .journal import ErrorEntry, Run, SyncEvent
from .links import PendingReference, RecordLink
from .mapping import FieldMapping, ObjectSettings, StageMapping
from .queue import Cursor, Lane, Outbox

__all__ = [
    "Connection",
    "Credential",
    "Cursor",
    "ErrorEntry",
    "FieldMapping",
    "Lane",
    "ObjectDescription",
    "ObjectSettings",
    "Outbox",
    "PendingReference",
    "RecordLink",
    "Run",
    "StageMapping",
    "SyncEvent",
    "UserMapping",
]
