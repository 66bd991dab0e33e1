"""The sync in the REST API: a record's state, pushing it now, the error log and the runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import cast

import django_filters
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from common.acting import acting_user
from common.api import extras
from common.api.errors import Conflict
from common.api.filters import CrmIdFilter, IdFilter
from common.api.views import ApiView, IsAdmin, ListView
from common.models import Record, RecordKind
from common.visibility import seen_of
from integrations import causes, deletions, mending, services
from integrations.explanations import explain
from integrations.models import ErrorEntry, HeldDeletions, Outbox, Run
from integrations.ownership import push_preview
from integrations.salesforce.ids import to_18
from integrations.services import State, SyncState
from integrations.sync.records import model_of
from users.models import User

PATIENCE = 5.0  # seconds that a request waits for the outcome of its push
PAUSE = 0.1
HOPELESS = "Nothing was changed since the last attempt: it will be refused again."

CrmIdFilter.spell = staticmethod(to_18)


class SyncSerializer(serializers.Serializer):
    state = serializers.ChoiceField(choices=State.choices)
    reason = serializers.CharField()


@extras.fill("sync", SyncSerializer)
def sync_of(records: Sequence[Record]) -> list[SyncState]:
    states = services.sync_states(records)
    return [states[record.pk] for record in records]


class ExplanationSerializer(serializers.Serializer):
    cause = serializers.CharField()
    fix = serializers.CharField()
    where = serializers.CharField()


class ErrorSerializer(serializers.ModelSerializer):
    object = serializers.CharField(source="remote_object")
    crm_id = serializers.CharField(source="remote_id")
    login = serializers.CharField(source="credential", allow_null=True, help_text="Whose login the push was made with.")
    explanation = serializers.SerializerMethodField()

    class Meta:
        model = ErrorEntry
        fields = [
            "id", "object", "operation", "record_kind", "record_id", "record_name", "crm_id", "by", "code", "message",
            "fields", "details", "payload", "explanation", "login", "actor", "attempts", "first_at", "last_at",
            "closed_at", "closed_reason",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(ExplanationSerializer)
    def get_explanation(self, entry: ErrorEntry) -> dict[str, str]:
        return ExplanationSerializer(explain(entry.code)).data


class OutcomeSerializer(serializers.Serializer):
    sync = SyncSerializer()
    crm_id = serializers.CharField()
    error = ErrorSerializer(allow_null=True)


class PushPreviewSerializer(serializers.Serializer):
    operation = serializers.CharField()
    object = serializers.CharField(source="remote_object")
    login = serializers.CharField(allow_null=True)
    reason = serializers.CharField(help_text="Why this login.")
    created_by = serializers.CharField(help_text="Empty for a record that is in Salesforce already.")
    owner = serializers.CharField(help_text="In Salesforce; also who is nobody here.")
    lacking = serializers.ListField(
        child=serializers.CharField(), help_text="What the login may not do of it: fields that would stay behind."
    )
    problems = serializers.ListField(
        child=serializers.CharField(), help_text="Why it would be refused as it is: no close date, an unknown stage."
    )


class RetrySerializer(OutcomeSerializer):
    warning = serializers.CharField(help_text="Why it is likely to be refused again; empty: something was changed.")


@dataclass(frozen=True)
class Outcome:
    """How a record stands after its push, or while it still waits."""

    sync: SyncState
    crm_id: str
    error: ErrorEntry | None
    warning: str = ""


def outcome_of(record: Record, kind: str, sleeper: Callable[[float], None], warning: str = "") -> Outcome:
    """Waits while a worker may be about to push the record; not while it is put off."""
    until = monotonic() + PATIENCE
    while Outbox.objects.of(kind, [record.pk]).due().exists() and monotonic() < until:
        sleeper(PAUSE)
    record.refresh_from_db(fields=["crm_id"])
    error = ErrorEntry.objects.open().of(kind, [record.pk]).select_related("credential").first()
    return Outcome(services.sync_states([record])[record.pk], record.crm_id, error, warning)


def _record_or_404(kind: str, pk: int) -> Record:
    """A record that the acting user may see."""
    return get_object_or_404(seen_of(model_of(kind), acting_user()), pk=pk)


class PushView(ApiView):
    """Push one record now, whatever the filters say. Every user may, as on the record's page."""

    kind: str = ""
    sleeper: Callable[[float], None] = staticmethod(sleep)

    @extend_schema(responses={200: PushPreviewSerializer})
    def get(self, request: Request, pk: int) -> Response:
        """Whose login a push would use, and why; for a new record who will be Created By and Owner in Salesforce."""
        record = _record_or_404(self.kind, pk)
        preview = push_preview(record, cast(User, request.user))
        if preview is None:
            raise Conflict("Salesforce was never connected.")
        return Response(PushPreviewSerializer(preview).data)

    @extend_schema(request=None, responses={202: OutcomeSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Answers the outcome if it is known within five seconds; 409 when pushing by hand is not possible now."""
        record = _record_or_404(self.kind, pk)
        try:
            services.push_now([record], cast(User, request.user))
        except services.Refused as refusal:
            raise Conflict(str(refusal)) from refusal
        outcome = outcome_of(record, self.kind, self.sleeper)
        return Response(OutcomeSerializer(outcome).data, status.HTTP_202_ACCEPTED)


class ErrorFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(
        choices=[("open", "Open"), ("closed", "Closed"), ("all", "All")],
        method="filter_state",
        help_text="Open ones, unless said otherwise.",
    )
    object = django_filters.CharFilter("remote_object")
    code = django_filters.CharFilter()
    record_kind = django_filters.ChoiceFilter(choices=RecordKind.choices)
    record_id = IdFilter()
    q = django_filters.CharFilter(method="filter_words", help_text="In the record's name or the message.")

    class Meta:
        model = ErrorEntry
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data["state"] else rows.filter(closed_at=None)

    def filter_state(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset if value == "all" else queryset.filter(closed_at__isnull=value == "open")

    def filter_words(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(Q(record_name__icontains=value) | Q(message__icontains=value))


class ErrorView(ListView):
    """The error log, for admins as on its page; everybody reads the error of a record in its ``sync`` and push."""

    permission_classes = [IsAuthenticated, IsAdmin]
    queryset = ErrorEntry.objects.select_related("credential", "connection")
    serializer_class = ErrorSerializer
    filterset_class = ErrorFilter
    orders = {"-last_at": ("-last_at", "-id")}
    sleeper: Callable[[float], None] = staticmethod(sleep)

    @extend_schema(request=None, responses={202: RetrySerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: int) -> Response:
        """Push the record again; the entry closes when that goes through."""
        entry = self.get_object()
        record = mending.record_of(entry)
        if entry.closed_at:
            raise Conflict(f"It is closed: {entry.closed_reason or 'the record was pushed since.'}")
        if entry.operation == Outbox.Operation.DELETE:
            services.retry([entry], cast(User, request.user))
            waiting = SyncState(State.WAITING, "It is about to be deleted.")
            answer = RetrySerializer(Outcome(waiting, entry.remote_id, entry))
            return Response(answer.data, status.HTTP_202_ACCEPTED)
        if record is None:
            raise Conflict("The record was deleted here.")
        if entry.record_kind == ErrorEntry.MEMBER:
            services.retry([entry], cast(User, request.user))
            waiting = SyncState(State.WAITING, "They are about to be added to the campaign again.")
            answer = RetrySerializer(Outcome(waiting, "", entry))
            return Response(answer.data, status.HTTP_202_ACCEPTED)
        warning = "" if causes.is_anything_changed(entry) else HOPELESS
        warning = mending.look_again([entry]) or warning
        services.retry([entry], cast(User, request.user))
        outcome = outcome_of(record, entry.record_kind, self.sleeper, warning)
        return Response(RetrySerializer(outcome).data, status.HTTP_202_ACCEPTED)


class RunSerializer(serializers.ModelSerializer):
    object = serializers.CharField(source="remote_object")
    login = serializers.CharField(source="credential", allow_null=True, help_text="Whose login was used.")
    looked_at = serializers.IntegerField(help_text="What became of them adds up to this.")

    class Meta:
        model = Run
        fields = [
            "id", "kind", "object", "state", "is_first", "started_by", "login", "started_at", "finished_at", "total",
            "looked_at", *Run.OUTCOMES, "conflicts", "enriched", "api_calls", "message",
        ]  # fmt: skip
        read_only_fields = fields


class RunFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=Run.Kind.choices)
    state = django_filters.ChoiceFilter(choices=Run.State.choices)
    object = django_filters.CharFilter("remote_object")

    class Meta:
        model = Run
        fields: list[str] = []


class RunView(ListView):
    """Every pull and push, for admins."""

    permission_classes = [IsAuthenticated, IsAdmin]
    queryset = Run.objects.select_related("credential")
    serializer_class = RunSerializer
    filterset_class = RunFilter
    orders = {"-id": ("-id",)}


class HeldSerializer(serializers.ModelSerializer):
    object = serializers.CharField(source="remote_object")

    class Meta:
        model = HeldDeletions
        fields = [
            "id", "object", "side", "count", "linked", "held_at", "decided_at", "decided_by", "is_confirmed",
        ]  # fmt: skip
        read_only_fields = fields


class HeldFilter(django_filters.FilterSet):
    is_open = django_filters.BooleanFilter("decided_at", lookup_expr="isnull")

    class Meta:
        model = HeldDeletions
        fields: list[str] = []


class DecidedSerializer(serializers.Serializer):
    count = serializers.IntegerField(help_text="Records that it was about.")


class HeldView(ListView):
    """Deletions that wait for an admin, because there were so many at once."""

    permission_classes = [IsAuthenticated, IsAdmin]
    queryset = HeldDeletions.objects.select_related("connection")
    serializer_class = HeldSerializer
    filterset_class = HeldFilter
    orders = {"-id": ("-id",)}

    @extend_schema(request=None, responses=DecidedSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: int) -> Response:
        """Let them through."""
        return self._decide(request, deletions.confirm)

    @extend_schema(request=None, responses=DecidedSerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: int) -> Response:
        """Let the records stay, on both sides."""
        return self._decide(request, deletions.refuse)

    def _decide(self, request: Request, decide: Callable[[HeldDeletions, User], int]) -> Response:
        try:
            count = decide(self.get_object(), cast(User, request.user))
        except services.Refused as refusal:
            raise Conflict(str(refusal)) from refusal
        return Response(DecidedSerializer({"count": count}).data)
