"""Which status there means which stage."""

from collections.abc import Mapping
from typing import Any

from django import forms

from integrations.sync.provider import RemoteField


class StageMappingForm(forms.Form):
    """Which status means which stage."""

    def __init__(
        self,
        stages: list[tuple[int, str]],
        remote: RemoteField,
        present: Mapping[int, str],
        *args: Any,
        is_one_to_one: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.stages, self.is_one_to_one = stages, is_one_to_one
        for pk, name in stages:
            values = [*remote.values, *([present[pk]] if pk in present and present[pk] not in remote.values else [])]
            self.fields[f"stage-{pk}"] = forms.ChoiceField(
                label=name,
                required=False,
                choices=[("", "Not mapped"), *((value, value) for value in values)],
                initial=present.get(pk, ""),
            )

    @property
    def mapped(self) -> int:
        return sum(bool(field.initial) for field in self.fields.values())

    def chosen(self) -> dict[int, str]:
        return {pk: value for pk, _ in self.stages if (value := self.cleaned_data.get(f"stage-{pk}", ""))}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        names = dict(self.stages)
        first: dict[str, int] = {}
        for pk, value in self.chosen().items() if self.is_one_to_one else ():
            if value in first:
                message = f"“{value}” is chosen for {names[first[value]]} and {names[pk]}. One status means one stage."
                self.add_error(f"stage-{pk}", message)
            first.setdefault(value, pk)
        return values
