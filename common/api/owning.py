"""Giving records to somebody else, in the REST API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.acting import acting_user
from common.api.fields import OwnerField
from common.api.views import ApiView
from common.owning import reassign
from common.records import record_model

MOST = 1_000
LARGEST_ID = 2**63 - 1


class ReassignSerializer(serializers.Serializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), allow_empty=False, max_length=MOST
    )
    owner = OwnerField(required=True, help_text="Id or e-mail address; null: nobody.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        # An empty text would be read as null: a script that lacks a value must not take owners away.
        if values["owner"] is None and self.initial_data["owner"] is not None:
            raise serializers.ValidationError({"owner": ["Name a person, or null for nobody."]})
        return values


class ReassignedSerializer(serializers.Serializer):
    changed = serializers.IntegerField(help_text="Records that were not theirs before.")


class ReassignView(ApiView):
    kind: str = ""

    @extend_schema(request=ReassignSerializer, responses=ReassignedSerializer)
    def post(self, request: Request) -> Response:
        """Give up to 1,000 records to another owner: all of them, or none."""
        given = ReassignSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        values = given.validated_data
        changed = reassign(record_model(self.kind), values["ids"], values["owner"], user=acting_user())
        return Response(ReassignedSerializer({"changed": changed}).data)
