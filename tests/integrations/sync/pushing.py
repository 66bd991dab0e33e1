"""What tests of pushes look at, and how time passes for them."""

from datetime import timedelta

from django.utils import timezone

from common.models import Record
from integrations.models import Connection, Outbox
from integrations.sync.state import State, sync_states
from tests.salesforce_org import Org


def found(org: Org, email: str, name: str = "Contact") -> list[dict]:
    return org.query(
        f"SELECT Id, LastName, Title, OwnerId, CreatedById, LeadSource FROM {name} WHERE Email = '{email}'"
    )


def state_of(record) -> State:
    return sync_states([record])[record.pk].state


def edit(record: Record, **values: object) -> None:
    for name, value in values.items():
        setattr(record, name, value)
    record.save(update_fields=list(values))


def later() -> None:
    """Time passes: what waits is due, what was claimed by the dead is free."""
    Outbox.objects.update(next_attempt_at=timezone.now(), claimed_until=timezone.now())
    Connection.objects.update(paused_until=None)


def last_edit_was(record: Record, *, seconds: float) -> None:
    """The last change of a record here was so long ago; in the time to come where it is negative."""
    events = type(record).pgh_event_model.objects.filter(pgh_obj_id=record.pk)
    latest = events.order_by("-pgh_id").values("pk")[:1]
    events.filter(pk__in=latest).update(pgh_created_at=timezone.now() - timedelta(seconds=seconds))
