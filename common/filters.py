"""Filters that lists of every kind of record share, on pages and in the REST API."""

from collections.abc import Callable, Collection, Iterator
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django_filters import fields

from common import custom, search
from common.acting import acting_user
from common.bulk import any_of, is_any_of
from common.lines import custom_name
from common.models import CustomField, Origin, Record, RecordKind
from common.paging import Count, all_of, count_of
from common.visibility import count_seen, seen_of
from common.widgets import DateInput

YES_NO = [("yes", "Yes"), ("no", "No")]
Type = CustomField.Type
EMPTY = (None, "")


class YesNoFilter(django_filters.ChoiceFilter):
    """``yes`` and ``no``; ``true`` and ``false`` are understood too. ``when``: what "yes" means, or what tells it."""

    MEANS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

    def __init__(self, *, when: Q | Callable[[], Q], **kwargs: Any) -> None:
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
        when = self.when if isinstance(self.when, Q) else self.when()
        return qs.filter(when if self.MEANS[value] else ~when)


class _Choices(fields.ModelChoiceIterator):
    """Read in one question: the server's cursor that Django reads them by takes three, and every list has several."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        yield from map(self.choice, self.queryset.all())


class _ChoiceField(fields.ModelChoiceField):
    iterator = _Choices


class ModelChoiceFilter(django_filters.ModelChoiceFilter):
    """By one of a few rows."""

    field_class = _ChoiceField


def people(request: Any) -> QuerySet[Any]:
    """The team, as choices say it."""
    return get_user_model()._default_manager.only("name", "email")


class SeenFilter(ModelChoiceFilter):
    """By a record of another kind, one that the acting user sees."""

    def __init__(self, model: type[Record], **kwargs: Any) -> None:
        super().__init__(queryset=lambda request: seen_of(model, acting_user()), **kwargs)


class RecordFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="keep_all", label="Search")
    owner: Any = ModelChoiceFilter(queryset=people, label="Owner", empty_label="Any owner")
    synced = YesNoFilter(when=~Q(crm_id=""), label="Synced", empty_label="Synced?")

    def keep_all(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        return queryset

    def filter_queryset(self, queryset: QuerySet) -> Any:
        """Words last: a page may ask for less than all that they find."""
        self.without_words: Any = super().filter_queryset(queryset)
        return self.without_words.matching(self.form.cleaned_data.get("q", ""))

    @property
    def is_active(self) -> bool:
        """Whether anything is filtered out."""
        return any(self.data.get(name) for name in self.filters)

    @property
    def is_one_asked(self) -> bool:
        return sum(bool(self.data.get(name)) for name in self.filters) == 1

    @cached_property
    def shown(self) -> Any:
        """What a page shows: of very many that words find, the best."""
        if self._found is None:
            return self.qs
        return self.queryset.filter(pk__in=any_of(self._found[: search.FOUND], "bigint"))

    def count(self, user: Any) -> Count:
        """How many of them the user, who sees them all, is told of."""
        return count_seen(self.qs, user) if self._found is None else Count(min(len(self._found), search.FOUND))

    @property
    def is_cut(self) -> bool:
        return self._found is not None and len(self._found) > search.FOUND

    @cached_property
    def _found(self) -> list[int] | None:
        self.qs  # noqa: B018 - looks at the form
        words = self.form.cleaned_data.get("q", "")
        return self.best_found(words) if search.matching(words) else None

    def best_found(self, words: str) -> list[int]:
        return search.best_found(self.without_words, words)


Offer = Callable[[str], django_filters.Filter]
_offers: dict[str, tuple[Collection[str], Offer]] = {}


def offer(name: str, kinds: Collection[str]) -> Callable[[Offer], Offer]:
    """Register a filter of another app for the pages of these kinds: what makes it, given the kind."""

    def register(factory: Offer) -> Offer:
        _offers[name] = (kinds, factory)
        return factory

    return register


class PageFilter(RecordFilter):
    """What filters a list page, beside the filters of its kind: ``first`` stand beside the search, the rest unfolds."""

    first: tuple[str, ...] = ("owner", "stage", "synced")
    apart: tuple[str, ...] = ("q", "account")  # which have places of their own: nobody chooses from all accounts
    kind: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (kinds, factory) in _offers.items():
            if self.kind in kinds:
                self._add(name, factory(self.kind))

    def _add(self, name: str, one: django_filters.Filter) -> None:
        one.parent, one.model, one.field_name = self, self._meta.model, one.field_name or name
        self.filters[name] = one

    @property
    def is_too_short(self) -> bool:
        """Whether something is typed that is not searched for."""
        return search.is_too_short(self.data.get("q", ""))

    @property
    def about(self) -> list[tuple[str, Record]]:
        """The records whose rows are asked for, by the filter's name."""
        chosen = [(name, self.form.cleaned_data.get(name)) for name in self.apart if self.errors is not None]
        return [(name, record) for name, record in chosen if isinstance(record, Record)]

    @property
    def first_fields(self) -> list[forms.BoundField]:
        return [self.form[name] for name in self.first if name in self.form.fields]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self.form[name] for name in self.form.fields if name not in (*self.apart, *self.first)]

    @property
    def more_active(self) -> int:
        """How many of the filters that are folded away filter."""
        return sum(bool(self.data.get(field.name)) for field in self.more_fields)


class RecordPageFilter(PageFilter):
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label="Origin", empty_label="Any origin")
    hidden = django_filters.ChoiceFilter(
        choices=[("yes", "Hidden by the pull settings")], label="Hidden", empty_label="Listed", method="keep_all"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.not_filtered: list[str] = []  # custom fields that no index finds
        for definition in custom.definitions(RecordKind(self.kind)):
            if one := _custom_filter(definition):
                self._add(custom_name(definition), one)
            else:
                self.not_filtered.append(definition.label)

    def filter_queryset(self, queryset: QuerySet) -> Any:
        """Records that only count for de-duplication are listed when they are asked for."""
        return super().filter_queryset(queryset.filter(is_hidden=self.form.cleaned_data.get("hidden") == "yes"))

    @cached_property
    def shown(self) -> Any:
        if not self._asks_for_value or isinstance(self._of_value, Count):
            return super().shown
        return self.queryset.filter(is_any_of("pk", self._of_value, "bigint"))

    def count(self, user: Any) -> Count:
        if not self._asks_for_value:
            return super().count(user)
        return count_of(self._of_value)

    @cached_property
    def _asks_for_value(self) -> bool:
        self.qs  # noqa: B018 - looks at the form
        asked = (name for name, one in self.filters.items() if isinstance(one, _CustomFilter))
        return self._found is None and any(self.form.cleaned_data.get(name) not in EMPTY for name in asked)

    @cached_property
    def _of_value(self) -> list[int] | Count:
        """The ids of what values of custom fields find; of more than are counted about how many there are.

        No index has values in the order of the list. So the rows are read once, to be counted and put in order; of
        very many the order's index is walked.
        """
        return all_of(self.qs, by_one=self.is_one_asked)


class _CustomFilter(django_filters.Filter):
    """By the value of a custom field, which the index of the column finds: equal, or one of several."""

    def __init__(self, definition: CustomField, field: forms.Field) -> None:
        super().__init__(label=definition.label)
        self.definition, self._field = definition, field

    def filter(self, qs: QuerySet, value: Any) -> QuerySet:
        if value in EMPTY:
            return qs
        stored = custom.as_json(value)
        wanted = [stored] if self.definition.type == Type.MULTI_PICKLIST else stored
        return qs.filter(custom__contains={self.definition.key: wanted})


def _custom_filter(definition: CustomField) -> _CustomFilter | None:
    """None for what nobody would type whole: a long text, a moment; values are found by being equal."""
    common: dict[str, Any] = {"label": definition.label, "required": False}
    match definition.type:
        case Type.LONG_TEXT | Type.DATETIME:
            return None
        case Type.PICKLIST | Type.MULTI_PICKLIST:
            choices = [("", "Any"), *((choice, choice) for choice in definition.choices)]
            return _CustomFilter(definition, forms.ChoiceField(choices=choices, **common))
        case Type.BOOLEAN:
            field = forms.TypedChoiceField(
                choices=[("", "Any"), *YES_NO], coerce=lambda word: word == "yes", empty_value=None, **common
            )
            return _CustomFilter(definition, field)
        case Type.NUMBER:
            return _CustomFilter(definition, forms.DecimalField(**common))
        case Type.DATE:
            return _CustomFilter(definition, forms.DateField(widget=DateInput, **common))
    return _CustomFilter(definition, forms.CharField(**common))
