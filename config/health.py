"""``/healthz``: for load balancers and monitors; says nothing that a stranger may not know."""

from django.db import DatabaseError
from django.db.models import Max, Min
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from integrations.budget import holds
from integrations.models import Connection, Outbox, Run


@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 with the age in seconds of the oldest push that is due and of the last whole pull; 503 without a database.

    ``waiting_for_allowance``: the work that stands still because the org's API calls of the day run short.
    """
    try:
        oldest = Outbox.objects.due().aggregate(at=Min("queued_at"))["at"]
        pulled = Run.objects.filter(kind=Run.Kind.PULL, state=Run.State.DONE).aggregate(at=Max("finished_at"))["at"]
        connection = Connection.objects.first()
    except DatabaseError:
        return JsonResponse({"status": "no database"}, status=503)
    now = timezone.now()
    return JsonResponse(
        {
            "status": "ok",
            "queue_age": round((now - oldest).total_seconds()) if oldest else 0,
            "last_pull_age": round((now - pulled).total_seconds()) if pulled else None,
            "waiting_for_allowance": [str(held.purpose) for held in holds(connection)] if connection else [],
        }
    )
