"""Records that may have left the other side unseen: it tells of deletions for a while only.

After a longer gap all its ids are compared with our links. What is not among them is asked for once more, then it goes
the way of every deleted record, past the brake.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection as database
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from common.copying import array_literal
from integrations.models import Cursor, RecordLink
from integrations.sync.fates import erased
from integrations.sync.page import Page, successor
from integrations.sync.provider import Provider, RemoteRecord
from integrations.sync.scope import Scope

TOLD_FOR = timedelta(days=15)  # that long a deleted record is in the bin, and found by a pull
CHUNK = 2_000
IS_ABSENT = "NOT EXISTS (SELECT FROM present_ids WHERE id = integrations_recordlink.remote_id)"


def are_possible(cursor: Cursor, now: datetime) -> bool:
    """Whether so much time passed since the last pull that deletions may be told of no more. ``now``: theirs.

    An object without a position that has links was pulled, or pushed to, before: nobody knows how long ago.
    """
    if cursor.position is None:
        links = RecordLink.objects.standing().filter(connection=cursor.connection, remote_object=cursor.remote_object)
        return links.exists()
    return now - cursor.position > TOLD_FOR


def absent(scope: Scope, provider: Provider, hold: Callable[[], None]) -> Iterator[Page]:
    """Pages of what is gone there; ``hold`` is called between calls. Raises what the calls raise."""
    read_at = timezone.now()
    with _present_ids() as add:
        for ids in provider.ids(scope.remote_object):
            add(ids)
            hold()
        links, last = _links(scope, read_at), 0
        while chunk := list(links.filter(pk__gt=last).order_by("pk").values_list("pk", "remote_id")[:CHUNK]):
            last = chunk[-1][0]
            gone = _gone(scope, [remote_id for _, remote_id in chunk], provider)
            hold()
            yield Page(gone, read_at, provider.clock())


@contextmanager
def _present_ids() -> Iterator[Callable[[Sequence[str]], None]]:
    """A table of their ids, for as long as it is needed; however many they are, they are not kept in memory."""
    with database.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE present_ids (id varchar(18) PRIMARY KEY)")
        try:
            yield lambda ids: cursor.execute(
                "INSERT INTO present_ids SELECT unnest(%s::varchar[]) ON CONFLICT DO NOTHING", [array_literal(ids)]
            )
        finally:
            cursor.execute("DROP TABLE present_ids")


def _links(scope: Scope, read_at: datetime) -> QuerySet[RecordLink]:
    """Links of what is not present; what was linked since the ids were read may be."""
    is_older = Q(created_at__lt=read_at) & (Q(pushed_at=None) | Q(pushed_at__lt=read_at))
    links = RecordLink.objects.standing().filter(is_older, connection=scope.connection, gone_at=None)
    links = links.filter(remote_object=scope.remote_object)
    return links.filter(RawSQL(IS_ABSENT, [], output_field=BooleanField()))  # noqa: S611 - of our own words


def _gone(scope: Scope, ids: Sequence[str], provider: Provider) -> list[RemoteRecord]:
    """What became of them; without a trace they were deleted, and that was long ago."""
    fates = provider.fates(scope.remote_object, ids)
    now = provider.clock()
    found = (fates.get(id_) or erased(scope.remote_object, id_, now) for id_ in ids)
    return [record for record in found if record.is_deleted or successor(record)[1]]
