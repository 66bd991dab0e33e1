"""Pull conditions in the REST API, for admins: what a pulled record must meet to be shown in lists."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.views import ApiView, IsAdmin
from integrations.logins import the_connection
from integrations.models import ObjectDescription, PullCondition
from integrations.sync.records import KINDS
from integrations.tuning import Asked, save_conditions


class ConditionSerializer(serializers.Serializer):
    field = serializers.CharField(max_length=80, help_text="A field of ours that is mapped.")
    operator = serializers.ChoiceField(choices=PullCondition.Operator.choices)
    values = serializers.ListField(
        child=serializers.CharField(max_length=255), required=False, default=list, help_text="One of them must fit."
    )


class ConditionsSerializer(serializers.Serializer):
    conditions = ConditionSerializer(many=True, help_text="All of them must be met.")
    is_under_way = serializers.BooleanField(read_only=True, help_text="Records are still being shown and hidden.")


class ConditionsView(ApiView):
    """The pull conditions of one object of Salesforce. Records that don't meet them count for de-duplication only."""

    permission_classes = [IsAuthenticated, IsAdmin]

    @extend_schema(responses=ConditionsSerializer)
    def get(self, request: Request, remote_object: str) -> Response:
        """None at first: all pulled records are shown."""
        return self._answer(remote_object)

    @extend_schema(request=ConditionsSerializer, responses=ConditionsSerializer)
    def put(self, request: Request, remote_object: str) -> Response:
        """Replace them; existing records follow in the background."""
        given = ConditionsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        self._described(remote_object)
        asked = [Asked(**one) for one in given.validated_data["conditions"]]
        save_conditions(the_connection(), remote_object, asked)
        return self._answer(remote_object)

    def _described(self, remote_object: str) -> ObjectDescription:
        names = [name for name in KINDS if name == remote_object]
        return get_object_or_404(ObjectDescription, remote_object__in=names, connection=the_connection())

    def _answer(self, remote_object: str) -> Response:
        connection = self._described(remote_object).connection
        rows = connection.pull_conditions.filter(remote_object=remote_object).values("field", "operator", "values")
        settings = connection.object_settings.get(record_kind=KINDS[remote_object])
        is_under_way = settings.shown_after is not None
        return Response(ConditionsSerializer({"conditions": list(rows), "is_under_way": is_under_way}).data)
