"""What a worker pulls: every object that is due, or single records that somebody waits for."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from time import monotonic

from django.db.models import Q
from django.utils import timezone

from integrations import budget
from integrations.models import ActivitySettings, ApiUsage, Connection, Credential, Cursor, RecordLink, Run
from integrations.pauses import all_is_well, doubt, pause
from integrations.providers import provider_for
from integrations.salesforce.provider import SalesforceProvider
from integrations.services import SLICE, wake_inference, wake_lanes, wake_pull
from integrations.sync import inference
from integrations.sync.activities.scope import scope_for
from integrations.sync.credentials import Logins
from integrations.sync.leases import Lease, LeaseLost, give_back, take_lease
from integrations.sync.provider import CallFailed, ConnectionBroken, ProviderError, RequestRefused
from integrations.sync.pull import FirstPage, pull, question_of
from integrations.sync.records import OBJECTS
from integrations.sync.singles import pull_records

logger = logging.getLogger(__name__)

# References resolve faster, and conversions are followed first, in this order.
PULL_ORDER = ("Account", "Lead", "Contact", "Opportunity", "OpportunityContactRole", "Task")


def pull_due(seconds: float = SLICE, *, only: str = "", is_forced: bool = False) -> list[Run]:
    """Pull every object that is due; returns the runs.

    What is new in several objects is asked for in as few calls as possible; most of the time it is nothing.
    """
    connection = Connection.objects.first()
    runs: list[Run] = []
    if connection is None or not connection.started_at or not connection.is_connected or connection.is_paused:
        return runs
    credential = Logins(connection).for_team().credential
    if credential is None or credential.broken_reason:
        return runs
    until = monotonic() + seconds
    provider = provider_for(credential)
    due = _due(connection, only, is_forced=is_forced)
    leases = [lease for cursor in due if (lease := take_lease(connection, cursor.remote_object))]
    try:
        firsts = _first_pages(connection, leases, provider)
        for lease in leases:
            run = _pull(connection, lease, provider, credential, lambda: monotonic() < until, firsts)
            runs += [run] if run else []
            if monotonic() >= until and not is_forced:
                wake_pull()  # goes on in a job of its own
                break
            if run is None or _is_paused(connection):
                break
    finally:
        for lease in leases:
            give_back(lease)
        budget.note(credential, provider, ApiUsage.Purpose.PULLS)
    _end_first_pull(connection)
    if inference.is_due():
        wake_inference()
    return runs


def _is_paused(connection: Connection) -> bool:
    return Connection.objects.get(pk=connection.pk).is_paused


def _due(connection: Connection, only: str, *, is_forced: bool) -> list[Cursor]:
    cursors = Cursor.objects.filter(connection=connection)
    if only:
        cursors = cursors.filter(remote_object=only)
    if not is_forced and budget.hold(connection, ApiUsage.Purpose.PULLS):
        cursors = cursors.filter(is_asked_for=True)
    if not is_forced:
        cursors = cursors.filter(Q(due_at__lte=timezone.now()) | ~Q(export_id=""), is_held=False)
    return sorted(cursors, key=lambda cursor: PULL_ORDER.index(cursor.remote_object))


def _first_pages(connection: Connection, leases: Sequence[Lease], provider: SalesforceProvider) -> dict[str, FirstPage]:
    """The first pages of objects that were pulled before, asked for together. Empty when no answer could be had."""
    known = [lease.cursor for lease in leases if lease.cursor.position and not lease.cursor.is_under_way]
    if len(known) <= 1:
        return {}
    questions = [question_of(connection, cursor) for cursor in known]
    read_at = timezone.now()
    try:
        answers = provider.changes_of_all(questions)
    except ProviderError:  # the pull of the first object meets it again, and says so in its run
        return {}
    return {
        question.remote_object: FirstPage(answer, read_at, provider.clock())
        for question, answer in zip(questions, answers, strict=True)
    }


def _pull(
    connection: Connection,
    lease: Lease,
    provider: SalesforceProvider,
    credential: Credential,
    may_go_on: Callable[[], bool],
    firsts: Mapping[str, FirstPage],
) -> Run | None:
    cursor = lease.cursor
    try:
        run = pull(
            connection,
            lease,
            provider,
            started_by_id=cursor.asked_by_id,
            login=credential,
            may_go_on=may_go_on,
            first=firsts.get(cursor.remote_object),
        )
    except LeaseLost:
        return None
    except (ConnectionBroken, RequestRefused) as error:
        if isinstance(error, ConnectionBroken):
            doubt(credential, error)
        else:
            Cursor.objects.filter(pk=cursor.pk).update(is_refused=True)
        _plan_next(connection, cursor)  # the run says why; other objects are not held up
        return Run.objects.filter(connection=connection, remote_object=cursor.remote_object).first()
    except CallFailed as error:
        pause(connection, error)
        return Run.objects.filter(connection=connection, remote_object=cursor.remote_object).first()
    all_is_well(credential)
    if run.state == Run.State.DONE:
        Cursor.objects.filter(pk=cursor.pk, is_refused=True).update(is_refused=False)
        _plan_next(connection, cursor)
    return run


def pull_record(kind: str, record_id: int) -> Run | None:
    """Bring one record up to date; None when there is nothing to ask, or nobody to ask as."""
    link = RecordLink.objects.live().filter(record_kind=kind, record_id=record_id).first()
    return pull_remote(link.remote_object, [link.remote_id]) if link else None


def pull_remote(remote_object: str, ids: Sequence[str], *, is_wanted: bool = False) -> Run | None:
    """Bring records of the other side up to date here; None when there is nobody to ask as, or no answer.

    ``is_wanted``: also those that were deleted here.
    """
    connection = Connection.objects.first()
    credential = Logins(connection).for_team().credential if connection else None
    if connection is None or credential is None or credential.broken_reason:
        return None
    provider = provider_for(credential)
    try:
        return pull_records(scope_for(connection, remote_object), ids, provider, credential, is_wanted=is_wanted)
    except ConnectionBroken as error:
        doubt(credential, error)
    except (CallFailed, RequestRefused) as error:
        logger.warning("%s %s could not be pulled: %s", remote_object, ids, error.reason)
    finally:
        budget.note(credential, provider, ApiUsage.Purpose.PEOPLE)
    return None


def _plan_next(connection: Connection, cursor: Cursor) -> None:
    due_at = timezone.now() + timedelta(minutes=_every(connection, cursor))
    Cursor.objects.filter(pk=cursor.pk).update(due_at=due_at, is_asked_for=False, asked_by=None)


def _every(connection: Connection, cursor: Cursor) -> int:
    """Minutes between pulls of an object."""
    kind = OBJECTS.get(cursor.remote_object)
    if kind is None:
        return ActivitySettings.of(connection).pull_every
    return connection.object_settings.filter(record_kind=kind).values_list("pull_every", flat=True).first() or 30


def _end_first_pull(connection: Connection) -> None:
    """The first pull is over when every object that may be read was pulled once: what waited to be pushed may go."""
    waiting = connection.cursors.filter(position=None, is_refused=False)
    if connection.first_pull_finished_at is None and not waiting.exists():
        Connection.objects.filter(pk=connection.pk).update(first_pull_finished_at=timezone.now())
        wake_lanes()
