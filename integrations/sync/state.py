"""The one sync state that every record has, with its reason: derived, never stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Exists,
    OuterRef,
    QuerySet,
    TextChoices,
    Value,
    When,
    prefetch_related_objects,
)

from common.models import Record
from integrations.activity_rules import ActivityRules, verdict
from integrations.models import Connection, ErrorEntry, ObjectSettings, Outbox, RecordLink, SkippedRecord, SyncedKind
from integrations.sync.activities.scope import NEEDED
from integrations.sync.activities.waiting import PAST, Around
from integrations.sync.eligibility import Hindrance, Rule, hindrance, lacks_account, stays_here
from integrations.sync.records import kind_of

IN_STEP = "In step with Salesforce."


class State(TextChoices):
    WAITING = "waiting", "Waiting"
    FAILED = "failed", "Failed"
    SYNCED = "synced", "Synced"
    SKIPPED = "skipped", "Skipped"
    NOT_ELIGIBLE = "not_eligible", "Not pushed"


@dataclass(frozen=True)
class SyncState:
    """``rule``: what keeps the record out, or waiting; None where nothing is to be done about it."""

    state: State
    reason: str
    rule: Rule | None = None

    @property
    def label(self) -> str:
        return str(self.state.label)


def with_state(records: QuerySet, kind: str) -> QuerySet:
    """Records with their ``sync_state``, for filters and counts."""
    mine = {"record_kind": kind, "record_id": OuterRef("pk")}
    return records.annotate(
        sync_state=Case(
            When(Exists(SkippedRecord.objects.filter(**mine)), then=Value(State.SKIPPED)),
            When(Exists(Outbox.objects.filter(**mine)), then=Value(State.WAITING)),
            When(Exists(ErrorEntry.objects.open().filter(**mine)), then=Value(State.FAILED)),
            When(~Exists(records.model.objects.filter(pk=OuterRef("pk"), crm_id="")), then=Value(State.SYNCED)),
            default=Value(State.NOT_ELIGIBLE),
            output_field=CharField(),
        )
    )


def in_state(records: QuerySet, kind: str, state: State) -> QuerySet:
    """Those in one state, found from the side that is small: what is due, refused or skipped, not every record."""
    mine = {"record_kind": kind}
    skipped = SkippedRecord.objects.filter(**mine).values("record_id")
    waiting = Outbox.objects.filter(**mine).values("record_id")
    refused = ErrorEntry.objects.open().filter(**mine, record_id__isnull=False).values("record_id")
    match state:
        case State.SKIPPED:
            return records.filter(pk__in=skipped)
        case State.WAITING:
            return records.filter(pk__in=waiting).exclude(pk__in=skipped)
        case State.FAILED:
            return records.filter(pk__in=refused).exclude(pk__in=skipped).exclude(pk__in=waiting)
    rest = records
    for model in (SkippedRecord.objects.all(), Outbox.objects.all(), ErrorEntry.objects.open()):
        rest = rest.filter(~Exists(model.filter(**mine, record_id=OuterRef("pk"))))
    return rest.exclude(crm_id="") if state == State.SYNCED else rest.filter(crm_id="")


def sync_states(records: Sequence[Record]) -> dict[int, SyncState]:
    """The state of each record by id, with a fixed number of queries. All of one kind."""
    kind = kind_of(records[0]) if records else None
    if kind is None:
        return {}
    ids = [record.pk for record in records]
    settings = ObjectSettings.objects.filter(record_kind=kind).select_related("connection").first()
    connection = settings.connection if settings else Connection.objects.first()
    due = {row.record_id: row for row in Outbox.objects.of(kind, ids).select_related("credential")}
    errors = {entry.record_id: entry for entry in ErrorEntry.objects.open().of(kind, ids)}
    lost = RecordLink.objects.of(kind, ids).exclude(dropped_at=None).values_list("record_id", "drop_reason")
    dropped = dict(lost) if connection and connection.is_connected else {}
    hindered = _hindered_activities(connection, records) if kind == SyncedKind.ACTIVITY else None
    skips = {skip.record_id: skip for skip in SkippedRecord.objects.of(kind, ids).select_related("user")}
    return {
        record.pk: _skipped(skips[record.pk])
        if record.pk in skips
        else _state(record, connection, due.get(record.pk), errors.get(record.pk), settings, dropped, hindered)
        for record in records
    }


def _hindered_activities(connection: Connection | None, activities: Sequence[Any]) -> Mapping[int, Hindrance]:
    """Why those stay out that are not there, by the settings of activities; a fixed number of queries."""
    new = [one for one in activities if not one.crm_id]
    if connection is None or not new:
        return {}
    prefetch_related_objects(new, *NEEDED)
    rules, coming = ActivityRules.load(connection), Around.load(new).coming
    said = {one.pk: verdict(one, rules, coming) for one in new}
    return {pk: Hindrance(Rule.ACTIVITIES, found.reason) for pk, found in said.items() if not found.pushes}


def _skipped(skip: SkippedRecord) -> SyncState:
    who, since = skip.user or "Somebody", f"{skip.at.day} {skip.at:%B %Y}"
    return SyncState(State.SKIPPED, f"{who} keeps it out of the sync since {since}.", Rule.PERSON)


def _state(
    record: Record,
    connection: Connection | None,
    row: Outbox | None,
    error: ErrorEntry | None,
    settings: ObjectSettings | None,
    dropped: Mapping[int | None, str],
    hindered: Mapping[int, Hindrance] | None,
) -> SyncState:
    if row is not None:
        waiting = _waiting_for(connection, row)
        return SyncState(State.WAITING, waiting.reason, waiting.rule) if waiting else _on_its_way(row)
    if error is not None:
        return SyncState(State.FAILED, error.message, Rule.REFUSED)
    if record.crm_id:
        here = stays_here(settings) if settings else ""
        return SyncState(State.SYNCED, f"Linked; what is changed here stays here: {here}" if here else IN_STEP)
    if connection is None or not connection.is_connected:
        return SyncState(State.NOT_ELIGIBLE, "Salesforce is not connected.", Rule.CONNECTION)
    if found := hindrance(record, settings) if hindered is None else hindered.get(record.pk):
        return SyncState(State.NOT_ELIGIBLE, found.reason, found.rule)
    if reason := dropped.get(record.pk):
        return SyncState(State.NOT_ELIGIBLE, reason, Rule.DROPPED)
    if settings and (found := lacks_account(record, settings)):
        return SyncState(State.NOT_ELIGIBLE, found.reason, found.rule)
    return SyncState(State.NOT_ELIGIBLE, PAST, Rule.PAST)


def _waiting_for(connection: Connection | None, row: Outbox) -> Hindrance | None:
    """What has to happen before a record can be pushed; None when it is on its way."""
    if connection is None or not connection.is_connected:
        return Hindrance(Rule.CONNECTION, "Salesforce is not connected; it is pushed when it is again.")
    if connection.phase == Connection.Phase.SETUP:
        return Hindrance(Rule.SETUP, "It is pushed after the setup window and the first pull.")
    if connection.phase == Connection.Phase.INITIAL_PULL:
        return Hindrance(Rule.SETUP, "It is pushed after the first pull.")
    if connection.is_paused:
        return Hindrance(Rule.PAUSE, f"Syncing is paused: {connection.pause_reason}")
    if row.credential is None:
        return Hindrance(Rule.LOGIN, "There is no login to push it with.")
    if row.credential.broken_reason:
        return Hindrance(Rule.LOGIN, f"The login of {row.credential} must be connected again.")
    return None


def _on_its_way(row: Outbox) -> SyncState:
    if row.sent_at and not row.claim_token:
        reason = "Its creation was sent, but the answer was lost: finding out whether Salesforce has it."
    else:
        reason = row.wait_reason or ("It is being sent." if row.claim_token else "It is about to be sent.")
    return SyncState(State.WAITING, reason)
