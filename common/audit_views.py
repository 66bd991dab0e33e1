"""Settings > Audit log."""

import django_filters
from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from common.access import admin_required
from common.filters import ModelChoiceFilter, people
from common.http import Request, wants_fragment
from common.models import AuditEntry, Retention
from common.paging import paged

NEWEST = {"": ("-at", "-id")}


class AuditFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=AuditEntry.Kind.choices, label="What", empty_label="Everything")
    user = ModelChoiceFilter(queryset=people, label="Who", empty_label="Everybody")
    since = django_filters.DateFilter(
        field_name="at", lookup_expr="date__gte", label="Since", widget=forms.DateInput(attrs={"type": "date"})
    )

    class Meta:
        model = AuditEntry
        fields: list[str] = []


@admin_required
def audit_log(request: Request) -> HttpResponse:
    filters = AuditFilter(request.GET, AuditEntry.objects.select_related("user"))
    context = {
        "filters": filters,
        "page": paged(filters.qs, request, NEWEST),
        "is_narrowed": any(request.GET.get(name) for name in filters.filters),
        "months": Retention.load().audit_months,
    }
    template = "common/_audit_rows.html" if wants_fragment(request) else "common/audit.html"
    return render(request, template, context)
