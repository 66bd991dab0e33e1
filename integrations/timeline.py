"""What the sync tells in a record's timeline, and which of its runs a change was part of.

The field history tells what changed here, by whom and in which run. An event of the same run tells it no second time;
what went over there waits in a fold, for it was changed here before.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Model, Q
from django.urls import reverse

from common import changes, timeline
from common.acting import acting_user
from common.models import Origin, Record
from integrations.models import RecordLink, Run, SyncEvent
from integrations.sync.records import SYNCED, kind_of, model_of
from integrations.telling import changes_of, names_behind, title

SHOWN_NAMES = 3
Kind = SyncEvent.Kind
ICONS = {
    Kind.PUSHED: "cloud-up",
    Kind.CREATED: "cloud-plus",
    Kind.PULLED: "cloud-down",
    Kind.IMPORTED: "cloud-down",
    Kind.LINKED: "link",
    Kind.RELINKED: "link",
    Kind.UNLINKED: "unlink",
    Kind.CONFLICT: "arrows-split-2",
    Kind.REFUSED: "cloud-x",
    Kind.MERGED: "arrows-join",
    Kind.RESTORED: "restore",
    Kind.UNDONE: "arrow-back-up",
    Kind.CAMPAIGN: "speakerphone",
}


@changes.tells_of_runs
def names_of_runs(ids: set[int]) -> Mapping[int, changes.Told]:
    """Runs have pages for admins."""
    return {run.pk: (title(run), _url(run)) for run in Run.objects.filter(pk__in=ids)}


def _url(run: Run) -> str:
    user = acting_user()
    return reverse("integrations:run", args=[run.pk]) if user and user.is_admin else ""


@timeline.source(group="sync")
def sync_events(record: Model, until: datetime | None, limit: int) -> list[timeline.Entry]:
    kind = kind_of(record)
    if kind is None:
        return []
    told = list(islice(_events(kind, record.pk, until, limit), limit))
    labels = {name: field.label for name, field in SYNCED[kind].fields.items()} if told else {}
    behind = names_behind(told)
    return [_entry(event, labels, behind) for event in told]


def _events(kind: str, pk: int, until: datetime | None, chunk: int) -> Iterator[SyncEvent]:
    """Events of a record, newest first, without those of which the field history tells everything."""
    events = SyncEvent.objects.filter(record_kind=kind, record_id=pk).select_related("actor", "credential", "run")
    events = events.filter(at__lte=until) if until else events
    events = events.order_by("-at", "-id")
    rest = events
    while found := list(rest[:chunk]):
        known = _runs_in_history(kind, pk, {event.run_id for event in found if event.kind == Kind.PULLED})
        labels = {field.label for field in SYNCED[kind].fields.values()} if known else set()
        for event in found:
            is_told = event.kind == Kind.PULLED and event.run_id in known and labels.issuperset(event.changes)
            if not is_told or event.summary:
                yield event
        if len(found) < chunk:
            return
        last = found[-1]
        rest = events.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))


def _runs_in_history(kind: str, pk: int, runs: set[int | None]) -> set[int]:
    """Those of these runs of which the record's field history tells."""
    if not runs - {None}:
        return set()
    model: Any = model_of(kind)
    events = model.pgh_event_model.objects.filter(pgh_obj_id=pk, pgh_context__metadata__run__in=list(runs))
    return set(events.values_list("pgh_context__metadata__run", flat=True))


def _entry(event: SyncEvent, labels: Mapping[str, str], behind: Mapping[str, str]) -> timeline.Entry:
    login = f"As {event.credential} ({event.credential_reason})." if event.credential else ""
    names = [labels.get(name, name) for name in event.changes] if event.kind != Kind.CREATED else []
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    what = ", ".join(names[:SHOWN_NAMES]) + more
    return timeline.Entry(
        at=event.at,
        icon=ICONS.get(Kind(event.kind), "cloud"),
        title=f"{event.get_kind_display()}: {what}" if what else event.get_kind_display(),
        detail=" ".join(part for part in (event.summary, login) if part),
        who=str(event.actor) if event.actor else "",
        changes=changes_of(event, behind),
        run=title(event.run) if event.run else "",
        run_url=_url(event.run) if event.run else "",
        is_folded=event.kind not in {Kind.PULLED, Kind.CONFLICT},
    )


@timeline.source(group="sync")
def arrival(record: Model, until: datetime | None, limit: int) -> Iterable[timeline.Entry]:
    """That a record came from there: those that a pull makes have no event of their own."""
    if not isinstance(record, Record) or record.origin != Origin.CRM_PULL:
        return []
    at = changes.made_at(record)
    if until and at > until:
        return []
    run = _run_of_arrival(record)
    title_of_run, url = (title(run), _url(run)) if run else ("", "")
    return [
        timeline.Entry(
            at,
            "cloud-down",
            "Pulled from Salesforce for the first time",
            who="Salesforce",
            run=title_of_run,
            run_url=url,
        )
    ]


def _run_of_arrival(record: Record) -> Run | None:
    """The pull that was under way when the record was made."""
    link = RecordLink.objects.of(kind_of(record) or "", [record.pk]).order_by("pk").first()
    if link is None:
        return None
    runs = Run.objects.filter(kind=Run.Kind.PULL, remote_object=link.remote_object)
    run = runs.filter(started_at__lte=record.created_at).order_by("-id").first()
    return run if run and (run.finished_at is None or run.finished_at >= record.created_at) else None
