"""Conflicts in the REST API: which value won, and taking the other one back."""

from typing import cast

import django_filters
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.errors import Conflict
from common.api.filters import IdFilter
from common.api.views import IsAdmin, ListView
from common.models import RecordKind
from common.visibility import seen_of
from integrations import conflicts
from integrations.models import SyncEvent
from integrations.services import Refused
from integrations.sync.records import model_of
from users.models import User


class ConflictSerializer(serializers.ModelSerializer):
    field = serializers.SerializerMethodField(help_text="As people know it.")
    values = serializers.SerializerMethodField(help_text="``base``, ``ours``, ``theirs``, and who was the ``winner``.")

    class Meta:
        model = SyncEvent
        fields = [
            "id", "record_kind", "record_id", "at", "field", "values", "summary", "restored_at", "restored_by",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(str)
    def get_field(self, event: SyncEvent) -> str:
        return next(iter(event.changes), "")

    @extend_schema_field(dict)
    def get_values(self, event: SyncEvent) -> dict[str, object]:
        told = conflicts.told_of(event)
        return {name: told.get(name) for name in ("base", "ours", "theirs", "winner")}


class ConflictFilter(django_filters.FilterSet):
    record_kind = django_filters.ChoiceFilter(choices=RecordKind.choices)
    record_id = IdFilter()
    is_restored = django_filters.BooleanFilter("restored_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = SyncEvent
        fields: list[str] = []


class RestoredSerializer(serializers.Serializer):
    is_changed = serializers.BooleanField(help_text="False: the record had that value already.")


class ConflictView(ListView):
    """Fields that both sides had changed: which value won, and which can be taken back. The list is for admins."""

    queryset = SyncEvent.objects.filter(kind=SyncEvent.Kind.CONFLICT)
    serializer_class = ConflictSerializer
    filterset_class = ConflictFilter
    orders = {"-id": ("-id",)}

    def get_permissions(self) -> list[BasePermission]:
        return [IsAuthenticated()] if self.action == "restore" else [IsAuthenticated(), IsAdmin()]

    @extend_schema(request=None, responses=RestoredSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: int) -> Response:
        """Give the record the value that lost; it is pushed like any edit. 409 when the field was changed since."""
        event, user = self.get_object(), cast(User, request.user)
        get_object_or_404(seen_of(model_of(event.record_kind), user), pk=event.record_id)
        try:
            is_changed = conflicts.restore_value(event, user)
        except Refused as refusal:
            raise Conflict(str(refusal)) from refusal
        return Response(RestoredSerializer({"is_changed": is_changed}).data)
