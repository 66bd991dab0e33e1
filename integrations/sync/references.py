"""References to records that have not been pulled yet: kept until those arrive."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice

from django.db import transaction

from common.bulk import any_of, write_columns
from integrations.models import Connection, PendingReference, RecordLink
from integrations.sync import inference
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.records import RECORD_TYPES, REFERENCES
from integrations.sync.scope import Scope

CHUNK = 2_000


def resolve_references(scope: Scope, arrived: Mapping[str, int]) -> None:
    """Records that wait for one that has just arrived now point at it. ``arrived``: remote id -> id of ours."""
    _resolve(scope.connection, scope.kind, arrived)


def resolve_waiting(connection: Connection) -> None:
    """Resolve what waits for a record that is here already.

    Two workers that pull an object each don't see what the other has not committed yet: the one whose run ends last
    sees both.
    """
    waiting = PendingReference.objects.filter(connection=connection).order_by().values("remote_id")
    links = RecordLink.objects.live().filter(connection=connection, record_id__isnull=False, remote_id__in=waiting)
    present: dict[str, dict[str, int]] = defaultdict(dict)
    for kind, remote_id, record_id in links.order_by("pk").values_list("record_kind", "remote_id", "record_id"):
        present[kind][remote_id] = record_id or 0
    for kind, arrived in present.items():
        rest = iter(arrived.items())
        while chunk := dict(islice(rest, CHUNK)):
            _resolve_in_one(connection, kind, chunk)


@on_deadlock_again
@transaction.atomic
def _resolve_in_one(connection: Connection, kind: str, arrived: Mapping[str, int]) -> None:
    _resolve(connection, kind, arrived)


def _resolve(connection: Connection, kind: str, arrived: Mapping[str, int]) -> None:
    if not arrived or kind not in REFERENCES.values():
        return
    waiting = PendingReference.objects.filter(remote_id__in=any_of(arrived), connection=connection)
    groups: dict[tuple[str, str], list[PendingReference]] = defaultdict(list)
    for reference in waiting:
        groups[reference.record_kind, reference.field].append(reference)
    for (other, name), references in groups.items():
        if RECORD_TYPES[other].fields[name].reference == kind:
            _point(other, name, references, arrived)
            inference.note(connection, other, [reference.record_id for reference in references])


def _point(kind: str, name: str, references: Sequence[PendingReference], arrived: Mapping[str, int]) -> None:
    targets = {reference.record_id: arrived[reference.remote_id] for reference in references}
    manager = RECORD_TYPES[kind].model._default_manager
    records = list(
        manager.filter(pk__in=any_of(targets, "bigint"), **{f"{name}_id": None}).select_for_update().order_by("pk")
    )
    for record in records:
        setattr(record, f"{name}_id", targets[record.pk])
    write_columns(records, [name])
    PendingReference.objects.filter(pk__in=[reference.pk for reference in references]).delete()
