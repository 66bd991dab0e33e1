"""Many rows by one request: each is made, changed or deleted by itself, and has a result of its own."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import idempotency
from common.api.errors import problem

MOST = 200
LARGEST_ID = 2**63 - 1
TOLD = "Up to 200. Each is taken or refused by itself; results stand in the order of the request."


class RowsSerializer(serializers.Serializer):
    records = serializers.ListField(
        child=serializers.DictField(), allow_empty=False, max_length=MOST, help_text="As a single one is written."
    )


class ChangesSerializer(serializers.Serializer):
    records = serializers.ListField(
        child=serializers.DictField(),
        allow_empty=False,
        max_length=MOST,
        help_text="As a single one is changed, each with its `id`.",
    )


class IdsSerializer(serializers.Serializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), allow_empty=False, max_length=MOST
    )


class ResultSerializer(serializers.Serializer):
    status = serializers.IntegerField(help_text="As a request of its own would have answered.")
    id = serializers.IntegerField(required=False)
    record = serializers.DictField(required=False)
    problem = serializers.DictField(required=False)


class ResultsSerializer(serializers.Serializer):
    results = ResultSerializer(many=True)


class BulkMixin:
    """``POST``, ``PATCH`` and ``DELETE`` on ``bulk/``, for a ``WriteView``."""

    @extend_schema(
        request=RowsSerializer, responses=ResultsSerializer, parameters=[idempotency.PARAMETER], description=TOLD
    )
    @action(detail=False, methods=["post"], url_path="bulk")
    def bulk(self: Any, request: Request) -> Response:
        rows = _given(RowsSerializer, request)["records"]
        return idempotency.once(request, lambda: self._each(rows, self._created, status.HTTP_201_CREATED))

    @extend_schema(request=ChangesSerializer, responses=ResultsSerializer, description=TOLD)
    @bulk.mapping.patch
    def bulk_update(self: Any, request: Request) -> Response:
        return self._each(_given(ChangesSerializer, request)["records"], self._changed, status.HTTP_200_OK)

    @extend_schema(request=IdsSerializer, responses=ResultsSerializer, description=TOLD)
    @bulk.mapping.delete
    def bulk_destroy(self: Any, request: Request) -> Response:
        return self._each(_given(IdsSerializer, request)["ids"], self._deleted, status.HTTP_204_NO_CONTENT)

    def _created(self: Any, values: dict[str, Any]) -> Any:
        return self.create_row(**{**self.new_values, **self._checked(values)})

    def _changed(self: Any, values: dict[str, Any]) -> Any:
        values = dict(values)
        pk = serializers.IntegerField(min_value=1, max_value=LARGEST_ID).run_validation(values.pop("id", None))
        row = self.get_queryset().get(pk=pk)
        return self.update_row(pk, self._checked(values, row))

    def _deleted(self: Any, pk: int) -> None:
        self.delete_row(self.get_queryset().get(pk=pk).pk)

    def _each(self: Any, items: Sequence[Any], do: Callable[[Any], Any], done: int) -> Response:
        results: list[dict[str, Any]] = []
        rows: list[Any] = []
        for item in items:
            try:
                with transaction.atomic():
                    row = do(item)
            except Exception as error:
                refusal = problem(error, self.get_exception_handler_context())
                if refusal is None:
                    raise
                results.append({"status": refusal.status_code, "problem": refusal.data})
                continue
            results.append({"status": done} | ({"id": row.pk} if row else {"id": item}))
            rows += [row] if row else []
        told = {one["id"]: one for one in self.get_serializer(rows, many=True).data} if rows else {}
        for result in results:
            if (pk := result.get("id")) in told:
                result["record"] = told[pk]
        return Response({"results": results})


def _given(shape: type[serializers.Serializer], request: Request) -> Any:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return given.validated_data
