"""Records that were deleted here and that Salesforce may still have, in the REST API, for admins."""

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.errors import Conflict
from common.api.filters import CrmIdFilter
from common.api.views import IsAdmin, ListView
from common.merging import NotMergeable
from common.models import RecordKind
from common.trash import NotRestorable
from integrations import deletions, services
from integrations.models import RecordLink


class TombstoneSerializer(serializers.ModelSerializer):
    object = serializers.CharField(source="remote_object")
    crm_id = serializers.CharField(source="remote_id")
    record_id = serializers.IntegerField(source="deleted_id", help_text="Its id while it was here.")
    reason = serializers.CharField(source="drop_reason")
    is_there = serializers.SerializerMethodField(help_text="Whether Salesforce still has it, as far as is known.")

    class Meta:
        model = RecordLink
        fields = ["id", "record_kind", "record_id", "object", "crm_id", "reason", "dropped_at", "is_there"]
        read_only_fields = fields

    def get_is_there(self, link: RecordLink) -> bool:
        return link.gone_at is None


class BroughtBackSerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True, help_text="Of the record; null: it is pulled anew in a moment.")


class TombstoneFilter(django_filters.FilterSet):
    record_kind = django_filters.ChoiceFilter(choices=RecordKind.choices)
    object = django_filters.CharFilter("remote_object")
    crm_id = CrmIdFilter("remote_id", help_text="15 or 18 characters.")
    is_gone = django_filters.BooleanFilter("gone_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = RecordLink
        fields: list[str] = []


class TombstoneView(ListView):
    """What was deleted here is not pulled again, unless it is brought back."""

    permission_classes = [IsAuthenticated, IsAdmin]
    queryset = RecordLink.objects.tombstones()
    serializer_class = TombstoneSerializer
    filterset_class = TombstoneFilter
    orders = {"-id": ("-id",)}

    def get_queryset(self) -> QuerySet[RecordLink]:
        return RecordLink.objects.tombstones().exclude(deleted_id=None)

    @extend_schema(request=None, responses={200: BroughtBackSerializer})
    @action(detail=True, methods=["post"], url_path="bring-back")
    def bring_back(self, request: Request, pk: int) -> Response:
        """Restore the record as it was; one that is not kept any more is pulled anew."""
        try:
            record = deletions.bring_back(self.get_object())
        except (services.Refused, NotMergeable, NotRestorable) as refusal:
            raise Conflict(str(refusal)) from refusal
        return Response(BroughtBackSerializer({"id": record.pk if record else None}).data, status.HTTP_200_OK)
