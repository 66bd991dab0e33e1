"""How rows become JSON, and what of it may be written."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

from rest_framework import serializers

from common.api import extras
from common.api.fields import CustomValuesField, OwnerField
from common.models import Origin

# Every kind of record has these, before and after its own.
FIRST = ("id",)
LAST = ("owner", "stage", "origin", "crm_id", "custom", "created_at", "updated_at")


class StrictSerializer(serializers.ModelSerializer):
    """Refuses fields that it doesn't know or that can't be written, where others drop them in silence."""

    create_only: ClassVar[tuple[str, ...]] = ("origin",)

    def to_internal_value(self, data: Any) -> Any:
        refused = {name: self._refusal(name) for name in data} if isinstance(data, Mapping) else {}
        if errors := {name: [reason] for name, reason in refused.items() if reason}:
            raise serializers.ValidationError(errors)
        return super().to_internal_value(data)

    def _refusal(self, name: str) -> str:
        """Why a request may not name this field; "" when it may."""
        field = self.fields.get(name)
        if field is None:
            near = get_close_matches(name, self.fields, 1)
            return f"There is no such field. Did you mean “{near[0]}”?" if near else "There is no such field."
        if field.read_only:
            return "This field is read-only."
        if self.instance is not None and name in self.create_only:
            return "This is said when the record is made, and does not change."
        return ""


class OriginField(serializers.ChoiceField):
    """How a row was made; that a pull made it is nobody's to say."""

    default_error_messages = {"pulled": "Only a pull makes records of this origin."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=Origin.choices, required=False, help_text="At first “api”.", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if data == Origin.CRM_PULL:
            self.fail("pulled")
        return super().to_internal_value(data)


class RecordListSerializer(serializers.ListSerializer):
    def to_representation(self, data: Any) -> list[Any]:
        rows: Sequence[Any] = list(data)
        extras.attach(rows)
        return super().to_representation(rows)


class RecordSerializer(StrictSerializer):
    """A record with its custom values and what other apps say of it. Its ``Meta`` names the columns of its own."""

    owner = OwnerField()
    origin = OriginField()
    custom = CustomValuesField(
        required=False, help_text="Values by the keys of the custom fields; null empties one, others stay."
    )

    class Meta:
        list_serializer_class = RecordListSerializer
        validators: ClassVar[list[Any]] = []

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | extras.fields()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        if self.parent is None:
            extras.attach([instance])
        return super().to_representation(instance)
