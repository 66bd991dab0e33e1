from operator import attrgetter

import django_filters
from django import forms
from django.db.models import Q

from accounts.models import Account
from common.filters import RecordFilter, SeenFilter, YesNoFilter
from common.paging import Order
from deals.models import Deal, Stage

ORDERS: dict[str, Order] = {
    "newest": ("-created_at", "-id"),
    "name": ("sort_name", "id"),
    "close": ("sort_close_on", "id"),
    "changed": ("-updated_at", "-id"),
}


class StageFilter(django_filters.ModelChoiceFilter):
    @property
    def field(self) -> forms.Field:
        field = super().field
        field.label_from_instance = attrgetter("name_in_choices")
        return field


class DealFilter(RecordFilter):
    stage = StageFilter(queryset=Stage.objects.choosable(), empty_label="Any stage")
    open = YesNoFilter(when=Q(stage__is_closed=False), label="Open", empty_label="Open?")
    account = SeenFilter(Account)

    class Meta:
        model = Deal
        fields = ["q", "owner", "stage", "open", "synced", "account"]
