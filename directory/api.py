"""People and companies of the directory in the REST API: searched and read. Saving them is contacts' to offer."""

from typing import Any

import django_filters
from django.db.models import Q
from rest_framework import serializers

from common.api.filters import IdFilter, WordsFilter
from common.api.views import ListView
from common.filters import YesNoFilter
from common.paging import Order
from directory.filters import CompanyFilter, ProspectFilter
from directory.models import Company, Prospect

ORDERS: dict[str, Order] = {
    "name": ("sort_name", "id"),
    "-name": ("-sort_name", "-id"),
    "-id": ("-id",),
    "id": ("id",),
}
# Else the description promises an address there: REST framework drops this of fields that are only read.
MAY_BE_BLANK = {"allow_blank": True}


class EntrySerializer(serializers.ModelSerializer):
    in_crm = serializers.SerializerMethodField(help_text="Whether the CRM has it already.")

    def get_in_crm(self, entry: Any) -> bool:
        return bool(getattr(entry, type(entry).objects.all().in_crm))


class ProspectSerializer(EntrySerializer):
    """Somebody of the directory."""

    class Meta:
        model = Prospect
        fields = [
            "id", "source", "key", "first_name", "last_name", "title", "seniority", "department", "headline", "email",
            "email_status", "phone", "mobile_phone", "linkedin_url", "city", "state", "country", "time_zone",
            "company", "company_name", "in_crm", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields
        extra_kwargs = {"email": MAY_BE_BLANK, "linkedin_url": MAY_BE_BLANK}


class CompanySerializer(EntrySerializer):
    """A company of the directory."""

    class Meta:
        model = Company
        fields = [
            "id", "source", "key", "name", "domain", "industry", "employees", "annual_revenue", "founded_year",
            "phone", "linkedin_url", "street", "city", "state", "postal_code", "country", "description", "sic",
            "ticker", "in_crm", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields
        extra_kwargs = {"linkedin_url": MAY_BE_BLANK}


class ProspectApiFilter(WordsFilter, ProspectFilter):
    known = None  # type: ignore[assignment] # it is called in_crm
    in_crm = YesNoFilter(when=Q(contact_id__isnull=False))
    email = django_filters.CharFilter(method="filter_email", help_text="The whole address.")
    company = IdFilter()
    key = django_filters.CharFilter(help_text="What its source calls it.")
    source = django_filters.CharFilter()

    def filter_email(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.filter(email_key=value.lower()).exclude(email="")


class CompanyApiFilter(WordsFilter, CompanyFilter):
    known = None  # type: ignore[assignment] # it is called in_crm
    in_crm = YesNoFilter(when=Q(account_id__isnull=False))
    domain = django_filters.CharFilter(help_text="As it is registered: acme.example.")
    key = django_filters.CharFilter(help_text="What its source calls it.")
    source = django_filters.CharFilter()


class ProspectView(ListView):
    """People whom the team might talk to."""

    queryset = Prospect.objects.all()
    serializer_class = ProspectSerializer
    filterset_class = ProspectApiFilter
    orders = ORDERS


class CompanyView(ListView):
    """Companies of the directory."""

    queryset = Company.objects.all()
    serializer_class = CompanySerializer
    filterset_class = CompanyApiFilter
    orders = ORDERS
