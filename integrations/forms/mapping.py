"""Which field here is which field there."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from integrations.mappings import Choice, Fault, faults
from integrations.models import FieldMapping
from integrations.salesforce.defaults import fits
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import Field, Type


class MappingForm(forms.Form):
    """The mapping table of one remote object: three inputs a row, checked as a whole."""

    def __init__(
        self,
        fields: Mapping[str, Field],
        description: Description,
        present: Mapping[str, FieldMapping],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.local, self.description, self.present = fields, description, present
        self.faults: list[Fault] = []
        for field in fields.values():
            self._add_row(field)

    def _add_row(self, field: Field) -> None:
        row = self.present.get(field.name)
        winner = row.winner if row else FieldMapping.Winner.OBJECT
        # Not a ChoiceField: why a choice is none is said better by ``faults``.
        self.fields[f"{field.name}-remote"] = forms.CharField(
            label=f"Salesforce field of {field.label}",
            required=False,
            initial=row.remote_field if row else "",
            widget=forms.Select(choices=self._choices(field, row.remote_field if row else "")),
        )
        self.fields[f"{field.name}-direction"] = forms.ChoiceField(
            label=f"Direction of {field.label}",
            required=False,
            choices=FieldMapping.Direction.choices,
            initial=row.direction if row else FieldMapping.Direction.BOTH,
        )
        self.fields[f"{field.name}-winner"] = forms.ChoiceField(
            label=f"Who wins {field.label}", required=False, choices=_winners(field), initial=winner
        )

    def _choices(self, field: Field, chosen: str) -> list[Any]:
        """Compatible fields, the org's own apart from the standard ones; what is gone is shown as gone."""
        fitting = sorted((one for one in self.description.fields.values() if fits(field, one)), key=_by_label)
        groups = [
            (name, [(one.name, _described(one)) for one in fitting if one.is_custom is is_custom])
            for name, is_custom in (("Standard fields", False), ("Custom fields", True))
        ]
        gone = (
            [(chosen, f"{chosen} (not in Salesforce any more)")]
            if chosen not in {"", *(f.name for f in fitting)}
            else []
        )
        return [("", "Not mapped"), *gone, *((name, options) for name, options in groups if options)]

    def rows(self) -> Iterator[dict[str, Any]]:
        """What the template shows: our field, its three inputs and what is wrong with them."""
        for field in self.local.values():
            yield {
                "field": field,
                "remote": self[f"{field.name}-remote"],
                "direction": self[f"{field.name}-direction"],
                "winner": self[f"{field.name}-winner"],
                "faults": [fault for fault in self.faults if fault.field == field.name],
            }

    @property
    def mapped(self) -> int:
        return len(self.present)

    @property
    def table_faults(self) -> list[Fault]:
        return [fault for fault in self.faults if not fault.field]

    def choices(self) -> list[Choice]:
        values = self.cleaned_data
        return [
            Choice(
                name,
                values.get(f"{name}-remote", ""),
                values.get(f"{name}-direction") or FieldMapping.Direction.BOTH,
                values.get(f"{name}-winner") or FieldMapping.Winner.OBJECT,
            )
            for name in self.local
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        self.faults = faults(self.choices(), self.local, self.description)
        self.faults += [
            Fault(name.rpartition("-")[0], f"“{self.data.get(self.add_prefix(name), '')}” is not a choice here.")
            for name in self.errors
            if name in self.fields
        ]
        if any(not fault.is_warning for fault in self.faults):
            raise ValidationError("Nothing was saved: the rows marked red need another choice.")
        return values


def _winners(field: Field) -> list[Any]:
    """“Yes” can win only where the answer is yes or no."""
    winners = FieldMapping.Winner
    return [choice for choice in winners.choices if field.type == Type.BOOLEAN or choice[0] != winners.TRUE]


def _by_label(remote: RemoteField) -> str:
    return remote.label.lower()


def _described(remote: RemoteField) -> str:
    return f"{remote.label} ({remote.name})" + ("" if remote.is_writable else " – read only")
