"""Mending what was refused: another value in the record's own field, and whether anything was mended at all."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from common.models import Record
from common.records import assign, locked, save_changes
from integrations import connecting
from integrations.explanations import OF_A_VALUE, OF_THE_DESCRIPTION
from integrations.logins import the_connection
from integrations.models import ErrorEntry, Outbox
from integrations.sync.limits import problems
from integrations.sync.mapping import Problem, normal
from integrations.sync.provider import ProviderError
from integrations.sync.records import CUSTOM, RECORD_TYPES, Field, Type
from integrations.sync.scope import Scope

TYPED = {Type.TEXT, Type.LONG_TEXT, Type.URL, Type.EMAIL, Type.PHONE, Type.PICKLIST}


def record_of(entry: ErrorEntry) -> Record | None:
    """None: it was deleted since."""
    return RECORD_TYPES[entry.record_kind].model._default_manager.filter(pk=entry.record_id).first()


def mendable_field(entry: ErrorEntry) -> Field | None:
    """The field of ours whose value was refused, when typing or choosing another value mends it."""
    name = entry.details.get("local_field", "")
    field = RECORD_TYPES[entry.record_kind].fields.get(name) if entry.code in OF_A_VALUE else None
    return field if field and field.type in TYPED and not entry.closed_at else None


@transaction.atomic
def mend_value(entry: ErrorEntry, value: str) -> None:
    """Write another value into the record, as its owner would. Raises ValidationError."""
    field = mendable_field(entry)
    if field is None:
        raise ValidationError("This can't be mended by another value.")
    allowed = entry.details.get("allowed")
    if allowed and value not in allowed:
        raise ValidationError(f"Choose one of: {', '.join(allowed)}.")
    record = locked(RECORD_TYPES[entry.record_kind].model, entry.record_id or 0)
    changes: dict[str, Any] = {field.name: value}
    if field.is_custom:
        changes = {"custom": {field.name.removeprefix(CUSTOM): value}}
    save_changes(record, assign(record, changes))
    if found := _unfit(entry, field, value):
        raise ValidationError([problem.message for problem in found])


def _unfit(entry: ErrorEntry, field: Field, value: str) -> list[Problem]:
    """What Salesforce would refuse of the value again, by its description."""
    scope = Scope.load(entry.connection, entry.remote_object, entry.credential)
    pair = scope.by_name.get(scope.by_field.get(field.name, ""))
    sent = normal(pair.remote, value) if pair else None
    return problems({pair.name: sent}, scope.description, is_create=False) if pair else []


def is_waiting(entry: ErrorEntry) -> bool:
    """Whether the record is on its way again."""
    return Outbox.objects.of(entry.record_kind, [entry.record_id or 0]).due().exists()


def look_again(entries: Sequence[ErrorEntry]) -> str:
    """What our own check refused by an old description of the org is checked by a new one. Answers why it can't be."""
    connection = the_connection()
    is_stale = any(entry.by == ErrorEntry.By.TANDEM and entry.code in OF_THE_DESCRIPTION for entry in entries)
    if is_stale and connection.team_credential and not connection.team_credential.broken_reason:
        try:
            connecting.refresh_descriptions(connection, connection.team_credential)
        except ProviderError as error:
            return f"The fields could not be read again: {error.reason}"
    return ""
