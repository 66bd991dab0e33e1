"""What pull conditions can be asked of, and how many records here they would show and hide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common.models import CustomField, Origin
from integrations.forms.conditions import Askable, ConditionsForm
from integrations.models import Connection, FieldMapping
from integrations.sync.conditions import OPERATORS, condition
from integrations.sync.provider import Description
from integrations.sync.records import CUSTOM, KINDS, RECORD_TYPES, Field, Type
from integrations.sync.value_map import ValueMap
from integrations.tuning import Asked
from users.models import User

OF_CHOICE = {Type.TEXT, Type.PICKLIST, Type.MULTI_PICKLIST}


@dataclass(frozen=True)
class Effect:
    """How many of the pulled records of an object would be shown, and how many are now."""

    pulled: int
    shown: int
    shown_now: int

    @property
    def hidden(self) -> int:
        return self.pulled - self.shown

    @property
    def hidden_now(self) -> int:
        return self.pulled - self.shown_now


def form_for(connection: Connection, description: Description, data: Any = None) -> ConditionsForm:
    present = connection.pull_conditions.filter(remote_object=description.name)
    auto_id = f"id_{description.name}_%s"
    return ConditionsForm(_askable(connection, description), list(present), data, auto_id=auto_id)


def effect_of(connection: Connection, remote_object: str, asked: Sequence[Asked]) -> Effect:
    """By two queries, whatever is asked."""
    kind = KINDS[remote_object]
    type_ = RECORD_TYPES[kind]
    records: Any = type_.model._default_manager
    pulled = records.filter(origin=Origin.CRM_PULL)
    if hasattr(type_.model, "crm_object"):
        pulled = pulled.filter(crm_object=remote_object)
    settings = connection.object_settings.get(record_kind=kind)
    fields = type_.fields
    wanted = pulled if settings.is_visible else pulled.none()
    for one in asked:
        wanted = wanted.filter(condition(fields[one.field], one.operator, one.values))
    return Effect(pulled.count(), wanted.count(), pulled.filter(is_hidden=False).count())


def _askable(connection: Connection, description: Description) -> dict[str, Askable]:
    type_ = RECORD_TYPES[KINDS[description.name]]
    fields, known = type_.fields, _Known(str(type_.kind), type_.stage_model)
    found = {}
    for row in connection.field_mappings.filter(remote_object=description.name):
        field = fields.get(row.field)
        if field and field.type in OPERATORS:
            found[row.field] = Askable(field, known.values_of(field, row, description))
    return found


class _Known:
    """Values that fields can have, in our words; each list is read once, when it is needed."""

    def __init__(self, kind: str, stage_model: Any) -> None:
        self.kind, self.stage_model = kind, stage_model
        self.custom: dict[str, list[str]] | None = None

    def values_of(self, field: Field, row: FieldMapping, description: Description) -> tuple[tuple[str, str], ...]:
        if field.type == Type.STAGE:
            return tuple((str(pk), name) for pk, name in self.stage_model._default_manager.values_list("pk", "name"))
        if field.type == Type.OWNER:
            users = User.objects.filter(is_active=True).order_by("name", "email")
            return tuple((str(user.pk), str(user)) for user in users)
        if field.type not in OF_CHOICE:
            return ()
        remote, ours = description.fields.get(row.remote_field), ValueMap.of(row.value_map)
        values = [*self._custom(field), *(ours.meant(value) for value in (remote.values if remote else ()))]
        return tuple((value, value) for value in dict.fromkeys(values))

    def _custom(self, field: Field) -> list[str]:
        if not field.name.startswith(CUSTOM):
            return []
        if self.custom is None:
            rows = CustomField.objects.filter(record_kind=self.kind)
            self.custom = dict(rows.values_list("key", "choices"))
        return [str(choice) for choice in self.custom.get(field.key, [])]
