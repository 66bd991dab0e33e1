"""What the integration keeps: the connection, the settings, the links with their bases, the queue and the journal."""

from .activities import ActivitySettings, ExclusionRule
from .alignment import Alignment
from .arrivals import Arrivals
from .campaigns import Campaign, CampaignMember, CampaignMemberQuerySet
from .connection import Connection, Credential, LoginDescription, ObjectDescription, UserMapping
from .embedding import PanelMember, PanelSession
from .errors import ErrorEntry, ErrorEntryQuerySet
from .health import Sample
from .journal import ApiUsage, HeldDeletions, Run, SyncEvent
from .kinds import SyncedKind
from .links import PendingReference, RecordLink, RemoteRole, SkippedRecord
from .mapping import DeclinedPair, DeletionSettings, FieldMapping, ObjectSettings, PullCondition, StageMapping
from .notices import Notice, NoticeChoice, NoticeCopy
from .previews import RunLine
from .queue import Cursor, IngestJob, Lane, LaneCall, Outbox
from .stages import InferenceMark, InferredStage, StageInference
from .undo import Undo

__all__ = [
    "ActivitySettings",
    "Alignment",
    "ApiUsage",
    "Arrivals",
    "Campaign",
    "CampaignMember",
    "CampaignMemberQuerySet",
    "Connection",
    "Credential",
    "Cursor",
    "DeclinedPair",
    "DeletionSettings",
    "ErrorEntry",
    "ErrorEntryQuerySet",
    "ExclusionRule",
    "FieldMapping",
    "HeldDeletions",
    "InferenceMark",
    "InferredStage",
    "IngestJob",
    "Lane",
    "LaneCall",
    "LoginDescription",
    "Notice",
    "NoticeChoice",
    "NoticeCopy",
    "ObjectDescription",
    "ObjectSettings",
    "Outbox",
    "PanelMember",
    "PanelSession",
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
    "SyncedKind",
    "Undo",
    "UserMapping",
]
