"""``/healthz``: for load balancers and monitors; says nothing that a stranger may not know.

Whoever asks often is answered from what was found within the last second.
"""

from typing import Any

from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max, Min
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from common import heartbeat
from integrations.budget import holds
from integrations.models import Connection, Outbox, Run

FRESH = 1  # seconds
UNAVAILABLE = 503


@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """This process answers; nothing else is looked at, so that a database that is away restarts no web process."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Whether pages can be shown: 503 without a database, or before it is migrated.

    Workers that stand still make no page fail, so they are told of and change nothing: ``workers`` asks for them.
    """
    found: dict[str, Any] = caches["process"].get("health") or _found()
    caches["process"].add("health", found, FRESH)
    return JsonResponse(found, status=200 if found["status"] == "ok" else UNAVAILABLE)


@never_cache
def workers(request: HttpRequest) -> JsonResponse:
    """503 when a cluster has no worker that lives."""
    try:
        ages, silent = heartbeat.ages(), heartbeat.silent()
    except DatabaseError:
        return JsonResponse({"status": "no database"}, status=UNAVAILABLE)
    status = f"no sign of life: {', '.join(silent)}" if silent else "ok"
    return JsonResponse({"status": status, "workers": _rounded(ages)}, status=UNAVAILABLE if silent else 200)


def _found() -> dict[str, Any]:
    """``queue_age``, ``last_pull_age``: seconds of the oldest push that is due, and since the last whole pull.

    ``workers``: seconds since each cluster worked something off; ``waiting_for_allowance``: the work that stands still
    because the org's API calls of the day run short.
    """
    try:
        if not _is_migrated():
            return {"status": "not migrated"}
        oldest = Outbox.objects.due().aggregate(at=Min("queued_at"))["at"]
        pulled = Run.objects.filter(kind=Run.Kind.PULL, state=Run.State.DONE).aggregate(at=Max("finished_at"))["at"]
        org = Connection.objects.first()
        ages = heartbeat.ages()
    except DatabaseError:
        return {"status": "no database"}
    now = timezone.now()
    return {
        "status": "ok",
        "queue_age": round((now - oldest).total_seconds()) if oldest else 0,
        "last_pull_age": round((now - pulled).total_seconds()) if pulled else None,
        "workers": _rounded(ages),
        "waiting_for_allowance": [str(held.purpose) for held in holds(org)] if org else [],
    }


def _is_migrated() -> bool:
    """Nobody takes migrations back under a web process: once they are applied, that is not looked at again."""
    process = caches["process"]
    if not process.get("is_migrated"):
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        process.set("is_migrated", True, None)
    return True


def _rounded(ages: dict[str, float | None]) -> dict[str, int | None]:
    return {cluster: None if age is None else round(age) for cluster, age in ages.items()}
