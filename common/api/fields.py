"""Fields of the REST API's JSON that Django REST framework does not have."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.db.models import Model, QuerySet
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common import custom
from common.acting import acting_user
from common.models import CustomField, Record
from common.records import kind_of
from common.visibility import RecordQuerySet

Type = CustomField.Type


class ReferenceField(serializers.PrimaryKeyRelatedField):
    """The id of another row. With ``word`` it may be written by what people call it, too: a stage's name."""

    default_error_messages = {
        "does_not_exist": "There is none with the id {pk_value}.",
        "unknown_word": "There is none called “{value}”.",
        "several": "Several are called “{value}”: give the id.",
    }

    def __init__(self, *, word: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.word = word

    def to_internal_value(self, data: Any) -> Model:
        if isinstance(data, float):  # Django would take 1.5 for 1
            self.fail("incorrect_type", data_type=type(data).__name__)
        if not self.word or not isinstance(data, str) or data.isdecimal():
            return super().to_internal_value(data)
        rows = self.get_queryset()
        if "\x00" in data or not (found := self.narrowed(rows.filter(**{f"{self.word}__iexact": data}))):
            self.fail("unknown_word", value=data)
        if len(found) > 1:
            self.fail("several", value=data)
        return found[0]

    def get_queryset(self) -> QuerySet[Any]:
        """Of records those that the user sees, and the present one."""
        rows: Any = super().get_queryset()
        if not isinstance(rows, RecordQuerySet):
            return rows
        return rows.visible_to(acting_user(), also=getattr(self.parent.instance, f"{self.source}_id", None))

    def narrowed(self, found: QuerySet[Any]) -> Sequence[Model]:
        """Which of several are meant."""
        return list(found[:2])


class OwnerField(ReferenceField):
    """Who a row belongs to: somebody who is active, or nobody."""

    def __init__(self, **kwargs: Any) -> None:
        given: dict[str, Any] = {
            "required": False,
            "help_text": "Whoever makes it owns it, unless another is named (id or e-mail address).",
        }
        owners = get_user_model()._default_manager.filter(is_active=True)
        super().__init__(queryset=owners, word="email", allow_null=True, **given | kwargs)


class ReferenceSchema(OpenApiSerializerFieldExtension):
    """An id in answers; in requests also a name."""

    target_class = ReferenceField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        has_name = direction == "request" and self.target.word
        return {"type": ["integer", "string"]} if has_name else {"type": "integer"}


@extend_schema_field({"type": "object", "additionalProperties": {}})
class CustomValuesField(serializers.Field):
    """Custom values by key. Only JSON types are checked here; the service knows the rest."""

    default_error_messages = {"not_an_object": 'Give the values of custom fields by their keys: {{"key": value}}.'}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            self.fail("not_an_object")
        definitions = {one.key: one for one in custom.definitions(kind_of(self._model()))}
        wrong = [
            f"{definitions[key].label}: give {_expected(definitions[key])}, or null."
            for key, value in data.items()
            if key in definitions and not _fits(definitions[key], value)
        ]
        if wrong:
            raise serializers.ValidationError(wrong)
        return dict(data)

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return value

    def _model(self) -> type[Record]:
        return cast(serializers.ModelSerializer, self.parent).Meta.model


def _fits(definition: CustomField, value: Any) -> bool:
    if value is None:
        return True
    match definition.type:
        case Type.NUMBER:
            return isinstance(value, int | float | str) and not isinstance(value, bool)
        case Type.BOOLEAN:
            return isinstance(value, bool)
        case Type.MULTI_PICKLIST:
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str)


def _expected(definition: CustomField) -> str:
    names = {Type.NUMBER: "a number", Type.BOOLEAN: "true or false", Type.MULTI_PICKLIST: "a list of texts"}
    return names.get(Type(definition.type), "a text")
