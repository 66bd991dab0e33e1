"""What runs did to single records, told from the events that they left: for previews and trials."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from common.bulk import any_of
from common.models import DeletedRecord
from integrations.models import Outbox, RecordLink, Run, RunLine, SyncedKind, SyncEvent
from integrations.sync.records import KINDS, model_of
from integrations.sync.scope import Scope
from integrations.sync.state import State, sync_states

Key = tuple[str, int]
Kind = SyncEvent.Kind
Outcome, Side = RunLine.Outcome, RunLine.Side
# What an event makes of a record; of several the one that stands first.
OUTCOMES: list[tuple[SyncEvent.Kind, RunLine.Outcome]] = [
    (Kind.REFUSED, Outcome.FAILED),
    (Kind.CONFLICT, Outcome.CONFLICT),
    (Kind.CREATED, Outcome.CREATED),
    (Kind.UNLINKED, Outcome.DELETED),
]
THERE = {Kind.CREATED, Kind.PUSHED, Kind.LINKED}  # in a push; what a pull links is written here


def lines_of(
    runs: Sequence[Run], direction: str, *, after_link: int | None = None, records: Iterable[Key] = ()
) -> list[RunLine]:
    """A line for each record that something became of.

    ``after_link``: links with a higher id are new; ``records``: those that were to be pushed, of which some may have
    been left out.
    """
    by_id = {run.pk: run for run in runs}
    events: dict[Key, list[SyncEvent]] = defaultdict(list)
    for event in SyncEvent.objects.filter(run__in=by_id).order_by("pk"):
        events[event.record_kind, event.record_id].append(event)
    lines = [_line(by_id[told[0].run_id or 0], direction, key, told) for key, told in events.items()]
    if after_link is not None:
        lines += _arrived(runs[0], after_link, events)
    lines += _left_out(runs, records, events)
    _name(lines)
    return lines


def _line(run: Run, direction: str, key: Key, events: Sequence[SyncEvent]) -> RunLine:
    kinds = {event.kind for event in events}
    outcome = next((outcome for kind, outcome in OUTCOMES if kind in kinds), Outcome.UPDATED)
    reasons = dict.fromkeys(event.summary for event in events if event.summary)
    changes = [change for event in events for change in _changes(event, direction)]
    if outcome == Outcome.FAILED and changes:
        outcome = Outcome.UPDATED  # only some of its fields are refused
    return _new(run, direction, outcome, key, reason=" ".join(reasons), changes=changes)


def _new(run: Run, direction: str, outcome: str, key: tuple[str, int | None], **values: Any) -> RunLine:
    kind, record_id = key
    name = run.remote_object
    return RunLine(
        run=run,
        direction=direction,
        outcome=outcome,
        remote_object=name,
        record_kind=kind,
        record_id=record_id,
        **values,
    )


def _changes(event: SyncEvent, direction: str) -> Iterable[dict[str, Any]]:
    for label, told in event.changes.items():
        if event.kind == Kind.CONFLICT:
            ours_won = told["winner"] == "ours"
            before, after = (told["theirs"], told["ours"]) if ours_won else (told["ours"], told["theirs"])
            yield _change(Side.THERE if ours_won else Side.HERE, label, before, after) | {"is_conflict": True}
        else:
            is_there = direction == "push" and event.kind in THERE
            yield _change(Side.THERE if is_there else Side.HERE, label, *told[:2])


def _change(side: str, label: str, before: Any, after: Any) -> dict[str, Any]:
    return {"side": str(side), "field": label, "before": before, "after": after}


def _arrived(run: Run, after_link: int, events: dict[Key, list[SyncEvent]]) -> list[RunLine]:
    """Records that were made here: of these no event tells."""
    if run.remote_object not in KINDS:
        return []
    labels = Scope.load(run.connection, run.remote_object).told_names
    links = RecordLink.objects.live().filter(pk__gt=after_link, remote_object=run.remote_object).order_by("pk")
    return [
        _new(
            run,
            "pull",
            Outcome.CREATED,
            (link.record_kind, link.record_id),
            remote_id=link.remote_id,
            changes=[
                _change(Side.HERE, labels.get(name, name), None, value)
                for name, value in link.base.items()
                if value not in (None, False)
            ],
        )
        for link in links
        if (link.record_kind, link.record_id or 0) not in events
    ]


def _left_out(runs: Sequence[Run], records: Iterable[Key], events: dict[Key, list[SyncEvent]]) -> list[RunLine]:
    by_kind: dict[str, list[int]] = defaultdict(list)
    for kind, pk in records:
        if (kind, pk) not in events:
            by_kind[kind].append(pk)
    lines = []
    for kind, ids in by_kind.items():
        run = next((run for run in runs if KINDS.get(run.remote_object, SyncedKind.ACTIVITY) == kind), None)
        found = list(model_of(kind)._default_manager.filter(pk__in=any_of(ids, "bigint"))) if run else []
        waiting = set(Outbox.objects.of(kind, ids).values_list("record_id", flat=True))
        for pk, state in sync_states(found).items():
            if run and (state.state != State.SYNCED or pk in waiting):
                lines.append(_new(run, "push", Outcome.SKIPPED, (kind, pk), reason=state.reason))
    return lines


def _name(lines: Sequence[RunLine]) -> None:
    """Say what records are called, and where they are over there."""
    for kind in {line.record_kind for line in lines}:
        mine = [line for line in lines if line.record_kind == kind]
        ids = any_of({line.record_id for line in mine if line.record_id}, "bigint")
        found = {record.pk: record for record in model_of(kind)._default_manager.filter(pk__in=ids)}
        gone = DeletedRecord.objects.filter(record_kind=kind, record_id__in=ids)
        names = dict(gone.values_list("record_id", "name")) | {pk: str(record) for pk, record in found.items()}
        for line in mine:
            record = found.get(line.record_id or 0)
            line.name = names.get(line.record_id or 0, "")[:511]
            line.remote_id = line.remote_id or (record.crm_id if record else "")
