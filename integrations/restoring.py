"""After a backup of the database was restored: Salesforce is ahead of it.

What was queued at the time of the backup may have been created there since. Its rows are made to look like creates
whose answer was lost, which they are: from then on every part of the sync looks for what they made before it makes
anything, with or without an external id. All else the next pulls find out by themselves.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection as database
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from activities.sequences import enrolling
from common import heartbeat
from common.bulk import write_columns
from integrations.models import Connection, Credential, Outbox, Run
from integrations.services import Refused
from integrations.sync.activities.scope import ActivityScope, scope_for
from integrations.sync.creating import payload_of
from integrations.sync.eligibility import kept_out
from integrations.sync.outbox import forget_claims
from integrations.sync.outcomes import Item

CHUNK = 1_000
ALIVE = 60  # seconds: a worker that runs beat within them
STOP_WORKERS = "A worker of this database runs. Stop all workers first, then say it again after a minute."
WHY_PAUSED = "The database was restored from a backup: which e-mails went out after it is not known."


@dataclass(frozen=True)
class Restored:
    """``as_of``: when the database last knew anything; ``doubtful``: creates to be looked for before they are sent."""

    as_of: datetime
    doubtful: int
    paused: int


@transaction.atomic
def begin(connection: Connection) -> Restored:
    """To be called before any worker starts; more than once does no harm. Raises Refused."""
    if any(age is not None and age < ALIVE for age in heartbeat.ages().values()):
        raise Refused(STOP_WORKERS)
    as_of = _last_sign(connection)
    forget_claims()
    Connection.objects.filter(pk=connection.pk).update(paused_until=None, pause_reason="", failures=0, home=here())
    connection.credentials.update(refusals=0)
    doubtful = _doubt_creates(connection, as_of + connection.clock_offset)
    connection.cursors.update(due_at=timezone.now())
    return Restored(as_of, doubtful, enrolling.pause_all(WHY_PAUSED))


def note_home(connection: Connection) -> None:
    """Remember the database, once; only ``begin`` says that another one is right."""
    if not connection.home:
        Connection.objects.filter(pk=connection.pk, home="").update(home=here())


def here() -> str:
    """Of this database and its table: neither is the same in a copy, or after a dump was restored."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT concat(oid, '/', %s::regclass::oid) FROM pg_database WHERE datname = current_database()",
            [Connection._meta.db_table],
        )
        return str(cursor.fetchone()[0])


def _last_sign(connection: Connection) -> datetime:
    """The backup was made after this."""
    now = timezone.now()
    runs = Run.objects.filter(connection=connection).aggregate(at=Max("seen_at"))["at"]
    queued = connection.outbox.aggregate(at=Max("queued_at"))["at"]
    return max(filter(None, [runs, queued]), default=connection.connected_at or now)


def _doubt_creates(connection: Connection, at: datetime) -> int:
    """Note of each create what it would have carried, as if it had been sent at ``at``, by the other side's clock."""
    creates = connection.outbox.filter(operation=Outbox.Operation.CREATE, sent_at=None, job=None)
    creates = creates.exclude(credential=None).select_related("credential")
    doubtful, last = 0, 0
    while rows := list(creates.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        last = rows[-1].pk
        groups: dict[tuple[str, int | None], list[Outbox]] = defaultdict(list)
        for row in rows:
            groups[row.remote_object, row.credential_id].append(row)
        for (name, _), group in groups.items():
            doubtful += _doubt(connection, name, group[0].credential, group, at)
    return doubtful


def _doubt(connection: Connection, name: str, login: Credential | None, rows: Sequence[Outbox], at: datetime) -> int:
    scope = scope_for(connection, name, login)
    records = {record.pk: record for record in scope.load_records([row.record_id for row in rows])}
    expressed = scope.express(list(records.values()), scope.vocabulary(list(records.values())))
    noted = []
    for row in rows:
        record = records.get(row.record_id)
        if record is None:
            continue
        is_wanted = row.is_manual or row.is_automatic or isinstance(scope, ActivityScope)
        if is_wanted or not kept_out(record, scope.settings):  # what is kept out was not sent after the backup, either
            row.sent_at, row.sent = at, payload_of(scope, Item(row, record, None, scope, expressed[record.pk]))
            noted.append(row)
    write_columns(noted, ["sent_at", "sent"])
    return len(noted)
