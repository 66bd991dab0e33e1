"""What a change of the settings shifts by itself, here and only here, without a pull or a push.

Each is called in a transaction that is rolled back, after the change was saved in it.
"""

from collections.abc import Sequence
from typing import Any

from common.bulk import any_of
from common.models import Origin, RecordKind
from integrations.models import Connection, ObjectSettings, Run, RunLine
from integrations.rehearsal import Told
from integrations.sync import inference, showing
from integrations.sync.outbox import CREATE_AS
from integrations.sync.records import RECORD_TYPES

LINES = 200  # of each kind of shift


def visibility(connection: Connection, kind: str) -> Told | None:
    """Pulled records that lists and searches would leave out, or show again."""
    settings = ObjectSettings.objects.select_related("connection").get(connection=connection, record_kind=kind)
    pulled = RECORD_TYPES[kind].model._default_manager.filter(origin=Origin.CRM_PULL)
    wanted = pulled.filter(showing.shown(settings))
    hidden = pulled.filter(is_hidden=False).exclude(pk__in=wanted.values("pk"))
    shown = wanted.filter(is_hidden=True)
    lines = [
        *(_line(kind, record, "Shown in lists", "Yes", "No") for record in hidden.order_by("pk")[:LINES]),
        *(_line(kind, record, "Shown in lists", "No", "Yes") for record in shown.order_by("pk")[:LINES]),
    ]
    counts = [(hidden.count(), "shown now would be hidden"), (shown.count(), "hidden now would be shown")]
    said = [f"{count:,} pulled records that are {words}." for count, words in counts if count]
    return _told(kind, sum(count for count, _ in counts), lines, " ".join(said))


def stages(connection: Connection, kind: str) -> Told | None:
    """Accounts whose stage would follow from their deals; the first few thousand."""
    if kind != RecordKind.ACCOUNT or not inference.is_due():
        return None
    accounts: Any = RECORD_TYPES[RecordKind.ACCOUNT].model._default_manager
    due = accounts.filter(pk__in=any_of(inference.next_due(), "bigint"))
    before = {account.pk: account.stage for account in due.select_related("stage")}
    inference.infer_some(connection)
    after = accounts.filter(pk__in=any_of(before, "bigint")).select_related("stage").order_by("pk")
    moved = [account for account in after if account.stage != before[account.pk]]
    lines = [_line(kind, account, "Stage", _named(before[account.pk]), _named(account.stage)) for account in moved]
    return _told(
        kind, len(lines), lines, f"{len(lines):,} accounts would take the stage that follows from their deals."
    )


SHIFTS = (visibility, stages)


def _named(stage: Any) -> str | None:
    return str(stage) if stage else None


def _line(kind: str, record: Any, field: str, before: str | None, after: str | None) -> RunLine:
    return RunLine(
        outcome=RunLine.Outcome.UPDATED,
        direction=RunLine.Direction.HERE,
        remote_object=getattr(record, "crm_object", "") or CREATE_AS.get(RecordKind(kind), "Contact"),
        record_kind=kind,
        record_id=record.pk,
        remote_id=record.crm_id,
        name=str(record)[:511],
        changes=[{"side": str(RunLine.Side.HERE), "field": field, "before": before, "after": after}],
    )


def _told(kind: str, count: int, lines: Sequence[RunLine], message: str) -> Told | None:
    name = CREATE_AS.get(RecordKind(kind), "Contact")
    run = Run(kind=Run.Kind.PREVIEW, remote_object=name, updated=count, message=message)
    return Told(run, list(lines)) if count else None
