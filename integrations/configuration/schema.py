"""What a text may say, whatever the workspace and the org are like."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from rest_framework import serializers

from common.models import CustomField, RecordKind, Workspace
from integrations import staging
from integrations.configuration.export import ACTIVITIES, DELETIONS, PLACES, REMOTE, SETTINGS, VERSION, Data
from integrations.configuration.text import Path
from integrations.forms.ceiling import LOWEST
from integrations.models import (
    ActivitySettings,
    DeletionSettings,
    ExclusionRule,
    FieldMapping,
    ObjectSettings,
    PullCondition,
)
from integrations.models.activities import CONDITIONS
from integrations.sync.value_map import Way

OTHER_VERSION = "This is no text of settings that this version of Tandem reads: it says “version: 1”."


class Part(serializers.Serializer):
    """Refuses names that it does not know, beside whatever else is wrong."""

    default_error_messages = {"invalid": "Names with values are expected here, one a line and indented."}

    def to_internal_value(self, data: Any) -> Any:
        names = list(data) if isinstance(data, Mapping) else []
        unknown = {name: [self._unknown(name)] for name in names if name not in self.fields}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if not isinstance(error.detail, dict):
                raise
            raise serializers.ValidationError({**error.detail, **unknown}) from error
        if unknown:
            raise serializers.ValidationError(unknown)
        return values

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, self.fields, 1)
        return f"There is no such setting. Did you mean “{near[0]}”?" if near else f"There is none: {_known(self)}."


def _known(part: Part) -> str:
    return "known here are " + ", ".join(part.fields)


class TeamPart(Part):
    pulled_seen_by = serializers.ChoiceField(choices=Workspace.SeenBy.choices, required=False)
    api_ceiling_percent = serializers.IntegerField(min_value=LOWEST, max_value=100, required=False)


class CustomFieldPart(Part):
    label = serializers.CharField(max_length=120)  # type: ignore[assignment]
    type = serializers.ChoiceField(choices=CustomField.Type.choices)
    decimals = serializers.IntegerField(min_value=0, max_value=12, required=False)
    choices = serializers.ListField(child=serializers.CharField(max_length=255), required=False)


class ValuePart(Part):
    ours = serializers.CharField(trim_whitespace=False)
    theirs = serializers.CharField(trim_whitespace=False)
    way = serializers.ChoiceField(choices=[str(way) for way in Way], required=False)


class FieldPart(Part):
    """“title: Title” is short for “title: {salesforce: Title}”."""

    salesforce = serializers.CharField(max_length=120)
    direction = serializers.ChoiceField(choices=FieldMapping.Direction.choices, required=False)
    winner = serializers.ChoiceField(choices=FieldMapping.Winner.choices, required=False)
    directory = serializers.ChoiceField(choices=FieldMapping.Enrichment.choices, required=False)
    values = ValuePart(many=True, required=False)
    other_values = serializers.ChoiceField(choices=FieldMapping.Unlisted.choices, required=False)

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({"salesforce": data} if isinstance(data, str) else data)


class ConditionPart(Part):
    field = serializers.CharField(max_length=80)
    operator = serializers.ChoiceField(choices=PullCondition.Operator.choices)
    values = serializers.ListField(child=serializers.CharField(max_length=255, trim_whitespace=False), required=False)


class DeletionsPart(serializers.ModelSerializer, Part):
    class Meta:
        model = DeletionSettings
        fields = list(DELETIONS)
        extra_kwargs = {
            "most": {"required": False},
            "most_percent": {"max_value": 100, "required": False},
        }


class StagesPart(Part):
    is_on = serializers.BooleanField(required=False)

    def get_fields(self) -> dict[str, Any]:
        events = {event: serializers.CharField(allow_null=True, required=False) for event in staging.EVENTS}
        return {**super().get_fields(), **events}


class ActivitySettingsPart(serializers.ModelSerializer, Part):
    class Meta:
        model = ActivitySettings
        fields = list(ACTIVITIES)


class ExclusionPart(serializers.ModelSerializer, Part):
    class Meta:
        model = ExclusionRule
        fields = ["join", *CONDITIONS]


class ActivitiesPart(Part):
    settings = ActivitySettingsPart(required=False, partial=True)
    exclusion_rules = serializers.DictField(child=ExclusionPart(), required=False)


@cache
def _settings_part(kind: str) -> type[Part]:
    meta = {"model": ObjectSettings, "fields": list(SETTINGS[kind])}
    stages = serializers.ListField(child=serializers.CharField(allow_null=True), required=False)
    parts = (serializers.ModelSerializer, Part)
    return type("SettingsPart", parts, {"push_stages": stages, "Meta": type("Meta", (), meta)})


class Entries(serializers.DictField):
    """Hundreds of entries by name; those that are as they are set now were looked at when they were set."""

    def __init__(self, *path: str, child: Part) -> None:
        super().__init__(child=child, required=False)
        self.path = path

    def run_child_validation(self, data: Mapping[str, Any]) -> Data:
        now: Any = self.context["now"]
        for name in self.path:
            now = now.get(name, {})
        checked = super().run_child_validation({name: entry for name, entry in data.items() if now.get(name) != entry})
        return {name: checked.get(name, entry) for name, entry in data.items()}


def _object_part(kind: str, name: str) -> serializers.Field:
    found: dict[str, serializers.Field] = {
        "fields": Entries(PLACES[kind], name, "fields", child=FieldPart()),
        "statuses": serializers.DictField(
            child=serializers.CharField(max_length=255, trim_whitespace=False), required=False
        ),
        "conditions": ConditionPart(many=True, required=False),
        "deletions": DeletionsPart(required=False, partial=True),
    }
    if kind == RecordKind.DEAL:
        del found["statuses"]  # they are the org's own
    return _part(found)


def _part(fields: dict[str, serializers.Field]) -> serializers.Field:
    """A part with these fields; some are called as serializers call something of their own."""

    class Made(Part):
        def get_fields(self) -> dict[str, Any]:
            return dict(fields)

    return Made(required=False)


def _kind_part(kind: str) -> serializers.Field:
    found: dict[str, serializers.Field] = {"settings": _settings_part(kind)(required=False, partial=True)}
    if kind == RecordKind.ACCOUNT:
        found["stage_follows_opportunities"] = StagesPart(required=False)
    return _part(found | {name: _object_part(kind, name) for name in REMOTE[kind]})


class TextPart(Part):
    version = serializers.ChoiceField(
        choices=[VERSION], error_messages={"required": OTHER_VERSION, "invalid_choice": OTHER_VERSION}
    )

    def get_fields(self) -> dict[str, Any]:
        return {
            **super().get_fields(),
            "team": TeamPart(required=False),
            "custom_fields": _part(
                {place: Entries("custom_fields", place, child=CustomFieldPart()) for place in PLACES.values()}
            ),
            **{place: _kind_part(kind) for kind, place in PLACES.items()},
            "activities": ActivitiesPart(required=False),
            "people": serializers.DictField(child=serializers.EmailField(allow_null=True), required=False),
        }


def check(data: Any, now: Data) -> tuple[Data, list[tuple[Path, str]]]:
    """What a text says, and what is wrong with it, each with its path."""
    part = TextPart(data=data, context={"now": now})
    if part.is_valid():
        return dict(part.validated_data), []
    return {}, list(_flat(part.errors, ()))


def _flat(errors: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(errors, Mapping):
        for name, below in errors.items():
            yield from _flat(below, path if name == "non_field_errors" else (*path, name))
    elif isinstance(errors, list) and any(isinstance(one, (Mapping, list)) for one in errors):
        for number, below in enumerate(errors):
            yield from _flat(below, (*path, number))
    else:
        yield from ((path, str(message)) for message in (errors if isinstance(errors, list) else [errors]))
