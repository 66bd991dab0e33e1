"""Filters of the REST API's lists, beyond those that pages have too."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django_filters.fields import IsoDateTimeField
from rest_framework.exceptions import ValidationError

from common import search
from common.bulk import any_of
from common.models import Origin

LONGEST_ID = 19  # digits


class ReferenceFilter(django_filters.CharFilter):
    """By id, or by what people call it. What there is none of is refused, not answered with an empty list."""

    def __init__(self, *, word: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.word = word

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        if not value:
            return qs
        rows = qs.model._meta.get_field(self.field_name).related_model._default_manager
        found = self._found(rows, value)
        if not found:
            raise ValidationError({self.field_name: [f"There is none with the id or name “{value}”."]})
        return qs.filter(**{f"{self.field_name}__in": found})

    def _found(self, rows: Any, value: str) -> list[int]:
        if value.isdecimal():
            wanted = Q(pk=value) if len(value) <= LONGEST_ID else Q(pk__in=[])
        else:
            wanted = Q(**{f"{self.word}__iexact": value})
        return list(rows.filter(wanted).values_list("pk", flat=True))


class CrmIdFilter(django_filters.CharFilter):
    """A CRM's id. An app that knows the CRM may say how its ids are written: ``CrmIdFilter.spell = …``."""

    spell: Callable[[str], str] = staticmethod(str.strip)

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        return super().filter(qs, self.spell(value) if value else value)


class MomentField(IsoDateTimeField):
    """In UTC: PostgreSQL does not take every zone that ISO 8601 can write."""

    def to_python(self, value: Any) -> datetime | None:
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = MomentField


class IdFilter(django_filters.NumberFilter):
    field_class = forms.IntegerField


class TimesFilter(django_filters.FilterSet):
    created_after = MomentFilter("created_at", "gte", help_text="Made at this moment or later.")
    updated_after = MomentFilter("updated_at", "gte", help_text="Changed at this moment or later.")


class WordsFilter(django_filters.FilterSet):
    """Stands before the filters of the pages among a class's bases, and so replaces ``q``."""

    q = django_filters.CharFilter(
        method="keep_all",
        help_text=f"Words, each of which begins a word of the record. Of more than {search.FOUND:,} records that "
        f"match, {search.FOUND:,} are listed: first those whose names begin so. "
        "Fewer than two letters find everything.",
    )

    without_words: Any

    def filter_queryset(self, queryset: QuerySet) -> Any:
        """As pages do: finding all that a frequent word finds takes long."""
        found, words = super().filter_queryset(queryset), self.form.cleaned_data.get("q", "")
        if not search.matching(words):
            return found
        return queryset.filter(pk__in=any_of(search.best_found(self.without_words, words)[: search.FOUND], "bigint"))


class RecordApiFilter(WordsFilter, TimesFilter):
    """Stands before an app's own filters among a class's bases, and so replaces ``owner`` and ``stage``, too."""

    owner = ReferenceFilter(word="email", help_text="Id or e-mail address.")
    stage = ReferenceFilter(word="name", help_text="Id or name.")
    origin = django_filters.ChoiceFilter(choices=Origin.choices)
    crm_id = CrmIdFilter(help_text="15 or 18 characters.")
