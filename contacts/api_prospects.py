"""People of the directory become contacts by the REST API."""

from collections.abc import Collection
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from common.acting import acting_user
from common.api import idempotency
from common.api.bulk import LARGEST_ID, MOST
from common.api.views import ApiView
from common.bulk import any_of
from common.visibility import seen_of
from contacts.models import Contact
from contacts.prospecting import save_prospects


class SavedSerializer(serializers.Serializer):
    prospect = serializers.IntegerField()
    contact = serializers.IntegerField(
        allow_null=True, help_text="The contact's id; null when the CRM has somebody whom you may not see."
    )
    is_new = serializers.BooleanField(help_text="Whether the contact was made by this request.")


class SaveManySerializer(serializers.Serializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), allow_empty=False, max_length=MOST
    )


class SavedManySerializer(serializers.Serializer):
    results = SavedSerializer(many=True)


class SaveView(ApiView):
    @extend_schema(
        request=None, responses={200: SavedSerializer, 201: SavedSerializer}, parameters=[idempotency.PARAMETER]
    )
    def post(self, request: Request, pk: int) -> Response:
        """Save a person as a contact of yours, with the account; whom the CRM has already stays as they are (200)."""

        def save() -> Response:
            if not (found := _saved([pk])):
                raise NotFound
            return Response(found[0], status.HTTP_201_CREATED if found[0]["is_new"] else status.HTTP_200_OK)

        return idempotency.once(request, save)


class SaveManyView(ApiView):
    @extend_schema(
        operation_id="prospects_save_many",
        request=SaveManySerializer,
        responses=SavedManySerializer,
        parameters=[idempotency.PARAMETER],
    )
    def post(self, request: Request) -> Response:
        """Save up to 200 people. Those that are not in the directory any more are left out of the results."""
        given = SaveManySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        ids = given.validated_data["ids"]
        return idempotency.once(request, lambda: Response({"results": _saved(ids)}))


def _saved(ids: Collection[int]) -> list[dict[str, Any]]:
    saved = save_prospects(ids)
    contacts = set(saved.contacts.values())
    seen = seen_of(Contact, acting_user()).filter(pk__in=any_of(contacts, "bigint"))
    ours = set(seen.values_list("pk", flat=True))
    return [
        {"prospect": pk, "contact": contact if contact in ours else None, "is_new": pk in saved.new}
        for pk, contact in sorted(saved.contacts.items())
    ]
