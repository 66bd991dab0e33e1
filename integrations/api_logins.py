"""The logins in the REST API, for admins: whose is the team's, and what each may do in the org."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.errors import Conflict
from common.api.views import IsAdmin, ListView
from integrations import checking, connecting
from integrations.models import Credential
from integrations.permissions import rights_of
from integrations.sync.provider import ProviderError


class LoginSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="__str__")
    power = serializers.CharField(source="get_power_display", help_text="The highest permission in the org.")
    is_teams = serializers.SerializerMethodField(help_text="The team's login pulls, and pushes for those without one.")
    reason = serializers.SerializerMethodField(help_text="Why it is the team's; empty for the others.")

    class Meta:
        model = Credential
        fields = ["id", "name", "username", "email", "user", "power", "broken_reason", "is_teams", "reason"]
        read_only_fields = fields

    def get_is_teams(self, login: Credential) -> bool:
        return login.connection.team_credential_id == login.pk

    def get_reason(self, login: Credential) -> str:
        return login.connection.team_login_reason if self.get_is_teams(login) else ""


class FieldRightsSerializer(serializers.Serializer):
    field = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    remote_field = serializers.CharField()
    may_read = serializers.BooleanField()
    may_create = serializers.BooleanField()
    may_edit = serializers.BooleanField()
    lacks = serializers.CharField(help_text="What to ask the Salesforce admin for; empty: nothing lacks.")


class ObjectRightsSerializer(serializers.Serializer):
    object = serializers.CharField(source="remote_object")
    described_at = serializers.DateTimeField(allow_null=True, help_text="Null: nothing is known yet.")
    may_read = serializers.BooleanField()
    may_create = serializers.BooleanField()
    may_edit = serializers.BooleanField()
    may_delete = serializers.BooleanField()
    lacks = serializers.ListField(child=serializers.CharField())

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {"fields": FieldRightsSerializer(many=True)}


class LoginRightsSerializer(serializers.Serializer):
    lacks = serializers.ListField(child=serializers.CharField(), help_text="Of the login as a whole.")
    objects = ObjectRightsSerializer(many=True)


class LoginFilter(django_filters.FilterSet):
    class Meta:
        model = Credential
        fields: list[str] = []


class LoginView(ListView):
    """Logins that are connected, or must be connected again."""

    permission_classes = [IsAuthenticated, IsAdmin]
    queryset = Credential.objects.all()
    serializer_class = LoginSerializer
    filterset_class = LoginFilter
    orders = {"id": ("id",)}

    def get_queryset(self) -> QuerySet[Credential]:
        return connecting.present_logins().select_related("connection__team_credential")

    @extend_schema(responses=LoginRightsSerializer)
    @action(detail=True)
    def permissions(self, request: Request, pk: int) -> Response:
        """What the login may do with each object and mapped field, as it was last described."""
        return Response(LoginRightsSerializer(rights_of(self.get_object())).data)

    @extend_schema(request=None, responses=LoginRightsSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: int) -> Response:
        """Ask the org again what the login may do: one call an object."""
        login = self.get_object()
        if login.broken_reason:
            raise Conflict(f"The login must be connected again: {login.broken_reason}")
        try:
            checking.check(login)
        except ProviderError as error:
            raise Conflict(error.reason) from error
        return Response(LoginRightsSerializer(rights_of(self.get_object())).data)

    @extend_schema(request=None, responses=LoginSerializer)
    @action(detail=True, methods=["post"], url_path="use-for-team")
    def use_for_team(self, request: Request, pk: int) -> Response:
        """Make it the team's login; it stays so, whatever is connected later."""
        login = self.get_object()
        if login.broken_reason:
            raise Conflict(f"The login must be connected again: {login.broken_reason}")
        connecting.choose_team_login(login.connection, login)
        return Response(LoginSerializer(self.get_object()).data)
