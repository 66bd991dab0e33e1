"""What pull conditions can be asked of, and how many records here they would show and hide."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from common.models import Origin
from integrations.forms.conditions import Askable, Choices, ConditionsForm
from integrations.models import Connection, FieldMapping
from integrations.sync.conditions import OPERATORS, condition
from integrations.sync.provider import Description
from integrations.sync.records import KINDS, RECORD_TYPES, Field, Type
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
    mappings = connection.field_mappings.filter(remote_object=description.name)
    present = connection.pull_conditions.filter(remote_object=description.name)
    askable = _askable(description, mappings, RECORD_TYPES[KINDS[description.name]].fields)
    return ConditionsForm(askable, list(present), data, auto_id=f"id_{description.name}_%s")


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


def _askable(
    description: Description, mappings: Iterable[FieldMapping], fields: Mapping[str, Field]
) -> dict[str, Askable]:
    """Fields by their names, in the order of their labels."""
    mapped = [(fields[row.field], row) for row in mappings if row.field in fields]
    asked = [(field, row) for field, row in mapped if field.type in OPERATORS]
    asked.sort(key=lambda pair: pair[0].label.lower())
    return {field.name: Askable(field, partial(_values_of, field, row, description)) for field, row in asked}


def _values_of(field: Field, row: FieldMapping, description: Description) -> Choices:
    """Values that a field can have, in our words."""
    if field.type == Type.STAGE:
        stages: Any = RECORD_TYPES[KINDS[description.name]].stage_model
        return tuple((str(pk), name) for pk, name in stages._default_manager.values_list("pk", "name"))
    if field.type == Type.OWNER:
        users = User.objects.filter(is_active=True).order_by("name", "email")
        return tuple((str(user.pk), str(user)) for user in users)
    if field.type not in OF_CHOICE:
        return ()
    remote, ours = description.fields.get(row.remote_field), ValueMap.of(row.value_map)
    own = field.choices if field.is_custom else ()
    values = [*own, *(ours.meant(value) for value in (remote.values if remote else ()))]
    return tuple((value, value) for value in dict.fromkeys(values))
