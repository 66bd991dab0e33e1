"""What counts for the whole team, in the REST API: everybody may know it, admins change it."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.serializers import StrictSerializer
from common.api.views import ApiView, IsAdmin
from common.models import Workspace
from common.visibility import let_see_pulled


class WorkspaceSerializer(StrictSerializer):
    class Meta:
        model = Workspace
        fields = ["pulled_seen_by"]


class WorkspaceView(ApiView):
    def get_permissions(self) -> list[IsAuthenticated | IsAdmin]:
        return [IsAuthenticated()] if self.request.method in SAFE_METHODS else [IsAuthenticated(), IsAdmin()]

    @extend_schema(responses=WorkspaceSerializer)
    def get(self, request: Request) -> Response:
        """Who sees pulled records."""
        return Response(WorkspaceSerializer(Workspace.load()).data)

    @extend_schema(request=WorkspaceSerializer(partial=True), responses=WorkspaceSerializer)
    def patch(self, request: Request) -> Response:
        """Choose who sees pulled records; it counts from the next request on."""
        given = WorkspaceSerializer(Workspace.load(), data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        let_see_pulled(given.validated_data.get("pulled_seen_by", Workspace.load().pulled_seen_by))
        return self.get(request)
