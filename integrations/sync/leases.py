"""Leases of cursors: one worker at a time pulls an object."""

import uuid
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from integrations.models import Connection, Cursor
from integrations.sync.outbox import lease


class LeaseLost(Exception):
    """Another puller has taken the object over; this one stops and leaves the page to it."""


@dataclass(frozen=True)
class Lease:
    cursor: Cursor
    token: uuid.UUID


def take_lease(connection: Connection, remote_object: str) -> Lease | None:
    """Become the one puller of an object; None while another one is at it."""
    token = uuid.uuid4()
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    cursors = Cursor.objects.filter(free, connection=connection, remote_object=remote_object)
    if not cursors.update(lease_token=token, leased_until=timezone.now() + lease()):
        return None
    return Lease(Cursor.objects.select_related("run").get(lease_token=token), token)


def give_back(lease_: Lease) -> None:
    Cursor.objects.filter(lease_token=lease_.token).update(lease_token=None, leased_until=None)


def hold(lease_: Lease, *names: str) -> None:
    """Write fields of the cursor and hold the lease for another while. Raises LeaseLost when it is another's."""
    values = {name: getattr(lease_.cursor, name) for name in names}
    ours = Cursor.objects.filter(pk=lease_.cursor.pk, lease_token=lease_.token)
    if not ours.update(**values, leased_until=timezone.now() + lease()):
        raise LeaseLost(lease_.cursor.remote_object)
