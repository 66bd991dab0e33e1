"""Applying a mapping to the records that were linked before it: counted first, then carried out in the background.

Where it stands is kept in the database and moves in the transaction that writes a chunk: a killed worker's part is
done again from there, and finds nothing left to do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pghistory
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django_q.tasks import async_task

from integrations import budget
from integrations.models import Alignment, ApiUsage, Connection, Credential, ObjectSettings, Outbox, RecordLink, Run
from integrations.pauses import all_is_well, doubt, pause
from integrations.providers import provider_for
from integrations.services import Refused, pull_refusal
from integrations.sync.alignment import CHUNK, align, compared, narrowed, read
from integrations.sync.credentials import Logins
from integrations.sync.provider import CallFailed, ConnectionBroken, RequestRefused, Value
from integrations.sync.records import KINDS
from integrations.sync.scope import Scope

How = Alignment.How
SAMPLE = 2 * CHUNK  # records that are looked at before; of more, as many evenly spread ones
SHOWN = 5  # of them, to show
TOLERANCE = 1.1  # times as many changed records as were shown stop the run
QUIET = timedelta(minutes=2)  # without news, its worker is gone


@dataclass(frozen=True)
class Change:
    """What would be written of one record, by the labels of its fields: [what is there, what would be]."""

    record: Any
    here: dict[str, tuple[Value, Value]]
    there: dict[str, tuple[Value, Value]]


@dataclass
class Forecast:
    """What applying some fields would do. ``looked_at`` fewer than ``linked``: the counts are estimates."""

    linked: int
    looked_at: int = 0
    here: int = 0
    there: int = 0
    changed: int = 0
    conflicts: int = 0
    left: int = 0
    samples: list[Change] = field(default_factory=list)

    @property
    def is_estimate(self) -> bool:
        return self.looked_at < self.linked

    @property
    def calls(self) -> int:
        """API calls that carrying it out would take."""
        return -(-self.linked // CHUNK) + -(-self.there // CHUNK) + -(-self.there // 200)

    def scaled(self, count: int) -> int:
        return round(count * self.linked / self.looked_at) if self.looked_at else 0


def linked(connection: Connection, remote_object: str) -> QuerySet[RecordLink]:
    """The records that a mapping of an object touches: those that were linked and compared once."""
    rows = RecordLink.objects.live().filter(connection=connection, remote_object=remote_object, gone_at=None)
    return rows.exclude(base={})


def refusal(connection: Connection, remote_object: str, how: str) -> str:
    """Why a mapping can't be applied now, or not this way; "" when it can."""
    if reason := pull_refusal(connection):
        return reason
    settings = connection.object_settings.filter(record_kind=KINDS[remote_object]).first()
    if how != How.FILL and settings and not settings.pulls:
        return "Nothing of this kind is pulled: the settings say so."
    if how != How.TAKE and settings and not settings.pushes:
        return "Nothing of this kind is pushed: the settings say so."
    return ""


def forecast(connection: Connection, remote_object: str, fields: Sequence[str], how: str) -> Forecast:
    """Compare the linked records without writing anything. Raises Refused and ProviderError."""
    if reason := refusal(connection, remote_object, how):
        raise Refused(reason)
    credential = _login(connection)
    provider = provider_for(credential)
    scope = narrowed(Scope.load(connection, remote_object), fields, how)
    rows = linked(connection, remote_object)
    told = Forecast(rows.count())
    spread = -(-told.linked // SAMPLE) or 1
    links = list(rows.annotate(part=F("pk") % spread).filter(part=0).order_by("pk")[:SAMPLE])
    told.looked_at = len(links)
    try:
        found = read(scope, links, provider) if scope.pairs and links else []
    finally:
        budget.note(credential, provider, ApiUsage.Purpose.PEOPLE)
    records = scope.type.model._default_manager.in_bulk([link.record_id for link in links if link.record_id])
    vocabulary = scope.vocabulary(list(records.values()), [remote.values for _, remote in found if remote])
    labels = {pair.name: pair.field.label for pair in scope.pairs}
    for one in compared(scope, how, found, records, vocabulary):
        here, there = one.plan.to_local, one.plan.to_remote
        told.here, told.there = told.here + bool(here), told.there + bool(there)
        told.changed += bool(here or there)
        told.conflicts += bool(one.plan.conflicts)
        told.left += any(name in one.plan.ours for name in labels)
        if (here or there) and len(told.samples) < SHOWN:
            told.samples.append(
                Change(
                    one.record,
                    {labels[name]: (one.local.get(name), value) for name, value in here.items()},
                    {labels[name]: (one.remote.values.get(name), value) for name, value in there.items()},
                )
            )
    told.here, told.there = told.scaled(told.here), told.scaled(told.there)
    told.conflicts, told.left = told.scaled(told.conflicts), told.scaled(told.left)
    return told


def _login(connection: Connection) -> Credential:
    credential = Logins(connection).for_team().credential
    if credential is None or credential.broken_reason:
        raise Refused("There is no working login to read with: connect one.")
    return credential


@transaction.atomic
def start(
    connection: Connection, remote_object: str, fields: Sequence[str], how: str, user: Any, shown: int | None = None
) -> Alignment:
    """Begin to apply fields to existing records. Raises Refused; a second click finds the first one's work."""
    if reason := refusal(connection, remote_object, how):
        raise Refused(reason)
    ObjectSettings.objects.select_for_update().get(connection=connection, record_kind=KINDS[remote_object])
    if under_way := current(connection, remote_object):
        if (under_way.fields, under_way.how) == (list(fields), how):
            return under_way
        raise Refused("Another mapping of this object is being applied: wait until it is done, or cancel it.")
    run = Run.objects.create(
        connection=connection,
        kind=Run.Kind.ALIGN,
        remote_object=remote_object,
        started_by=user,
        total=linked(connection, remote_object).count(),
    )
    alignment = Alignment.objects.create(
        connection=connection, run=run, remote_object=remote_object, fields=list(fields), how=how, shown=shown
    )
    transaction.on_commit(lambda: async_task("integrations.tasks.align_records"))
    return alignment


def current(connection: Connection, remote_object: str) -> Alignment | None:
    """The one under way, also while what it queued waits to be pushed."""
    rows = connection.alignments.filter(remote_object=remote_object, run__state=Run.State.RUNNING)
    return rows.select_related("run").order_by("-pk").first()


@transaction.atomic
def cancel(alignment: Alignment) -> None:
    """Look at no more records. What was written stays, what was queued still goes."""
    alignment = Alignment.objects.select_for_update().get(pk=alignment.pk)
    alignment.after = None
    alignment.save(update_fields=["after"])
    run = Run.objects.get(pk=alignment.run_id)
    if run.state == Run.State.RUNNING:
        run.finish(Run.State.CANCELLED, "It was cancelled: what was written stays.")


def go_on(connection: Connection, may_go_on: Callable[[], bool]) -> None:
    """Carry out what was chosen, chunk by chunk, while there is time and Salesforce answers."""
    while may_go_on() and (alignment := _next(connection)):
        if connection.is_paused or budget.hold(connection, ApiUsage.Purpose.BACKGROUND) or not _chunk(alignment):
            return


def is_waiting(connection: Connection) -> bool:
    """Whether something is to be carried out that no worker has been at for a while."""
    silent = timezone.now() - QUIET
    return connection.alignments.filter(after__isnull=False, run__seen_at__lt=silent).exists()


def _next(connection: Connection) -> Alignment | None:
    rows = connection.alignments.filter(after__isnull=False).select_related("run", "connection")
    return rows.order_by("pk").first()


def _chunk(alignment: Alignment) -> bool:
    """Do the next records; False when Salesforce could not be asked. Nothing is locked while it is."""
    connection = alignment.connection
    credential = Logins(connection).for_team().credential
    if credential is None or credential.broken_reason:
        return False
    provider = provider_for(credential)
    scope = narrowed(Scope.load(connection, alignment.remote_object), alignment.fields, alignment.how)
    rows = linked(connection, alignment.remote_object).filter(pk__gt=alignment.after or 0)
    links = list(rows.order_by("pk")[:CHUNK])
    read_at = timezone.now()
    try:
        found = read(scope, links, provider) if scope.pairs and links else []
    except RequestRefused as error:
        alignment.run.finish(Run.State.INCOMPLETE, f"Salesforce refused to be asked: {error.reason}")
        Alignment.objects.filter(pk=alignment.pk).update(after=None)
        return True
    except ConnectionBroken as error:
        doubt(credential, error)
        return False
    except CallFailed as error:
        pause(connection, error)
        return False
    finally:
        alignment.run.count(api_calls=provider.calls)
        budget.note(credential, provider, ApiUsage.Purpose.BACKGROUND)
    all_is_well(credential)
    with transaction.atomic(), pghistory.context(source="Salesforce", run=alignment.run_id):
        if _is_still_at(alignment):
            if found:
                align(scope, alignment, found, read_at)
            _move_on(alignment, links)
    return True


def _is_still_at(alignment: Alignment) -> bool:
    """Locks it: another worker may have done this chunk, or a person cancelled it, meanwhile."""
    present = Alignment.objects.select_for_update().get(pk=alignment.pk)
    return present.after == alignment.after


def _move_on(alignment: Alignment, links: Sequence[RecordLink]) -> None:
    run = alignment.run
    if _goes_too_far(alignment):
        run.finish(Run.State.INCOMPLETE, "It would have changed over a tenth more records than were shown.")
        links = []
    alignment.after = links[-1].pk if len(links) == CHUNK else None
    alignment.save(update_fields=["after"])
    if alignment.after is None and run.state == Run.State.RUNNING:
        mappings = alignment.connection.field_mappings.filter(remote_object=alignment.remote_object)
        mappings.filter(field__in=alignment.fields).update(is_compared=True)
        end_finished(alignment.connection)


def _goes_too_far(alignment: Alignment) -> bool:
    if alignment.shown is None:
        return False
    touched = alignment.run.updated + Outbox.objects.filter(run=alignment.run_id).count()
    return touched > alignment.shown * TOLERANCE


def end_finished(connection: Connection) -> None:
    """End the runs of which every record was looked at and nothing waits to be pushed any more."""
    running = connection.alignments.filter(after=None, run__state=Run.State.RUNNING).select_related("run")
    for alignment in running:
        if not Outbox.objects.filter(run=alignment.run_id).exists():
            alignment.run.refresh_from_db()
            alignment.run.finish(Run.State.DONE)
