from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from common.importing import files
from common.importing.kinds import Kind, all_afterwards
from common.importing.planning import Policy, Settings
from common.importing.targets import ID, choices, proposed, targets_of


class UploadForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        help_text=f"Its first row names the columns. Up to {files.MOST_BYTES >> 20} MB.",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > files.MOST_BYTES:
            raise forms.ValidationError(
                f"The file has {file.size >> 20} MB; {files.MOST_BYTES >> 20} are taken at most. Split it."
            )
        return file


class MappingForm(forms.Form):
    """What becomes of each column, and of rows that mean a record that is there."""

    policy = forms.ChoiceField(
        label="When there is one already",
        widget=forms.RadioSelect,
        initial=Policy.SKIP,
        choices=[
            (Policy.SKIP, "Leave it as it is"),
            (Policy.FILL, "Fill its empty fields"),
            (Policy.OVERWRITE, "Overwrite its fields with the cells that are not empty"),
            (Policy.ANYWAY, "Make another one anyway"),
        ],
    )
    dates = forms.ChoiceField(
        label="Dates like 3/4/2026 are",
        choices=[("month", "month first: 4 March"), ("day", "day first: 3 April")],
        initial="month",
    )
    makes_accounts = forms.BooleanField(label="Make accounts that are not there yet", required=False, initial=True)

    def __init__(self, *args: Any, kind: Kind, head: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.head, self.targets = kind, list(head), targets_of(kind)
        initial, offered = proposed(head, self.targets, kind.aliases), choices(self.targets)
        for number, name in enumerate(head):
            self.fields[f"column_{number}"] = forms.ChoiceField(
                choices=offered, required=False, label=name, initial=initial[number]
            )
        if "account" not in self.targets and "parent" not in self.targets:
            del self.fields["makes_accounts"]
        self.afterwards = []
        for name, what in all_afterwards().items():
            if field := what.field(kind.kind):
                self.fields[name] = field
                self.afterwards.append(name)

    def columns(self) -> list[forms.BoundField]:
        return [self[f"column_{number}"] for number in range(len(self.head))]

    def rest(self) -> list[forms.BoundField]:
        """What is asked beside the columns."""
        return [self[name] for name in self.fields if not name.startswith("column_")]

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        chosen: dict[str, str] = {}
        for number in range(len(self.head)):
            place = f"column_{number}"
            name = values.get(place, "")
            if name in chosen:
                self.add_error(place, f"“{self.head[number]}” and “{chosen[name]}” can’t both become this field.")
            elif name:
                chosen[name] = self.head[number]
        if not chosen:
            raise forms.ValidationError("Choose what at least one column becomes.")
        parts = {part for name in chosen if name in self.kind.made_of for part in self.kind.made_of[name][1]("A b")}
        lacking = [
            target.label
            for target in self.targets.values()
            if target.field and target.field.required and target.field.initial is None and not target.key
            and target.name not in {*chosen, *parts, *self.kind.first()}
        ]  # fmt: skip
        if lacking and ID not in chosen:
            names = "” and “".join(lacking)
            raise forms.ValidationError(f"Choose the column that becomes “{names}”: it can’t be empty.")
        return values

    def settings(self) -> Settings:
        values = self.cleaned_data
        return Settings(
            kind=self.kind.kind.value,
            head=self.head,
            columns=[values[f"column_{number}"] for number in range(len(self.head))],
            policy=values["policy"],
            day_first=values["dates"] == "day",
            makes_accounts=values.get("makes_accounts", False),
            afterwards={name: str(values[name]) for name in self.afterwards if values.get(name)},
        )
