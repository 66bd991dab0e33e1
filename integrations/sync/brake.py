"""So many deletions at once that they may be a mistake wait for an admin: none of them happens before."""

from django.db import transaction
from django.utils import timezone

from integrations.models import Connection, DeletionSettings, HeldDeletions, RecordLink

HANDFUL = 10  # a share of few records says nothing


@transaction.atomic
def hold(connection: Connection, remote_object: str, side: HeldDeletions.Side, count: int) -> HeldDeletions | None:
    """Hold ``count`` deletions if they are too many; None when they may go on."""
    settings = DeletionSettings.of(connection, remote_object)
    linked = _linked(connection, remote_object) if count > HANDFUL else 0
    open_ones = HeldDeletions.objects.filter(
        connection=connection, remote_object=remote_object, side=side, decided_at=None
    )
    if not is_too_many(settings, count, linked):
        open_ones.delete()
        return None
    held, _ = HeldDeletions.objects.update_or_create(
        connection=connection,
        remote_object=remote_object,
        side=side,
        decided_at=None,
        defaults={"count": count, "linked": linked, "held_at": timezone.now()},
    )
    return held


def is_too_many(settings: DeletionSettings, count: int, linked: int) -> bool:
    return count > stops_at(settings, linked)


def stops_at(settings: DeletionSettings, linked: int) -> int:
    """How many of the linked records may be deleted at once without asking."""
    return max(HANDFUL, min(settings.most, settings.most_percent * linked // 100))


def _linked(connection: Connection, remote_object: str) -> int:
    """Records that were linked before the deletions: live ones, and tombstones that are still to be deleted there."""
    links = RecordLink.objects.standing().filter(connection=connection, remote_object=remote_object)
    return links.exclude(dropped_at__isnull=False, gone_at__isnull=False).count()


def says(held: HeldDeletions) -> str:
    where = "here" if held.side == HeldDeletions.Side.HERE else "in Salesforce"
    return (
        f"{held.count} of {held.linked} linked {held.remote_object} records would be deleted {where}: "
        "so many wait for an admin."
    )
