"""Sequences in the REST API: their steps, who is in them, and what may be done about it."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import django_filters
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from activities.lists.api import IdsSerializer
from activities.models import Enrolment, Sequence, SequenceStep
from activities.sequences import editing, enrolling
from common.acting import acting_user
from common.api.errors import Conflict
from common.api.fields import OwnerField
from common.api.filters import ReferenceFilter, TimesFilter
from common.api.serializers import StrictSerializer
from common.api.views import ApiView, ListView, WriteView, both_ways
from common.filters import SeenFilter
from common.paging import Order
from contacts.models import Contact


class StepSerializer(StrictSerializer):
    """One step. Its place is where it stands among the steps."""

    create_only = ()

    class Meta:
        model = SequenceStep
        fields = ["id", "kind", "wait", "unit", "subject", "body", "waits_for_task"]
        validators: list[Any] = []


class SequenceSerializer(StrictSerializer):
    """Steps that people are taken through. ``steps`` are written when it is made; later each by itself."""

    create_only = ("steps",)

    owner = OwnerField()
    steps = StepSerializer(many=True, required=False)

    class Meta:
        model = Sequence
        fields = ["id", "name", "description", "is_on", "hours", "steps", "owner", "created_at", "updated_at"]
        validators: list[Any] = []


@transaction.atomic
def make(*, steps: list[dict[str, Any]] | None = None, is_on: bool = False, **values: Any) -> Sequence:
    """A sequence with its steps, turned on once it has them."""
    sequence = editing.create_sequence(**values)
    for step in steps or []:
        editing.add_step(sequence.pk, **step)
    return editing.update_sequence(sequence.pk, {"is_on": True}) if is_on else sequence


class SequenceFilter(TimesFilter):
    q = django_filters.CharFilter("name", "icontains", label="Search")
    is_on = django_filters.BooleanFilter()
    owner = ReferenceFilter(word="email", help_text="Id or e-mail address.")

    class Meta:
        model = Sequence
        fields: list[str] = []


class SequenceView(WriteView):
    """Sequences of e-mails, calls and tasks, which the team shares."""

    queryset = Sequence.objects.prefetch_related("steps")
    serializer_class = SequenceSerializer
    filterset_class = SequenceFilter
    orders = both_ways(created_at="created_at", updated_at="updated_at", name="sort_name")
    new_values: ClassVar[dict[str, Any]] = {}
    create_row = staticmethod(make)
    update_row = staticmethod(editing.update_sequence)
    delete_row = staticmethod(editing.delete_sequence)


class StepsView(ApiView):
    @extend_schema(request=StepSerializer, responses={201: StepSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Add a step as the last one. Who has finished already does not get it."""
        get_object_or_404(Sequence, pk=pk)
        given = StepSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(StepSerializer(editing.add_step(pk, **given.validated_data)).data, 201)


class StepView(ApiView):
    @extend_schema(request=StepSerializer, responses=StepSerializer)
    def patch(self, request: Request, pk: int, step: int) -> Response:
        """Texts count from now on, a wait for whoever comes to the step from now on."""
        present = get_object_or_404(SequenceStep, pk=step, sequence=pk)
        given = StepSerializer(present, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        if given.validated_data.get("kind", present.kind) != present.kind:
            raise ValidationError({"kind": "A step does not change its kind: add another one."})
        return Response(StepSerializer(editing.update_step(step, given.validated_data)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int, step: int) -> Response:
        """Whoever waits for it waits for the one after it."""
        editing.delete_step(get_object_or_404(SequenceStep, pk=step, sequence=pk).pk)
        return Response(status=204)


class EnrolRequestSerializer(IdsSerializer):
    again = serializers.BooleanField(default=False, help_text="Also those who have been through it.")


class RefusedSerializer(serializers.Serializer):
    contact = serializers.IntegerField()
    reason = serializers.CharField()


class EnrolledSerializer(serializers.Serializer):
    enrolled = serializers.IntegerField()
    refused = RefusedSerializer(many=True)


class EnrolView(ApiView):
    @extend_schema(request=EnrolRequestSerializer, responses=EnrolledSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Take up to 1,000 contacts in, in one's own name; who must not be taken is named with the reason."""
        sequence = get_object_or_404(Sequence, pk=pk)
        given = EnrolRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user: Any = request.user
        result = enrolling.enrol(sequence, user=user, **given.validated_data)
        refused = [{"contact": contact.pk, "reason": f"{contact} {reason}."} for contact, reason in result.refused]
        return Response(EnrolledSerializer({"enrolled": result.count, "refused": refused}).data)


class EnrolmentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Enrolment
        fields = [
            "id", "sequence", "contact", "owner", "state", "reason", "detail", "next_step", "due_at", "ended_at",
            "created_at", "updated_at",
        ]  # fmt: skip


class EnrolmentFilter(TimesFilter):
    sequence = django_filters.ModelChoiceFilter(queryset=Sequence.objects.all())
    contact = SeenFilter(Contact)
    state = django_filters.ChoiceFilter(choices=Enrolment.State.choices)
    reason = django_filters.ChoiceFilter(choices=Enrolment.Reason.choices)

    class Meta:
        model = Enrolment
        fields: list[str] = []


class EnrolmentView(ListView):
    """Who is in which sequence, at which step."""

    queryset = Enrolment.objects.all()
    serializer_class = EnrolmentSerializer
    filterset_class = EnrolmentFilter
    orders: ClassVar[Mapping[str, Order]] = {"-created_at": ("-id",), "created_at": ("id",)}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().visible_to(acting_user())  # type: ignore[attr-defined]

    @extend_schema(request=None, responses=EnrolmentSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: int) -> Response:
        """Carry nothing out until it is resumed."""
        return self._done(enrolling.pause)

    @extend_schema(request=None, responses=EnrolmentSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: int) -> Response:
        """Go on with the next step; an e-mail that may have gone is sent again."""
        return self._done(enrolling.resume)

    @extend_schema(request=None, responses=EnrolmentSerializer)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: int) -> Response:
        """Leave the next step out."""
        return self._done(enrolling.skip)

    @extend_schema(request=None, responses=EnrolmentSerializer)
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: int) -> Response:
        """Take the contact out."""
        return self._done(enrolling.finish)

    @extend_schema(request=None, responses=EnrolmentSerializer)
    @action(detail=True, methods=["post"])
    def replied(self, request: Request, pk: int) -> Response:
        """Take the contact out because it replied."""
        return self._done(lambda pk: enrolling.finish(pk, Enrolment.Reason.REPLIED))

    def _done(self, deed: Callable[[int], bool]) -> Response:
        enrolment = self.get_object()
        if not deed(enrolment.pk):
            raise Conflict(f"It is {enrolment.get_state_display().lower()}: that can't be done with it now.")
        return Response(self.get_serializer(self.get_object()).data)
