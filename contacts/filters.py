import django_filters
from django.db.models import Q, QuerySet

from accounts.models import Account
from common.filters import ModelChoiceFilter, RecordFilter, SeenFilter, YesNoFilter
from common.paging import Order
from contacts.models import Contact, Stage

ORDERS: dict[str, Order] = {
    "name": ("sort_name", "id"),
    "newest": ("-created_at", "-id"),
    "changed": ("-updated_at", "-id"),
}


class ContactFilter(RecordFilter):
    stage = ModelChoiceFilter(queryset=Stage.objects.all(), empty_label="Any stage")
    account = SeenFilter(Account)
    email = django_filters.CharFilter(method="filter_email")
    has_email = YesNoFilter(when=~Q(email=""), label="Has e-mail", empty_label="Any")

    class Meta:
        model = Contact
        fields = ["q", "owner", "stage", "synced", "account", "email", "has_email"]

    def filter_email(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.having_email([value.strip().lower()])  # type: ignore[attr-defined]
