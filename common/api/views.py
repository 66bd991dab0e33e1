"""What the REST endpoints have in common: who acts, which filters there are, and writes through the apps' services."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from django_filters import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from common.access import REFUSAL, SAFE_METHODS, is_for_readers, is_reader
from common.acting import acting_as, acting_user
from common.api import idempotency
from common.api.bulk import BulkMixin
from common.logs import note
from common.models import Origin
from common.paging import Order


def both_ways(**columns: str) -> dict[str, Order]:
    """The orders ``name`` and ``-name`` for each column, rows in the order of their ids where it is the same."""
    both: dict[str, Order] = {}
    for name, column in columns.items():
        both |= {f"-{name}": (f"-{column}", "-id"), name: (column, "id")}
    return both


class ApiView(APIView):
    """Runs as the user whom REST framework found, by token or session, and in UTC.

    The middleware that does so for pages runs before a token is read. ``open_to_extensions``: what of it the tokens of
    browser extensions may do, by the actions of view sets and the methods of others.
    """

    open_to_extensions: ClassVar[frozenset[str]] = frozenset()

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self.acting, timezone.override(UTC):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        user = request.user
        if user.is_authenticated and user.is_panel_only:
            raise PermissionDenied("This sign-in is for the panel in the CRM only.")
        self.acting.enter_context(acting_as(user if user.is_authenticated else None))
        if user.is_authenticated:
            note(user_id=user.pk)
        if is_reader(user) and request.method not in SAFE_METHODS and not is_for_readers(self):
            raise PermissionDenied(f"{REFUSAL}.")


class IsAdmin(BasePermission):
    message = "Only admins may do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user.is_authenticated and request.user.is_admin)


class ListView(ApiView, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Any]):
    """Lists, by pages and filters, and single rows."""

    lookup_value_converter = "int"
    filterset_class: type[FilterSet]
    orders: ClassVar[Mapping[str, Order]]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self._refuse_unknown(request)
        return super().list(request, *args, **kwargs)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filters are for lists: one row is found whatever a list leaves out."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def _refuse_unknown(self, request: Request) -> None:
        """A misspelt filter would find everything."""
        pages = self.paginator.get_schema_operation_parameters(self)  # type: ignore[union-attr]
        known = [*self.filterset_class.base_filters, *(one["name"] for one in pages)]
        unknown = set(request.query_params) - {*known, api_settings.URL_FORMAT_OVERRIDE}
        if unknown:
            message = f"There is no such filter. There are: {', '.join(known)}."
            raise ValidationError({name: [message] for name in sorted(unknown)})


class WriteView(BulkMixin, ListView):
    """Rows that people see and write, through the services that pages use as well; a ``PATCH`` writes what it names."""

    http_method_names = ["get", "head", "options", "post", "patch", "delete"]
    new_values: ClassVar[Mapping[str, Any]] = {"origin": Origin.API}  # of a row, unless the request says otherwise
    create_row: Callable[..., Any]
    update_row: Callable[[int, Mapping[str, Any]], Any]
    delete_row: Callable[[int], None]

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().visible_to(acting_user())  # type: ignore[attr-defined]

    @extend_schema(parameters=[idempotency.PARAMETER])
    def create(self, request: Request) -> Response:
        return idempotency.once(request, lambda: self._made(request))

    def _made(self, request: Request) -> Response:
        row = self.create_row(**{**self.new_values, **self._checked(request.data), **self._forced(request)})
        where = request.build_absolute_uri(f"{request.path}{row.pk}/")
        return Response(self.get_serializer(row).data, status.HTTP_201_CREATED, headers={"Location": where})

    def _forced(self, request: Request) -> dict[str, Any]:
        """What the token has to say of new rows, where they have such a column."""
        forced: Mapping[str, Any] = getattr(request.auth, "new_values", {})
        return {name: value for name, value in forced.items() if name in self.new_values}

    def partial_update(self, request: Request, pk: int) -> Response:
        row = self.update_row(pk, self._checked(request.data, self.get_object()))
        return Response(self.get_serializer(row).data)

    def destroy(self, request: Request, pk: int) -> Response:
        self.delete_row(self.get_object().pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _checked(self, data: Any, row: Any = None) -> dict[str, Any]:
        serializer = self.get_serializer(row, data=data, partial=row is not None)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class RecordView(WriteView):
    """Accounts, contacts and deals. Hidden ones are in no list, as on pages."""

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        return rows.listed() if self.action == "list" else rows  # type: ignore[attr-defined]


class NothingHere(ApiView):
    """What the addresses that lead nowhere answer."""

    permission_classes = [AllowAny]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not request.path.endswith("/"):
            raise NotFound(f"Addresses end with a slash: {request.path}/")
        raise NotFound("There is nothing at this address.")
