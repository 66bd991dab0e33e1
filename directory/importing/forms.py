from collections.abc import Sequence
from typing import Any

from django import forms

from common.importing.forms import UploadForm
from common.importing.targets import choices, proposed
from directory.importing.columns import FileKind
from directory.models import LOADED, Load
from directory.providers import elsewhere


class LoadForm(UploadForm):
    kind = forms.ChoiceField(
        label="What is in the file", choices=Load.Kind, widget=forms.RadioSelect, initial=Load.Kind.PEOPLE
    )
    source = forms.CharField(
        label="Source",
        max_length=40,
        initial=LOADED,
        help_text="Where the data come from, in a word. Loading into the same source again brings its entries up to "
        "date; a source can be removed as a whole.",
    )

    field_order = ["kind", "source", "file"]

    def clean_source(self) -> str:
        source = self.cleaned_data["source"]
        if any(source == provider.source for provider in elsewhere()):
            raise forms.ValidationError("This is the name of a service that is asked over the network: choose another.")
        return source


class ColumnsForm(forms.Form):
    """What becomes of each column."""

    def __init__(self, *args: Any, kind: FileKind, head: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.head = kind, list(head)
        initial, offered = proposed(head, kind.targets, kind.aliases), choices(kind.targets)
        for number, name in enumerate(head):
            self.fields[f"column_{number}"] = forms.ChoiceField(
                choices=offered, required=False, label=name, initial=initial[number]
            )

    def columns(self) -> list[forms.BoundField]:
        return [self[f"column_{number}"] for number in range(len(self.head))]

    def clean(self) -> dict[str, Any]:
        chosen: dict[str, str] = {}
        for place, name in list(self.cleaned_data.items()):
            if name in chosen:
                self.add_error(place, f"“{self.fields[place].label}” and “{chosen[name]}” can’t both become this.")
            elif name:
                chosen[name] = str(self.fields[place].label)
        kind = self.kind
        if not {kind.required, *kind.made_of}.intersection(chosen):
            label = kind.targets[kind.required].label
            raise forms.ValidationError(f"Choose the column that becomes “{label}”: it can’t be empty.")
        if not {"key", *kind.named_by}.intersection(chosen):
            names = "”, “".join(kind.targets[name].label for name in ("key", *kind.named_by))
            raise forms.ValidationError(f"Choose a column by which entries are known again: “{names}”.")
        return self.cleaned_data

    def chosen(self) -> list[str]:
        return [self.cleaned_data[f"column_{number}"] for number in range(len(self.head))]
