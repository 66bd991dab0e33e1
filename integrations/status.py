"""How the sync stands, as plain data: for the command, for monitoring, for scripts."""

from typing import Any

from django.db.models import Count, Max
from django.utils import timezone

from integrations import budget
from integrations.models import Connection, ErrorEntry, Lane, Outbox, Run, SyncEvent
from integrations.sync.records import KINDS, RECORD_TYPES
from integrations.sync.state import State, with_state


def status() -> dict[str, Any]:
    """``connection``, ``queue`` (by lane), ``errors``, ``conflicts``, ``objects`` (last pull, lag, counts) and
    ``api``.
    """
    connection = Connection.objects.select_related("team_credential").first()
    waiting = dict(Outbox.objects.values_list("lane").annotate(Count("pk")))
    return {
        "connection": _connection(connection),
        "queue": {str(lane): waiting.get(lane, 0) for lane in Lane},
        "errors": ErrorEntry.objects.open().count(),
        "conflicts": SyncEvent.objects.filter(kind=SyncEvent.Kind.CONFLICT).count(),
        "objects": _objects(connection) if connection else {},
        "api": _api(connection),
    }


def _connection(connection: Connection | None) -> dict[str, Any]:
    if connection is None:
        return {"phase": Connection.Phase.DISCONNECTED}
    login = connection.team_credential
    return {
        "phase": connection.phase,
        "org": connection.org_name,
        "org_id": connection.org_id,
        "instance_url": connection.instance_url,
        "login": str(login) if login else "",
        "login_broken": login.broken_reason if login else "",
        "paused_until": connection.paused_until.isoformat()
        if connection.is_paused and connection.paused_until
        else None,
        "pause_reason": connection.pause_reason if connection.is_paused else "",
        "setup_ends_at": connection.setup_ends_at.isoformat() if connection.setup_ends_at else None,
    }


def _api(connection: Connection | None) -> dict[str, Any]:
    """The org's calls in 24 hours; ``today``: Tandem's by purpose; ``waiting``: what waits for the allowance."""
    if connection is None:
        return {"used": 0, "limit": 0, "ceiling": 0, "today": {}, "waiting": []}
    waiting = [
        {"work": str(held.purpose), "reason": held.reason, "until": held.until.isoformat()}
        for held in budget.holds(connection)
    ]
    return {
        "used": connection.api_used,
        "limit": connection.api_limit,
        "ceiling": connection.api_ceiling,
        "today": budget.today(connection),
        "waiting": waiting,
    }


def _objects(connection: Connection) -> dict[str, Any]:
    """Per remote object: when it was last pulled whole, how many seconds ago, and the records here by sync state."""
    pulled = dict(
        Run.objects.filter(connection=connection, kind=Run.Kind.PULL, state=Run.State.DONE)
        .values_list("remote_object")
        .annotate(Max("finished_at"))
    )
    counts = {kind: _counts(kind) for kind in RECORD_TYPES}
    return {
        cursor.remote_object: {
            "last_pull": at.isoformat() if (at := pulled.get(cursor.remote_object)) else None,
            "lag": round((timezone.now() - at).total_seconds()) if at else None,
            "counts": counts.get(KINDS.get(cursor.remote_object, ""), {}),
        }
        for cursor in connection.cursors.order_by("remote_object")
    }


def _counts(kind: str) -> dict[str, int]:
    records = with_state(RECORD_TYPES[kind].model._default_manager.all(), kind)
    found = dict(records.order_by().values_list("sync_state").annotate(Count("pk")))
    return {str(state): found.get(state, 0) for state in State}
