"""When Salesforce can't be spoken to: who waits, how long, and when a login counts as broken."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from integrations.logins import mark_broken
from integrations.models import Connection, Credential
from integrations.sync.provider import ConnectionBroken, ProviderError

DOUBTS = 6  # refusals of a fresh token in a row before the login counts as broken
PAUSES = (1, 2, 4, 8, 15, 30, 60, 120, 300)  # seconds between calls that fail in a row


def pause(connection: Connection, error: ProviderError) -> None:
    """Nobody's record is to blame: everything waits, a little longer each time, and nothing gives up."""
    failures = min(connection.failures + 1, len(PAUSES))
    seconds = getattr(error, "retry_after", None) or PAUSES[failures - 1]
    Connection.objects.filter(pk=connection.pk).update(
        failures=failures, paused_until=timezone.now() + timedelta(seconds=seconds), pause_reason=error.reason
    )


def doubt(credential: Credential, error: ConnectionBroken) -> None:
    """A login was refused with a fresh token: tried again later and later, until a person must connect it anew.

    Other calls that failed, of an outage say, tell nothing of the login. Calls of one moment count as one.
    """
    connection = Connection.objects.get(pk=credential.connection_id)
    logins = Credential.objects.filter(pk=credential.pk)
    if not connection.is_paused:
        logins.update(refusals=F("refusals") + 1)
    if logins.filter(refusals__gte=DOUBTS).exists():
        mark_broken(credential, error.reason)
    pause(connection, error)


def all_is_well(credential: Credential) -> None:
    if credential.refusals:
        Credential.objects.filter(pk=credential.pk).update(refusals=0)
    Connection.objects.filter(pk=credential.connection_id).exclude(failures=0, paused_until=None).update(
        failures=0, paused_until=None, pause_reason=""
    )
