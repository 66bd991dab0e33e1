"""The org's campaigns in the REST API: which there are, adding contacts to one, and what became of each."""

import re
from typing import Any, cast

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from common import actions, jobs
from common.acting import acting_user
from common.actions import Selection
from common.api import idempotency
from common.api.bulk import LARGEST_ID
from common.api.errors import Conflict
from common.api.filters import CrmIdFilter, IdFilter
from common.api.views import ApiView, ListView
from common.bulk import any_of
from common.models import Job, RecordKind
from common.tables import table_of
from common.visibility import seen_of
from integrations import campaigns
from integrations.models import Campaign, CampaignMember
from integrations.sync.records import model_of
from users.models import User

MOST = 1000
CAMPAIGN_ID = re.compile(r"701[0-9A-Za-z]{12}([A-Z0-5]{3})?")
NAMED = 10  # of ids that are not there
AT_ONCE = 3.0  # seconds that a request waits; a worker puts down what is left


class CampaignSerializer(serializers.Serializer):
    crm_id = serializers.CharField(source="id")
    name = serializers.CharField()
    type = serializers.CharField()
    status = serializers.CharField()
    is_active = serializers.BooleanField()
    starts_on = serializers.DateField(allow_null=True)
    people = serializers.IntegerField(help_text="Contacts and leads that are in it.")


class FoundSerializer(serializers.Serializer):
    results = CampaignSerializer(many=True)
    has_more = serializers.BooleanField(help_text="Whether there are more than these, which are the newest.")


class AskedSerializer(serializers.Serializer):
    q = serializers.CharField(required=False, default="", allow_blank=True, max_length=80, help_text="In the name.")
    with_inactive = serializers.BooleanField(required=False, default=False)


class MemberStatusSerializer(serializers.Serializer):
    label = serializers.CharField()  # type: ignore[assignment]
    is_default = serializers.BooleanField()


class ChosenSerializer(serializers.Serializer):
    crm_id = serializers.CharField(source="remote_id")
    name = serializers.CharField()
    statuses = MemberStatusSerializer(many=True, help_text="What people can be in it, in Salesforce's order.")


class AddSerializer(serializers.Serializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID),
        allow_empty=False,
        max_length=MOST,
        help_text="Contacts.",
    )
    status = serializers.CharField(
        required=False, max_length=765, help_text="What they will be in it; unless said otherwise its default."
    )


class AddedSerializer(serializers.Serializer):
    job = serializers.IntegerField(source="pk", help_text="Ask campaign-members with it what became of each.")
    state = serializers.ChoiceField(choices=Job.State.choices)
    total = serializers.IntegerField(allow_null=True)
    message = serializers.CharField(help_text="Why it failed.")


class CampaignsView(ApiView):
    @extend_schema(operation_id="campaigns_list", parameters=[AskedSerializer], responses=FoundSerializer)
    def get(self, request: Request) -> Response:
        """The newest twenty, as Salesforce has them now (one API call); 409 when it can't be asked."""
        asked = AskedSerializer(data=request.query_params.dict())
        if unknown := set(request.query_params) - {*asked.fields, api_settings.URL_FORMAT_OVERRIDE}:
            raise ValidationError({name: ["There is no such filter."] for name in sorted(unknown)})
        asked.is_valid(raise_exception=True)
        words, with_inactive = asked.validated_data["q"], asked.validated_data["with_inactive"]
        try:
            found, has_more = campaigns.search(cast(User, request.user), words, with_inactive=with_inactive)
        except campaigns.NoAnswer as failure:
            raise Conflict(str(failure)) from failure
        return Response(FoundSerializer({"results": found, "has_more": has_more}).data)


class CampaignView(ApiView):
    @extend_schema(operation_id="campaigns_retrieve", responses=ChosenSerializer)
    def get(self, request: Request, crm_id: str) -> Response:
        """A campaign with what people can be in it (one API call)."""
        return Response(ChosenSerializer(_chosen(request, crm_id)).data)


class AddToCampaignView(ApiView):
    @extend_schema(
        operation_id="campaigns_add",
        request=AddSerializer,
        responses={202: AddedSerializer},
        parameters=[idempotency.PARAMETER],
    )
    def post(self, request: Request, crm_id: str) -> Response:
        """Add up to 1,000 contacts, all or none of those named. Who is not in Salesforce is pushed first.

        Workers do it; who is in the campaign already stays as they are.
        """
        given = AddSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        ids = given.validated_data["ids"]
        _refuse_unseen(ids)
        campaign = _chosen(request, crm_id)
        label = given.validated_data.get("status") or campaign.default_status
        if label not in campaign.labels:
            known = ", ".join(f"“{one}”" for one in campaign.labels)
            raise ValidationError({"status": [f"“{campaign}” has no status “{label}”. There are: {known}."]})

        def add() -> Response:
            job = _start(campaign, label, ids, cast(User, request.user))
            return Response(AddedSerializer(job).data, status.HTTP_202_ACCEPTED)

        return idempotency.once(request, add)


def _chosen(request: Request, crm_id: str) -> Campaign:
    if not CAMPAIGN_ID.fullmatch(crm_id):
        raise NotFound
    try:
        return campaigns.choose(cast(User, request.user), crm_id)
    except campaigns.NoCampaign as failure:
        raise NotFound(str(failure)) from failure
    except campaigns.NoAnswer as failure:
        raise Conflict(str(failure)) from failure


def _refuse_unseen(ids: list[int]) -> None:
    seen = seen_of(model_of(RecordKind.CONTACT), acting_user()).filter(pk__in=any_of(ids, "bigint"))
    if missing := sorted(set(ids) - set(seen.values_list("pk", flat=True))):
        raise ValidationError({"ids": [f"There is none with the id {', '.join(map(str, missing[:NAMED]))}."]})


def _start(campaign: Campaign, label: str, ids: list[int], user: User) -> Job:
    """Put them down, as the action of lists does."""
    action = actions.action_for("campaign", RecordKind.CONTACT, user)
    table = table_of(RecordKind.CONTACT)
    if action is None or table is None:
        raise Conflict("Salesforce was never connected.")
    data = QueryDict(mutable=True)
    data.update({"campaign": campaign.remote_id, "status": label})
    job = actions.start(action, Selection(table, ids=tuple(sorted(set(ids)))), user=user, data=data)
    jobs.run(job.pk, AT_ONCE)
    job.refresh_from_db()
    return job


class CampaignMemberSerializer(serializers.ModelSerializer):
    campaign = serializers.CharField(source="campaign.remote_id", help_text="Its id in Salesforce.")
    contact = serializers.IntegerField(source="record_id")
    crm_id = serializers.CharField(source="remote_id", help_text="Of the campaign member in Salesforce.")

    class Meta:
        model = CampaignMember
        fields = [
            "id", "campaign", "contact", "status", "state", "code", "message", "crm_id", "job", "actor", "asked_at",
            "settled_at",
        ]  # fmt: skip
        read_only_fields = fields


class CampaignMemberFilter(django_filters.FilterSet):
    campaign = CrmIdFilter("campaign__remote_id")
    contact = IdFilter("record_id")
    job = IdFilter("job_id")
    state = django_filters.ChoiceFilter(choices=CampaignMember.State.choices)

    class Meta:
        model = CampaignMember
        fields: list[str] = []


class CampaignMemberView(ListView):
    """Contacts that somebody added to campaigns by Tandem, once for each time, and what became of it."""

    queryset = CampaignMember.objects.select_related("campaign")
    serializer_class = CampaignMemberSerializer
    filterset_class = CampaignMemberFilter
    orders = {"-id": ("-id",)}

    def get_queryset(self) -> QuerySet[Any]:
        seen = seen_of(model_of(RecordKind.CONTACT), acting_user())
        return super().get_queryset().filter(record_id__in=seen.values("pk"))
