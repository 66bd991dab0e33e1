"""Filters that lists of every kind of record share, on pages and in the REST API."""

from typing import Any

import django_filters
from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from common.acting import acting_user
from common.models import Record
from common.visibility import seen_of

YES_NO = [("yes", "Yes"), ("no", "No")]


class YesNoFilter(django_filters.ChoiceFilter):
    """``yes`` and ``no``; ``true`` and ``false`` are understood too."""

    MEANS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

    def __init__(self, *, when: Q, **kwargs: Any) -> None:
        super().__init__(choices=[(word, word) for word in self.MEANS], **kwargs)
        self.when = when

    @property
    def field(self) -> forms.Field:
        field = super().field
        field.widget.choices = [("", self.extra.get("empty_label", "—")), *YES_NO]
        return field

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        if value not in self.MEANS:
            return qs
        return qs.filter(self.when if self.MEANS[value] else ~self.when)


class SeenFilter(django_filters.ModelChoiceFilter):
    """By a record of another kind, one that the acting user sees."""

    def __init__(self, model: type[Record], **kwargs: Any) -> None:
        super().__init__(queryset=lambda request: seen_of(model, acting_user()), **kwargs)


class RecordFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="filter_words", label="Search")
    owner = django_filters.ModelChoiceFilter(
        queryset=get_user_model()._default_manager.all(), label="Owner", empty_label="Any owner"
    )
    synced = YesNoFilter(when=~Q(crm_id=""), label="Synced", empty_label="Synced?")

    def filter_words(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.matching(value)  # type: ignore[attr-defined]

    @property
    def is_active(self) -> bool:
        """Whether anything is filtered out."""
        return any(self.data.get(name) for name in self.filters)
