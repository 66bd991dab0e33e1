"""Undoing a run: the field changes of a pull, a push or an applied mapping, and a merge made here.

It is looked at before, and then carried out in the background as a run of its own. Where that stands moves in the
transaction that writes a chunk, so a killed worker's part is done again from there.
"""

from dataclasses import dataclass, field
from typing import Any

import pghistory
from django.db import transaction
from django_q.tasks import async_task

from common.acting import acting_as
from common.bulk import copy_in
from common.merging import NotMergeable
from common.merging import undo as take_apart
from common.models import DeletedRecord, Record
from integrations.models import Connection, Lane, Run, SyncEvent, Undo
from integrations.services import Refused, queue_push
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.eligibility import stays_here
from integrations.sync.plan import Direction
from integrations.sync.reversal import Reversal, count_touched, kind_of_run, put_back, reversals, told, touched
from integrations.sync.scope import Scope
from users.models import User

CHUNK = 500
LOOKED_AT = 200  # records that are looked at before; of more the counts are estimates
SHOWN = 5
BATCH = 200  # records that one API call takes over there
UNDOABLE = {Run.Kind.PULL, Run.Kind.PUSH, Run.Kind.EVERYTHING, Run.Kind.ALIGN, Run.Kind.MERGE, Run.Kind.UNDO}


def refusal(run: Run) -> str:
    """Why a run can't be undone now; "" when it can, as far as is known without looking at its records."""
    if run.kind == Run.Kind.CARRIED:
        return "It only set off pulls and pushes, which are runs of their own: undo those."
    if run.kind not in UNDOABLE or (run.kind != Run.Kind.MERGE and not kind_of_run(run)):
        return "Runs of this kind change no fields of records, so there is nothing to undo."
    if run.state == Run.State.RUNNING:
        return "It is still under way: it can be undone when it is over."
    if under_way(run):
        return "It is being undone."
    if run.kind == Run.Kind.MERGE and merged(run) is None:
        return "The merge was taken apart already, or is longer ago than deleted records are kept."
    return ""


def latest(run: Run) -> Run | None:
    """The run that undid, or undoes, this one; the newest if there are several."""
    undo = Undo.objects.filter(undone=run).select_related("run__started_by").order_by("-pk").first()
    return undo.run if undo else None


def undone_by(run: Run) -> Run | None:
    """What a run undoes."""
    undo = Undo.objects.filter(run=run).select_related("undone").first()
    return undo.undone if undo else None


def under_way(run: Run) -> Run | None:
    undo = Undo.objects.filter(undone=run, run__state=Run.State.RUNNING).select_related("run").first()
    return undo.run if undo else None


def is_any_under_way(connection: Connection) -> bool:
    return connection.runs.filter(kind=Run.Kind.UNDO, state=Run.State.RUNNING).exists()


def merged(run: Run) -> DeletedRecord | None:
    """The record that a merge took away, as long as it can be brought back."""
    events = SyncEvent.objects.filter(run=run, kind=SyncEvent.Kind.MERGED)
    kinds = dict(events.values_list("record_id", "record_kind"))
    rows = DeletedRecord.objects.filter(record_id__in=kinds, merged_into__in=kinds, record_kind__in=set(kinds.values()))
    return rows.first()


# --- before -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """One record: what goes back, as [now, before] by label, and why other fields are left."""

    record: Record
    back: dict[str, list[str]]
    left: dict[str, str]


@dataclass
class Forecast:
    """What undoing a run would do: records. ``looked_at`` fewer than ``total``: the counts are estimates.

    ``stays_here``: why Salesforce is told of nothing; ``only_here``: fields of which it is not.
    """

    total: int
    looked_at: int = 0
    back: int = 0
    partly: int = 0
    left: int = 0
    to_push: int = 0
    stays_here: str = ""
    samples: list[Sample] = field(default_factory=list)
    only_here: set[str] = field(default_factory=set)

    @property
    def is_estimate(self) -> bool:
        return self.looked_at < self.total

    @property
    def unchanged(self) -> int:
        return self.total - self.back - self.left

    @property
    def calls(self) -> int:
        """API calls of the pushes that follow: reading what is there, and writing."""
        return 2 * -(-self.to_push // BATCH)


def forecast(run: Run) -> Forecast:
    """Look at the first records without writing anything, by a fixed number of queries."""
    told_of = Forecast(count_touched(run))
    found = reversals(run, touched(run, 0, LOOKED_AT))
    told_of.looked_at = min(told_of.total, LOOKED_AT)
    back = [one for one in found if one.back]
    told_of.back = len(back)
    told_of.partly = sum(bool(one.left) for one in back)
    told_of.left = sum(bool(one.left) for one in found if not one.back)
    told_of.stays_here = _stays_here(run)
    told_of.to_push = 0 if told_of.stays_here else sum(bool(one.record.crm_id) for one in back)
    shown = [*back[:SHOWN], *[one for one in found if one.left and not one.back][:SHOWN]]
    tell = told(run, shown)
    told_of.samples = [Sample(one.record, tell(one), one.left) for one in shown]
    told_of.only_here = _only_here(run, back) if back else set()
    if told_of.is_estimate:
        for name in ("back", "partly", "left", "to_push"):
            setattr(told_of, name, round(getattr(told_of, name) * told_of.total / told_of.looked_at))
    return told_of


def _stays_here(run: Run) -> str:
    settings = run.connection.object_settings.filter(record_kind=kind_of_run(run)).first()
    return stays_here(settings) if settings else ""


def _only_here(run: Run, back: list[Reversal]) -> set[str]:
    """Fields that come from Salesforce and never go there: Salesforce keeps its value."""
    rows = run.connection.field_mappings.filter(remote_object=run.remote_object, direction=Direction.IN)
    names = set(rows.values_list("field", flat=True))
    return {one.label for reversal in back for one, _, _ in reversal.back if one.name in names}


# --- carrying out -----------------------------------------------------------------------------------------------------


@transaction.atomic
def start(run: Run, user: User) -> Run:
    """Begin to undo a run; of two clicks the second finds the first one's work. Raises Refused."""
    run = Run.objects.select_for_update(of=("self",)).select_related("connection").get(pk=run.pk)
    if begun := under_way(run):
        return begun
    if reason := refusal(run):
        raise Refused(reason)
    total = 2 if run.kind == Run.Kind.MERGE else count_touched(run)
    undoing = Run.objects.create(
        connection=run.connection,
        kind=Run.Kind.UNDO,
        remote_object=run.remote_object,
        started_by=user,
        total=total,
    )
    Undo.objects.create(run=undoing, undone=run)
    if run.kind == Run.Kind.MERGE:
        _take_apart(run, undoing, user)
    else:
        transaction.on_commit(lambda: async_task("integrations.tasks.undo_runs"))
    return undoing


def _take_apart(run: Run, undoing: Run, user: User) -> None:
    row = merged(run)
    assert row is not None, "refusal() has looked"
    kind, kept_id = row.record_kind, row.merged_into
    assert kept_id is not None, "it was merged into another record"
    try:
        with acting_as(user), pghistory.context(user=user.pk, run=undoing.pk):
            record = take_apart(kind, row.record_id)
    except NotMergeable as reason:
        raise Refused(str(reason)) from reason
    told_of = [(record.pk, "It is a record of its own again."), (kept_id, f"“{record}” was taken out of it.")]
    SyncEvent.objects.bulk_create(
        SyncEvent(record_kind=kind, record_id=pk, kind=SyncEvent.Kind.UNDONE, summary=said, run=undoing, actor=user)
        for pk, said in told_of
    )
    undoing.count(created=1, updated=1)
    undoing.finish(Run.State.DONE)


@transaction.atomic
def cancel(undoing: Run) -> None:
    """Undo no more records; what is undone stays so."""
    Undo.objects.select_for_update(of=("self",)).get(run=undoing)
    undoing.refresh_from_db()
    if undoing.state == Run.State.RUNNING:
        undoing.finish(Run.State.CANCELLED, "It was stopped: what was undone by then stays undone.")


def undo_some(connection: Connection) -> bool:
    """Undo the next chunk of what is to be undone; False when nothing is left, or another worker is at it."""
    rows = Undo.objects.filter(run__connection=connection, run__state=Run.State.RUNNING)
    return any(_chunk(pk) for pk in rows.order_by("pk").values_list("pk", flat=True))


@on_deadlock_again
@transaction.atomic
def _chunk(pk: int) -> bool:
    undo = Undo.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
    if undo is None or undo.run.state != Run.State.RUNNING:
        return False
    ids = touched(undo.undone, undo.after, CHUNK)
    if not ids:
        _finish(undo.run)
        return False
    with pghistory.context(user=undo.run.started_by_id, run=undo.run_id):
        found = reversals(undo.undone, ids, is_locking=True)
        _tell(undo, found)
        changed = put_back(Scope.load(undo.run.connection, undo.undone.remote_object), found)
    linked = [record for record in changed if record.crm_id]
    queue_push(linked, user=undo.run.started_by, lane=Lane.BACKGROUND)
    undo.after = ids[-1]
    undo.save(update_fields=["after"])
    skipped = sum(bool(one.left) for one in found if not one.back)
    gone = len(ids) - len(found)
    unchanged = len(found) - len(changed) - skipped
    undo.run.count(updated=len(changed), skipped=skipped + gone, unchanged=unchanged)
    return True


def _tell(undo: Undo, found: list[Reversal]) -> None:
    tell = told(undo.undone, found)
    copy_in([_event(undo, one, tell(one)) for one in found if one.back or one.left])


def _event(undo: Undo, one: Reversal, back: dict[str, list[str]]) -> SyncEvent:
    left = "; ".join(f"{label}: {why}" for label, why in one.left.items())
    return SyncEvent(
        record_kind=kind_of_run(undo.undone),
        record_id=one.record.pk,
        kind=SyncEvent.Kind.UNDONE,
        summary=f"Left as it is – {left}." if left else "",
        changes=back,
        run=undo.run,
        actor_id=undo.run.started_by_id,
    )


def _finish(run: Run) -> None:
    run.refresh_from_db()
    run.finish(Run.State.DONE, "" if run.updated else "Everything was changed since, or is as before already.")


def what_returns(run: Run) -> dict[str, Any]:
    """Of a merge: the record that would be one of its own again, and what of the other would change."""
    row = merged(run)
    if row is None:
        return {}
    moved = sum(map(len, row.moved.values()))
    return {
        "name": row.name,
        "moved": moved,
        "fields": len(row.before),
        "merged_at": row.deleted_at,
    }
