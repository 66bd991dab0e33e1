"""What a pulled record must meet to be shown: rows of a field, an operator and values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString

from common.widgets import DateInput, DateTimeInput, LongSelect, options
from integrations.models import PullCondition
from integrations.sync.conditions import OF_EMPTINESS, OPERATORS, Unfit, condition
from integrations.sync.records import Field, Type
from integrations.tuning import Asked

MOST = 20  # conditions of one object
LONGEST = 3  # digits of the name that a row has in its form
Operator = PullCondition.Operator
WORDS = {  # what an operator is called where it is asked of a time or a number
    Type.DATE: {Operator.OVER: "is after", Operator.UNDER: "is before"},
    Type.DATETIME: {Operator.OVER: "is after", Operator.UNDER: "is before"},
}
BY_TEXT = {Operator.CONTAINS, Operator.STARTS_WITH}
YES_NO = (("yes", "Yes"), ("no", "No"))


Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Askable:
    """A field that can be asked for; ``known`` tells its values, and is asked only for a field that was chosen."""

    field: Field
    known: Callable[[], Choices]

    @cached_property
    def choices(self) -> Choices:
        return self.known()


class ConditionForm(forms.Form):
    """One row. What was chosen as the field decides which operators there are, and how values are given."""

    def __init__(self, askable: Mapping[str, Askable], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.askable = askable
        # Not a ChoiceField: of a field that is mapped no more, ``clean`` says so.
        self.fields["field"] = forms.CharField(label="Field", widget=LongSelect(choices=self._chosen_field()))
        chosen = self.chosen
        words = WORDS.get(chosen.field.type, {}) if chosen else {}
        known = OPERATORS.get(chosen.field.type, set()) if chosen else set()
        operators = [(one.value, words.get(one, one.label)) for one in Operator if one in known]
        self.fields["operator"] = forms.ChoiceField(label="Is", choices=operators, required=False, widget=LongSelect)
        if chosen and self.operator not in OF_EMPTINESS:
            self.fields["values"] = self._values(chosen)
        for name in ("field", "operator"):
            self.fields[name].widget.attrs["data-condition"] = ""

    def as_draft(self) -> None:
        self._errors = ErrorDict()

    def _chosen_field(self) -> list[tuple[str, str]]:
        """The other ones are the same in every row: the page has them once, and the browser copies them."""
        name = str(self._said("field") or "")
        label = self.chosen.field.label if self.chosen else f"{name} (not mapped any more)"
        return [("", "Choose a field"), *([(name, label)] if name else [])]

    def _said(self, name: str) -> Any:
        return self.data.get(self.add_prefix(name)) if self.is_bound else self.initial.get(name)

    @property
    def chosen(self) -> Askable | None:
        return self.askable.get(str(self._said("field") or ""))

    @cached_property
    def operator(self) -> str:
        """The chosen operator, or the first of the field's, which the browser shows where none fits."""
        known = [one for one in Operator if self.chosen and one in OPERATORS.get(self.chosen.field.type, set())]
        said = str(self._said("operator") or "")
        return said if said in known else str(known[0]) if known else ""

    def _values(self, chosen: Askable) -> forms.Field:
        label = f"Values of {chosen.field.label}"
        match chosen.field.type:
            case Type.BOOLEAN:
                return forms.ChoiceField(label=label, required=False, choices=YES_NO)
            case Type.NUMBER:
                return forms.CharField(label=label, required=False, widget=forms.NumberInput(attrs={"step": "any"}))
            case Type.DATE:
                return forms.CharField(label=label, required=False, widget=DateInput())
            case Type.DATETIME:
                return forms.CharField(label=label, required=False, widget=DateTimeInput())
        if chosen.choices and self.operator not in BY_TEXT:
            return forms.MultipleChoiceField(
                label=label, required=False, choices=self._with_unknown(chosen), widget=forms.CheckboxSelectMultiple
            )
        attrs = {"rows": 1, "placeholder": "One value per line"}
        return forms.CharField(label=label, required=False, max_length=5_000, widget=forms.Textarea(attrs=attrs))

    def _with_unknown(self, chosen: Askable) -> list[tuple[str, str]]:
        """What was kept stays on offer, though nobody knows it any more."""
        said = self.initial.get("values", ())
        known = dict(chosen.choices)
        return [*chosen.choices, *((value, f"{value} (not known any more)") for value in said if value not in known)]

    @property
    def asked(self) -> Asked:
        """What was given, as the settings keep it. Call it after validation."""
        return Asked(self.cleaned_data.get("field", ""), self.operator, self._given())

    def _given(self) -> list[str]:
        given = self.cleaned_data.get("values") or []
        lines = given if isinstance(given, list) else str(given).splitlines()
        values = [line.strip() for line in lines if line.strip()]
        if self.chosen and self.chosen.field.type == Type.DATETIME:
            return [_with_zone(value) for value in values]
        return values

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        name = values.get("field", "")
        if name and name not in self.askable:
            self.add_error("field", "It is not mapped any more. Choose another field, or take the row out.")
        elif self.chosen and "values" not in self.errors:
            try:
                condition(self.chosen.field, self.operator, self._given())
            except Unfit as fault:
                self.add_error("values" if "values" in self.fields else "operator", str(fault))
        return values


def _with_zone(text: str) -> str:
    """A time as somebody here gives it, on the clock of their own zone."""
    found = parse_datetime(text)
    return timezone.make_aware(found).isoformat() if found and not found.tzinfo else text


class ConditionsForm(forms.Form):
    """All rows of one object; ``row`` names those that are there, in their order."""

    def __init__(
        self,
        askable: Mapping[str, Askable],
        present: Sequence[PullCondition],
        data: QueryDict | None = None,
        *,
        auto_id: str,
    ) -> None:
        super().__init__(data, auto_id=auto_id)
        self.askable = askable
        kept = {str(number): _initial(row, askable) for number, row in enumerate(present)}
        if data is None:
            self.rows = [self._row(name, initial=initial) for name, initial in kept.items()]
        else:
            names = [name for name in dict.fromkeys(data.getlist("row")) if name.isdecimal() and len(name) <= LONGEST]
            self.rows = [self._row(name, data, initial=kept.get(name)) for name in names[:MOST]]

    def _row(self, name: str, data: QueryDict | None = None, initial: Any = None) -> ConditionForm:
        return ConditionForm(self.askable, data, prefix=name, auto_id=self.auto_id, initial=initial)

    def as_draft(self) -> "ConditionsForm":
        """What is chosen and not saved yet: nothing of it is wrong before it is sent."""
        self._errors = ErrorDict()
        for row in self.rows:
            row.as_draft()
        return self

    def add(self) -> None:
        taken = [int(str(row.prefix)) for row in self.rows]
        if len(self.rows) < MOST:
            self.rows.append(self._row(str(max(taken, default=-1) + 1)))

    def remove(self, prefix: str) -> None:
        self.rows = [row for row in self.rows if row.prefix != prefix]

    @cached_property
    def options(self) -> SafeString:
        """The fields that a row can ask for."""
        return options([(name, one.field.label) for name, one in self.askable.items()])

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= MOST

    def clean(self) -> dict[str, Any]:
        if [row for row in self.rows if not row.is_valid()]:
            raise forms.ValidationError("Nothing was saved: a row needs another choice.")
        return super().clean() or {}

    def asked(self) -> list[Asked]:
        return [row.asked for row in self.rows]

    def asked_so_far(self) -> Iterator[Asked]:
        """The rows that are complete by now."""
        for row in self.rows:
            again = ConditionForm(self.askable, row.data, prefix=row.prefix) if row.is_bound else None
            if again and again.is_valid():
                yield again.asked


def _initial(row: PullCondition, askable: Mapping[str, Askable]) -> dict[str, Any]:
    """A kept condition as its row shows it."""
    known = askable.get(row.field)
    values: Any = [*row.values]
    if known and known.field.type == Type.DATETIME:
        found = parse_datetime(values[0]) if values else None
        values = timezone.localtime(found) if found else ""
    elif known and known.field.type in (Type.BOOLEAN, Type.NUMBER, Type.DATE):
        values = values[0] if values else ""
    elif not (known and known.choices) or row.operator in BY_TEXT:
        values = "\n".join(values)
    return {"field": row.field, "operator": row.operator, "values": values}
