import django_filters

from accounts.models import Account, Stage
from common.filters import ModelChoiceFilter, RecordFilter
from common.paging import Order

ORDERS: dict[str, Order] = {
    "name": ("sort_name", "id"),
    "newest": ("-created_at", "-id"),
    "changed": ("-updated_at", "-id"),
}


class AccountFilter(RecordFilter):
    stage = ModelChoiceFilter(queryset=Stage.objects.all(), empty_label="Any stage")
    domain = django_filters.CharFilter(lookup_expr="iexact")

    class Meta:
        model = Account
        fields = ["q", "owner", "stage", "synced", "domain"]
