"""What people and companies of the directory are searched by. Facets are told with counts (``facets.py``)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from common.bulk import any_of
from common.filters import PageFilter, YesNoFilter
from common.paging import Count, all_of, count_of
from common.search import matching_whole
from directory.models import Company, Prospect

SIZES = {
    "1-10": (1, 10),
    "11-50": (11, 50),
    "51-200": (51, 200),
    "201-1000": (201, 1_000),
    "1001-5000": (1_001, 5_000),
    "5001+": (5_001, None),
}


@contextmanager
def by_indexes() -> Iterator[None]:
    """Of rows that match some are looked for by indexes, however many PostgreSQL expects.

    It takes filters to have nothing to do with each other, and so would read the table from its beginning until it has
    enough: where hardly anybody meets them all, to its end.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield


class AnyField(forms.MultipleChoiceField):
    """Values as the directory has them: one that it has no more finds nothing."""

    widget = forms.MultipleHiddenInput

    def valid_value(self, value: Any) -> bool:
        return "\x00" not in value


class AnyOfFilter(django_filters.Filter):
    """One of several values; ``through``: the path to the column, where it is that of the company."""

    field_class = AnyField

    def filter(self, qs: QuerySet, value: Sequence[str]) -> QuerySet:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class SizeFilter(AnyOfFilter):
    def filter(self, qs: QuerySet, value: Sequence[str]) -> QuerySet:
        wanted = Q()
        for low, high in (SIZES[word] for word in value if word in SIZES):
            wanted |= Q(**{f"{self.field_name}__gte": low}) & (Q(**{f"{self.field_name}__lte": high}) if high else Q())
        return qs.filter(wanted) if value else qs


class EntryFilter(PageFilter):
    """``facets``: the filters that are told with counts, by name, and which column each is about."""

    owner = None  # nobody owns what is only in the directory
    synced = None  # type: ignore[assignment]
    first = ("known",)
    facets: dict[str, str] = {}

    @property
    def found(self) -> Any:
        return super().shown

    @cached_property
    def shown(self) -> Any:
        """If all were counted their ids are known: an index of names would be walked past all others to find them."""
        if self._found is not None or isinstance(self._counted, Count):
            return self.found
        return self.queryset.filter(pk__in=any_of(self._counted, "bigint"))

    def count(self, user: Any) -> Count:
        if self._found is not None:
            return super().count(user)
        return count_of(self._counted)

    @cached_property
    def _counted(self) -> list[int] | Count:
        with by_indexes():
            return all_of(self.qs, by_one=self.is_one_asked)

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [field for field in super().more_fields if field.name not in self.facets]

    @property
    def chosen_facets(self) -> list[tuple[str, str]]:
        """What is chosen, for the form to keep until the counts are there."""
        return [(name, value) for name in self.facets for value in self.form.cleaned_data.get(name) or []]

    @property
    def about(self) -> list[tuple[str, Any]]:
        company = self.form.cleaned_data.get("company") if self.errors is not None else None
        return [("company", company)] if company else []

    @property
    def facets_chosen(self) -> int:
        return len(self.chosen_facets)


class ProspectFilter(EntryFilter):
    kind = "prospect"
    apart = ("q", "company")
    facets = {
        "seniority": "seniority",
        "department": "department",
        "industry": "company__industry",
        "size": "company__employees",
        "country": "country",
        "email_status": "email_status",
    }

    known = YesNoFilter(when=Q(contact_id__isnull=False), label="In CRM", empty_label="In CRM?")
    title = django_filters.CharFilter(label="Title", method="filter_title")
    place = django_filters.CharFilter(field_name="city", lookup_expr="iexact", label="City")
    has_email = YesNoFilter(when=~Q(email=""), label="Has e-mail", empty_label="Any")
    company = django_filters.ModelChoiceFilter(queryset=Company.objects.all())
    seniority = AnyOfFilter(label="Seniority")
    department = AnyOfFilter(label="Department")
    industry = AnyOfFilter(field_name="company__industry", label="Industry")
    size = SizeFilter(field_name="company__employees", label="Employees")
    country = AnyOfFilter(label="Country")
    email_status = AnyOfFilter(label="E-mail")

    class Meta:
        model = Prospect
        fields: list[str] = []

    def filter_title(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """The index finds the words anywhere; those of the title are kept."""
        return queryset.filter(matching_whole(value), title__icontains=value)


class CompanyFilter(EntryFilter):
    kind = "company"
    apart = ("q",)
    facets = {"industry": "industry", "size": "employees", "country": "country"}

    known = YesNoFilter(when=Q(account_id__isnull=False), label="In CRM", empty_label="In CRM?")
    place = django_filters.CharFilter(field_name="city", lookup_expr="iexact", label="City")
    industry = AnyOfFilter(label="Industry")
    size = SizeFilter(field_name="employees", label="Employees")
    country = AnyOfFilter(label="Country")

    class Meta:
        model = Company
        fields: list[str] = []
