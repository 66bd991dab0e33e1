"""Records that look like one, in the REST API: what they are, merging them, calling them two; and deleted records."""

from datetime import datetime
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common import duplicates, merging, restoring, trash
from common.acting import acting_user
from common.api.errors import Conflict
from common.api.filters import IdFilter
from common.api.views import ApiView, ListView
from common.models import DeletedRecord, Record, RecordKind
from common.records import record_model
from common.visibility import seen_of, visible_deleted


class DuplicateSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    reason = serializers.CharField()
    found_at = serializers.DateTimeField()


class MergeSerializer(serializers.Serializer):
    other = serializers.IntegerField(help_text="The record that goes.")
    fields_of_other = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        allow_null=True,
        default=None,
        help_text="Fields whose values are the other's (a custom one as “custom.key”); left out: those that are empty "
        "in the one that stays.",
    )


class MergedSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class _OfRecord(ApiView):
    """Something about one record of a kind."""

    kind: str = ""

    def record(self, pk: int) -> Record:
        return get_object_or_404(seen_of(record_model(self.kind), acting_user()), pk=pk)


class DuplicatesView(_OfRecord):
    @extend_schema(responses=DuplicateSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """The records that look like this one, without those that people called different."""
        found = [
            {"id": other.pk, "name": str(other), "reason": pair.reason, "found_at": pair.found_at}
            for other, pair in duplicates.duplicates_of(self.record(pk))
        ]
        return Response(DuplicateSerializer(found, many=True).data)


class DismissView(_OfRecord):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, pk: int, other: int) -> Response:
        """Say that the two are two; they are not proposed again."""
        duplicates.dismiss(self.record(pk), self.record(other))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MergeView(_OfRecord):
    @extend_schema(request=MergeSerializer, responses=MergedSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Fold another record into this one. It can be taken out again for thirty days: see ``deleted``."""
        keep = self.record(pk)
        given = MergeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            kept = merging.merge(
                keep, self.record(given.validated_data["other"]), given.validated_data["fields_of_other"]
            )
        except merging.NotMergeable as refusal:
            raise Conflict(str(refusal)) from refusal
        return Response(MergedSerializer({"id": kept.pk, "name": str(kept)}).data)


class DeletedListSerializer(serializers.ListSerializer):
    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data)
        for row, told in zip(rows, trash.what_restoring_does(rows), strict=True):
            row.restoring = told
        return super().to_representation(rows)


class DeletedSerializer(serializers.ModelSerializer):
    restoring = serializers.CharField(help_text="What becomes of it over there when it is restored.")
    restorable_until = serializers.SerializerMethodField()

    class Meta:
        model = DeletedRecord
        fields = [
            "id", "record_kind", "record_id", "name", "merged_into", "deleted_at", "deleted_by", "restoring",
            "restorable_until",
        ]  # fmt: skip
        read_only_fields = fields
        list_serializer_class = DeletedListSerializer

    def get_restorable_until(self, row: DeletedRecord) -> datetime:
        return row.deleted_at + trash.KEPT_FOR

    def to_representation(self, instance: DeletedRecord) -> dict[str, Any]:
        if self.parent is None:
            (instance.restoring,) = trash.what_restoring_does([instance])
        return super().to_representation(instance)


class DeletedFilter(django_filters.FilterSet):
    record_kind = django_filters.ChoiceFilter(choices=RecordKind.choices)
    record_id = IdFilter()

    class Meta:
        model = DeletedRecord
        fields: list[str] = []


class DeletedView(ListView):
    """Records that were deleted or merged away, as long as they can be brought back."""

    queryset = DeletedRecord.objects.all()
    serializer_class = DeletedSerializer
    filterset_class = DeletedFilter
    orders = {"-deleted_at": ("-deleted_at", "-id")}

    def get_queryset(self) -> QuerySet[DeletedRecord]:
        return visible_deleted(acting_user())

    @extend_schema(request=None, responses=MergedSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: int) -> Response:
        """Bring it back, or take the merge apart in which it went."""
        row = self.get_object()
        try:
            record = restoring.bring_back(row, acting_user())
        except trash.NotRestorable as refusal:
            raise Conflict(str(refusal)) from refusal
        return Response(MergedSerializer({"id": record.pk, "name": str(record)}).data)
