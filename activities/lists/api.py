"""Lists in the REST API: what there are, and what is on them."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account
from activities.lists import services
from activities.models import ListMember, RecordList
from common.acting import acting_user
from common.api.fields import OwnerField
from common.api.filters import ReferenceFilter, TimesFilter
from common.api.owning import LARGEST_ID, MOST
from common.api.serializers import StrictSerializer
from common.api.views import ApiView, ListView, WriteView, both_ways
from common.filters import SeenFilter
from common.models import RecordKind
from common.paging import Order
from contacts.models import Contact
from deals.models import Deal


class ListSerializer(StrictSerializer):
    """Records of one kind that people put together by hand."""

    create_only = ("record_kind",)

    owner = OwnerField()

    class Meta:
        model = RecordList
        fields = ["id", "name", "record_kind", "description", "owner", "created_at", "updated_at"]
        validators: list[Any] = []


class ListFilter(TimesFilter):
    q = django_filters.CharFilter("name", "icontains", label="Search")
    record_kind = django_filters.ChoiceFilter(choices=RecordKind.choices)
    owner = ReferenceFilter(word="email", help_text="Id or e-mail address.")
    contact = SeenFilter(Contact, field_name="members__contact", help_text="Lists that this contact is on.")
    account = SeenFilter(Account, field_name="members__account", help_text="Lists that this account is on.")
    deal = SeenFilter(Deal, field_name="members__deal", help_text="Lists that this deal is on.")

    class Meta:
        model = RecordList
        fields: list[str] = []


class ListsView(WriteView):
    """Static lists of contacts, accounts or deals, which the team shares."""

    queryset = RecordList.objects.all()
    serializer_class = ListSerializer
    open_to_extensions = frozenset({"list", "retrieve", "create"})
    filterset_class = ListFilter
    orders = both_ways(created_at="created_at", updated_at="updated_at", name="sort_name")
    new_values: ClassVar[dict[str, Any]] = {}
    create_row = staticmethod(services.create_list)
    update_row = staticmethod(services.update_list)
    delete_row = staticmethod(services.delete_list)


class MemberSerializer(serializers.ModelSerializer):
    id = serializers.IntegerField(source="record_id", help_text="Of the contact, account or deal.")

    class Meta:
        model = ListMember
        fields = ["id", "added_at"]


class MemberFilter(django_filters.FilterSet):
    class Meta:
        model = ListMember
        fields: list[str] = []


class MembersView(ListView):
    """The records on a list that the user sees, in the order in which they were added."""

    queryset = ListMember.objects.all()
    serializer_class = MemberSerializer
    open_to_extensions = frozenset({"list"})
    filterset_class = MemberFilter
    orders: ClassVar[Mapping[str, Order]] = {"added_at": ("id",)}

    def get_queryset(self) -> QuerySet[Any]:
        present = get_object_or_404(RecordList, pk=self.kwargs["pk"])
        return present.members.visible_to(acting_user())


class IdsSerializer(serializers.Serializer):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), allow_empty=False, max_length=MOST
    )


class ChangedSerializer(serializers.Serializer):
    changed = serializers.IntegerField(help_text="Records for which this made a difference.")


class ChangeMembersView(ApiView):
    change: Callable[..., int]

    @extend_schema(request=IdsSerializer, responses=ChangedSerializer)
    def post(self, request: Request, pk: int) -> Response:
        given = IdsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        present = get_object_or_404(RecordList, pk=pk)
        changed = self.change(present, given.validated_data["ids"], user=acting_user())
        return Response(ChangedSerializer({"changed": changed}).data)


class AddMembersView(ChangeMembersView):
    """Put up to 1,000 records on a list: all of them, or none."""

    open_to_extensions = frozenset({"post"})
    change = staticmethod(services.add_to_list)


class RemoveMembersView(ChangeMembersView):
    """Take up to 1,000 records off a list."""

    change = staticmethod(services.remove_from_list)
