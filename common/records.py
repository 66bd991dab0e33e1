"""Writing records. Every write names its columns, under the row's lock.

A form or a request that was prepared before a pull must not write back what it never touched: the sync would take that
for an edit and revert Salesforce.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.apps import apps
from django.core.exceptions import ValidationError

from common import custom
from common.models import Record, RecordKind

MODELS = {
    RecordKind.ACCOUNT: "accounts.Account",
    RecordKind.CONTACT: "contacts.Contact",
    RecordKind.DEAL: "deals.Deal",
}

AnyRecord = TypeVar("AnyRecord", bound=Record)


def record_model(kind: str) -> type[Record]:
    """Raises ValueError when there is no such kind."""
    return apps.get_model(MODELS[RecordKind(kind)])


def kind_of(record: Record | type[Record]) -> RecordKind:
    return next(kind for kind, label in MODELS.items() if record._meta.label == label)


def locked(model: type[AnyRecord], pk: int) -> AnyRecord:
    """The row as it is now, ours until the transaction ends. Raises DoesNotExist."""
    return model._base_manager.select_for_update().get(pk=pk)


def assign(record: Record, changes: Mapping[str, Any]) -> set[str]:
    """Set what differs, merging custom values key by key; answer the columns that changed. Raises ValidationError."""
    before = {name: record.serializable_value(name) for name in changes}
    for name, value in changes.items():
        setattr(record, name, value if name != "custom" else _merged(record, value, record.custom))
    return {name for name, value in before.items() if record.serializable_value(name) != value}


def save_new(record: AnyRecord) -> AnyRecord:
    """Raises ValidationError."""
    record.custom = _merged(record, record.custom, {})
    record.full_clean()
    record.save(force_insert=True)
    return record


def save_changes(record: AnyRecord, changed: set[str]) -> AnyRecord:
    """Save these columns and no other; without any, nobody is told of a save. Raises ValidationError."""
    if changed:
        record.clean_fields(exclude={column.name for column in record._meta.fields} - changed)
        record.save(update_fields=changed)
    return record


def _merged(record: Record, values: Any, present: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise ValidationError({"custom": "Give the values of custom fields by their keys."})
    return custom.merged(record.custom, custom.cleaned(kind_of(record), values, present))
