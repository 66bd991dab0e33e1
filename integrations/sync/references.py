"""References to records that have not been pulled yet: kept until those arrive."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from common.bulk import any_of, write_columns
from integrations.models import PendingReference
from integrations.sync.records import RECORD_TYPES, REFERENCES
from integrations.sync.scope import Scope


def resolve_references(scope: Scope, arrived: Mapping[str, int]) -> None:
    """Records that wait for one that has just arrived now point at it. ``arrived``: remote id -> id of ours."""
    if not arrived or scope.kind not in REFERENCES.values():
        return
    ids = any_of(arrived)
    waiting = PendingReference.objects.filter(remote_id__in=ids, connection=scope.connection)
    groups: dict[tuple[str, str], list[PendingReference]] = defaultdict(list)
    for reference in waiting:
        groups[reference.record_kind, reference.field].append(reference)
    for (kind, name), references in groups.items():
        if RECORD_TYPES[kind].fields[name].reference == scope.kind:
            _point(kind, name, references, arrived)


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
