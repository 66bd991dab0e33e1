"""Custom fields that a text names: made where they are missing, changed where they differ."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Max

from common.models import CustomField
from integrations.configuration.export import PLACES, Data
from integrations.configuration.text import Path

Type = CustomField.Type
WITH_CHOICES = {Type.PICKLIST, Type.MULTI_PICKLIST}


def make(kind: str, now: Data, wanted: Data) -> list[tuple[Path, str]]:
    """Save the definitions of a kind that differ; answers what is wrong. Those that are not named stay."""
    place = PLACES[kind]
    before = now.get("custom_fields", {}).get(place, {})
    changed = {key: said for key, said in wanted["custom_fields"][place].items() if before.get(key) != said}
    rows = {row.key: row for row in CustomField.objects.filter(record_kind=kind, key__in=changed)}
    last = CustomField.objects.filter(record_kind=kind).aggregate(last=Max("position"))["last"] or 0
    faults: list[tuple[Path, str]] = []
    for key, said in changed.items():
        row = rows.get(key)
        if row is None:
            last += 1
            row = CustomField(record_kind=kind, key=key, type=said["type"], position=last)
        found = list(_changed(row, said))
        faults += [((key, *path), message) for path, message in found]
        if not found:
            row.save()
    return faults


def _changed(row: CustomField, said: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    if row.type != said["type"]:
        yield ("type",), f"The type of a field never changes: it stays {row.type}. Take another key for another field."
        return
    if "choices" in said and row.type not in WITH_CHOICES:
        yield ("choices",), "Only picklists have choices."
    if "decimals" in said and row.type != Type.NUMBER:
        yield ("decimals",), "Only numbers have decimals."
    if row.type in WITH_CHOICES and not said.get("choices", row.choices):
        yield ("choices",), "Name at least one choice."
    row.label = said["label"]
    row.choices = said.get("choices", row.choices)
    row.decimals = said.get("decimals", row.decimals)
    try:
        row.full_clean()
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            yield () if name in ("key", "__all__") else (name,), " ".join(messages)
