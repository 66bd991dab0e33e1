"""What counts for the whole team, in the REST API: everybody may know it, admins change it."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.serializers import StrictSerializer
from common.api.views import ApiView, IsAdmin
from common.models import Workspace
from common.workspace import change_workspace


class WorkspaceSerializer(StrictSerializer):
    class Meta:
        model = Workspace
        fields = ["pulled_seen_by", "currency"]


class WorkspaceView(ApiView):
    def get_permissions(self) -> list[IsAuthenticated | IsAdmin]:
        return [IsAuthenticated()] if self.request.method in SAFE_METHODS else [IsAuthenticated(), IsAdmin()]

    @extend_schema(responses=WorkspaceSerializer)
    def get(self, request: Request) -> Response:
        """Who sees pulled records, and the currency of new deals; empty: USD."""
        return Response(WorkspaceSerializer(Workspace.load()).data)

    @extend_schema(request=WorkspaceSerializer(partial=True), responses=WorkspaceSerializer)
    def patch(self, request: Request) -> Response:
        """Choose who sees pulled records, from the next request on, and the currency of new deals."""
        given = WorkspaceSerializer(Workspace.load(), data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        if given.validated_data:
            change_workspace(**given.validated_data)
        return self.get(request)
