"""What the workers run. A job carries almost nothing, may run twice, and may find the work done."""

import logging
from datetime import timedelta
from time import monotonic

from django.core.cache import cache
from django.utils import timezone
from django_q.tasks import async_task

from common import trash
from common.acting import acting_as
from integrations import (
    aligning,
    budget,
    carrying,
    deletions,
    everything,
    member_pushing,
    notices,
    previewing,
    restoring,
    sampling,
    trying,
    undoing,
)
from integrations.checking import check, check_all
from integrations.connecting import prepare, start_syncing
from integrations.embedding import sessions as panel_sessions
from integrations.member_pushing import push_lane_of_members as push_members
from integrations.models import ApiUsage, Connection, Credential, HeldDeletions, Outbox, Run
from integrations.providers import provider_for
from integrations.pulling import PULL_ORDER, pull_due, pull_record, pull_remote
from integrations.pushing import push_lane
from integrations.services import SLICE, wake_lanes, wake_pull
from integrations.sync import inference, showing
from integrations.sync.credentials import Logins
from integrations.sync.provider import ProviderError
from integrations.sync.runs import end_lost_runs
from integrations.sync.sweep import sweep

__all__ = ["PULL_ORDER", "pull_due", "pull_record", "pull_remote", "push_lane", "push_members", "wake_lanes"]
logger = logging.getLogger(__name__)

METADATA_AGE = timedelta(days=1)
LOOK_AGAIN = 15 * 60  # seconds until a login that could not be looked at is asked about once more


def tick() -> None:
    """Once a minute: start syncing when the setup window ends, pull what is due, find what nobody rang for."""
    connection = Connection.objects.first()
    if connection is None:
        return
    notices.look(connection)
    if notices.are_due():
        async_task("integrations.tasks.tell_people")
    if not connection.is_connected:
        return
    previewing.end_broken_off()
    check_new_logins(connection)
    if connection.started_at is None:
        if connection.is_setup_over:
            start_syncing(connection)
        return
    restoring.note_home(connection)
    end_lost_runs()
    everything.end_finished(connection)
    if undoing.is_any_under_way(connection):
        async_task("integrations.tasks.undo_runs")
    aligning.end_finished(connection)
    if budget.is_to_be_asked(connection):
        async_task("integrations.tasks.ask_allowance")
    wake_pull()
    give_logins(connection)
    sweep(connection)
    if connection.object_settings.exclude(shown_after=None).exists():
        async_task("integrations.tasks.show_records")
    if any(map(everything.is_to_mark, everything.settings_of(connection))):
        async_task("integrations.tasks.mark_everything")
    if inference.is_due():
        async_task("integrations.tasks.infer_stages")
    if aligning.is_waiting(connection):
        async_task("integrations.tasks.align_records")
    wake_lanes()
    member_pushing.wake_all()
    sampling.take_sample(connection)
    sampling.roll_up(connection)
    is_old = connection.descriptions.filter(fetched_at__lt=timezone.now() - METADATA_AGE).exists()
    if is_old and not budget.hold(connection, ApiUsage.Purpose.METADATA):
        async_task("integrations.tasks.read_metadata")


def tell_people() -> None:
    """Mail what people have to know, and have not been told."""
    if connection := Connection.objects.first():
        notices.look(connection)
        notices.send()


def show_records(seconds: float = SLICE) -> None:
    """Go on showing and hiding pulled records after the settings were changed."""
    until = monotonic() + seconds
    connection = Connection.objects.first()
    while connection and showing.look_at_some(connection):
        if monotonic() >= until:
            async_task("integrations.tasks.show_records")
            break


def infer_stages(seconds: float = SLICE) -> None:
    """Bring stages of accounts up to date with what their deals say."""
    until = monotonic() + seconds
    connection = Connection.objects.first()
    while connection and inference.infer_some(connection):
        if monotonic() >= until:
            async_task("integrations.tasks.infer_stages")
            break


def delete_confirmed(held_id: int) -> None:
    """Delete here what an admin confirmed, because it is gone there."""
    held = HeldDeletions.objects.select_related("connection", "decided_by").filter(pk=held_id).first()
    if held:
        with acting_as(held.decided_by):
            deletions.delete_confirmed(held)


def prune_deleted() -> None:
    """Throw away deleted records, previews and sign-ins to the panel that were kept long enough."""
    trash.prune()
    previewing.prune()
    panel_sessions.prune()


def preview(run_id: int) -> None:
    """Plan what a preview asks for, and carry it out where that was asked for as well."""
    run = Run.objects.select_related("connection", "preview").filter(pk=run_id, state=Run.State.RUNNING).first()
    if run and previewing.is_claimed(run):
        carrying.work(run)


def trial(run_id: int) -> None:
    """Sync the records of a trial."""
    run = Run.objects.select_related("connection", "started_by").filter(pk=run_id, state=Run.State.RUNNING).first()
    if run and previewing.is_claimed(run):
        trying.work(run)


def ask_allowance() -> None:
    """Ask how much of the allowance is used by now, when so much waits for it that nobody else asks."""
    connection = Connection.objects.first()
    credential = Logins(connection).for_team().credential if connection and connection.is_connected else None
    if credential and not credential.broken_reason:
        provider = provider_for(credential)
        try:
            provider.ask_usage()
        except ProviderError as error:
            logger.warning("The org did not say how many API calls are left: %s", error.reason)
        budget.note(credential, provider, ApiUsage.Purpose.OTHER)


def mark_everything(seconds: float = SLICE) -> None:
    """Go on marking the records of a one-time push."""
    connection = Connection.objects.first()
    until = monotonic() + seconds
    while connection and everything.mark_some(connection):
        if monotonic() >= until:
            async_task("integrations.tasks.mark_everything")
            break


def align_records(seconds: float = SLICE) -> None:
    """Go on applying mappings to existing records."""
    connection = Connection.objects.first()
    until = monotonic() + seconds
    if connection:
        aligning.go_on(connection, lambda: monotonic() < until)
        if monotonic() >= until:
            async_task("integrations.tasks.align_records")


def undo_runs(seconds: float = SLICE) -> None:
    """Go on undoing runs."""
    connection = Connection.objects.first()
    until = monotonic() + seconds
    while connection and undoing.undo_some(connection):
        if monotonic() >= until:
            async_task("integrations.tasks.undo_runs")
            break


def read_metadata() -> None:
    """Read users, objects, fields and picklists again, as they are now."""
    connection = Connection.objects.first()
    credential = Logins(connection).for_team().credential if connection and connection.is_connected else None
    if connection and credential and not credential.broken_reason:
        try:
            prepare(connection, credential)
        except ProviderError as error:
            logger.warning("The org could not be read again: %s", error.reason)
        else:
            connection.descriptions.update(fetched_at=timezone.now())  # also those that the login sees no more
        showing.look_again(connection.object_settings.all())  # a pull may have known old conditions
        check_all(connection)


def check_login(credential_id: int) -> None:
    """Read what a login may do, once it is connected."""
    credential = Credential.objects.usable().select_related("connection").filter(pk=credential_id).first()
    if credential:
        try:
            check(credential)
        except ProviderError as error:
            logger.warning("What %s may do could not be read: %s", credential, error.reason)


def check_new_logins(connection: Connection) -> None:
    """Of logins of which nothing is known: their job was lost, or the org did not answer it."""
    if connection.is_paused or budget.hold(connection, ApiUsage.Purpose.METADATA):
        return
    personal = connection.credentials.usable().exclude(user=None).exclude(pk__in=[connection.team_credential_id])
    for login in personal.filter(descriptions=None):
        if cache.add(f"login-looked-at:{login.pk}", True, LOOK_AGAIN):
            async_task("integrations.tasks.check_login", login.pk)


def give_logins(connection: Connection) -> None:
    """Rows without a login, or with one that was replaced, get the one that they would get now.

    A user's own login that must be connected again is waited for; one of the team is not, once another is chosen.
    """
    logins = Logins(connection)
    team = logins.for_team().credential
    if team is None or team.broken_reason:
        return
    personal = {row.pk for row in logins.personal.values() if row.pk != connection.team_credential_id}
    rows = Outbox.objects.filter(connection=connection, claim_token=None)
    rows.filter(credential=None).update(credential=team)
    rows.exclude(credential__broken_reason="").exclude(credential__in=personal).update(credential=team)
