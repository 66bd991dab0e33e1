"""Job changes in the REST API: contacts who, as the directory tells, are with another company now."""

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.acting import acting_user
from common.api.errors import Conflict
from common.api.filters import TimesFilter
from common.api.views import ListView
from common.filters import SeenFilter
from common.visibility import seen_of
from contacts import job_changes
from contacts.models import Contact, JobChange

ANY = "any"


class JobChangeSerializer(serializers.ModelSerializer):
    """What the directory tells of a contact of the team."""

    from_company = serializers.CharField(source="move.from_company_name", help_text="As the directory had it.")
    prospect = serializers.IntegerField(source="move.prospect_id", help_text="Their entry in the directory.")
    company = serializers.IntegerField(
        source="move.prospect.company_id",
        allow_null=True,
        help_text="Where they are now; null: the directory lacks it.",
    )
    company_name = serializers.CharField(source="move.prospect.company_name")
    title = serializers.CharField(source="move.prospect.title", help_text="There.")
    email = serializers.CharField(source="move.prospect.email", help_text="There.")
    noticed_at = serializers.DateTimeField(source="move.seen_at")
    new_contact = serializers.SerializerMethodField(
        help_text="The contact that was made of it; null also when it is one that you may not see."
    )

    class Meta:
        model = JobChange
        fields = [
            "id", "contact", "state", "from_company", "prospect", "company", "company_name", "title", "email",
            "noticed_at", "new_contact", "decided_by", "decided_at", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_new_contact(self, change: JobChange) -> int | None:
        return change.new_contact_id if change.sees_new else None  # type: ignore[attr-defined]


class JobChangeApiFilter(TimesFilter):
    state = django_filters.ChoiceFilter(
        choices=[*JobChange.State.choices, (ANY, "Any")],
        method="keep_all",
        help_text="Those that nobody decided, unless said otherwise.",
    )
    contact = SeenFilter(Contact)

    class Meta:
        model = JobChange
        fields: list[str] = []

    def keep_all(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        state = self.form.cleaned_data["state"] or JobChange.State.OPEN
        return super().filter_queryset(queryset if state == ANY else queryset.filter(state=state))


class DecisionSerializer(serializers.Serializer):
    decision = serializers.ChoiceField(
        choices=[
            ("new", "a new contact at the new company, with the account; the present one stays as it is"),
            ("update", "the contact moves to the new company, and takes over what the directory says"),
            ("dismiss", "nothing is changed"),
        ]
    )


class JobChangeView(ListView):
    """Contacts who, as the directory tells, went to another company."""

    queryset = JobChange.objects.select_related("move__prospect")
    serializer_class = JobChangeSerializer
    filterset_class = JobChangeApiFilter
    orders = {"-created_at": ("-id",), "created_at": ("id",)}

    def get_queryset(self) -> QuerySet[Any]:
        sees_new = Exists(seen_of(Contact, acting_user()).filter(pk=OuterRef("new_contact")))
        return super().get_queryset().visible_to(acting_user()).annotate(sees_new=sees_new)  # type: ignore[attr-defined]

    @extend_schema(request=DecisionSerializer, responses=JobChangeSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: int) -> Response:
        """Say what becomes of it, once; 409 when somebody has said so before."""
        change = self.get_object()
        given = DecisionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        counts = job_changes.DECISIONS[given.validated_data["decision"]]([change.pk])
        change = self.get_object()
        if counts[job_changes.DECIDED]:
            raise Conflict(f"This was decided already: {change.get_state_display().lower()}.")
        if counts[job_changes.NOWHERE]:
            raise Conflict("Nothing was changed: the directory does not have the new company any more.")
        return Response(self.get_serializer(change).data)
