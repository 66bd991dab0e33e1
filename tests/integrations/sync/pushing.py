"""What tests of pushes look at, and how time passes for them."""

from django.utils import timezone

from integrations.models import Connection, Outbox
from integrations.sync.state import State, sync_states
from tests.salesforce_org import Org


def found(org: Org, email: str, name: str = "Contact") -> list[dict]:
    return org.query(
        f"SELECT Id, LastName, Title, OwnerId, CreatedById, LeadSource FROM {name} WHERE Email = '{email}'"
    )


def state_of(record) -> State:
    return sync_states([record])[record.pk].state


def later() -> None:
    """Time passes: what waits is due, what was claimed by the dead is free."""
    Outbox.objects.update(next_attempt_at=timezone.now(), claimed_until=timezone.now())
    Connection.objects.update(paused_until=None)
