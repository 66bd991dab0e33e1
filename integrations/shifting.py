"""What a change of the settings shifts by itself, here and only here, without a pull or a push.

Each is called in a transaction that is rolled back, after the change was saved in it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from common.bulk import any_of
from common.models import Origin, RecordKind
from integrations.models import Alignment, Connection, ObjectSettings, RecordLink, Run, RunLine
from integrations.rehearsal import Told
from integrations.sync import inference, showing
from integrations.sync.alignment import compared, narrowed, read
from integrations.sync.outbox import CREATE_AS
from integrations.sync.provider import Values
from integrations.sync.records import RECORD_TYPES
from integrations.sync.scope import Scope

How = Alignment.How
LINES = 200  # of each kind of shift


def visibility(connection: Connection, kind: str) -> Told | None:
    """Pulled records that lists and searches would leave out, or show again."""
    settings = ObjectSettings.objects.select_related("connection").get(connection=connection, record_kind=kind)
    pulled = RECORD_TYPES[kind].model._default_manager.filter(origin=Origin.CRM_PULL)
    wanted = pulled.filter(showing.shown(settings))
    hidden = pulled.filter(is_hidden=False).exclude(pk__in=wanted.values("pk"))
    shown = wanted.filter(is_hidden=True)
    lines = [
        *(_here(kind, record, "Shown in lists", "Yes", "No") for record in hidden.order_by("pk")[:LINES]),
        *(_here(kind, record, "Shown in lists", "No", "Yes") for record in shown.order_by("pk")[:LINES]),
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
    lines = [_here(kind, account, "Stage", _named(before[account.pk]), _named(account.stage)) for account in moved]
    return _told(
        kind, len(lines), lines, f"{len(lines):,} accounts would take the stage that follows from their deals."
    )


SHIFTS = (visibility, stages)


def existing(connection: Connection, remote_object: str, links: QuerySet[RecordLink], provider: Any) -> Told | None:
    """What applying the newly mapped fields to these linked records would move: saving alone moves nothing of it."""
    new = connection.field_mappings.filter(remote_object=remote_object, is_compared=False)
    scope = narrowed(Scope.load(connection, remote_object), list(new.values_list("field", flat=True)), How.RULE)
    rows = list(links.filter(remote_object=remote_object).exclude(base={}).order_by("pk"))
    if not scope.pairs or not rows:
        return None
    found = read(scope, rows, provider)
    records = scope.type.model._default_manager.in_bulk([row.record_id for row in rows if row.record_id])
    vocabulary = scope.vocabulary(list(records.values()), [remote.values for _, remote in found if remote])
    run = Run(kind=Run.Kind.PREVIEW, remote_object=remote_object)
    labels = {pair.name: pair.field.label for pair in scope.pairs}
    lines = []
    for one in compared(scope, How.RULE, found, records, vocabulary):
        changes = [
            *_changes(RunLine.Side.HERE, labels, one.local, one.plan.to_local),
            *_changes(RunLine.Side.THERE, labels, one.remote.values, one.plan.to_remote),
        ]
        run.updated += bool(changes)
        run.unchanged += not changes
        lines += [_line(scope.kind, one.record, RunLine.Direction.THEN, changes)] if changes else []
    return Told(run, lines)


def _changes(side: RunLine.Side, labels: Mapping[str, str], before: Values, after: Values) -> list[dict[str, Any]]:
    return [
        {"side": str(side), "field": labels[name], "before": before.get(name), "after": value}
        for name, value in after.items()
    ]


def _named(stage: Any) -> str | None:
    return str(stage) if stage else None


def _line(kind: str, record: Any, direction: str, changes: list[dict[str, Any]]) -> RunLine:
    return RunLine(
        outcome=RunLine.Outcome.UPDATED,
        direction=direction,
        remote_object=getattr(record, "crm_object", "") or CREATE_AS.get(RecordKind(kind), "Contact"),
        record_kind=kind,
        record_id=record.pk,
        remote_id=record.crm_id,
        name=str(record)[:511],
        changes=changes,
    )


def _here(kind: str, record: Any, field: str, before: str | None, after: str | None) -> RunLine:
    change = {"side": str(RunLine.Side.HERE), "field": field, "before": before, "after": after}
    return _line(kind, record, RunLine.Direction.HERE, [change])


def _told(kind: str, count: int, lines: Sequence[RunLine], message: str) -> Told | None:
    name = CREATE_AS.get(RecordKind(kind), "Contact")
    run = Run(kind=Run.Kind.PREVIEW, remote_object=name, updated=count, message=message)
    return Told(run, list(lines)) if count else None
