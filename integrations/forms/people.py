"""Which Salesforce user is which person here."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms

from integrations.models import UserMapping
from users.models import User


class PeopleForm(forms.Form):
    """One address for each Salesforce user of a page; empty: nobody here.

    Each comes back with the address that it was shown with, so that only what was typed here changes.
    """

    def __init__(self, rows: Sequence[UserMapping], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mappings = rows
        for row in rows:
            self.fields[f"user-{row.pk}"] = forms.CharField(
                label=f"Who {row} is here",
                required=False,
                max_length=254,
                initial=row.user.email if row.user else "",
                show_hidden_initial=True,
                widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off", "placeholder": "Nobody here"}),
            )

    def rows(self) -> Iterator[tuple[UserMapping, forms.BoundField]]:
        return ((row, self[f"user-{row.pk}"]) for row in self.mappings)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        typed = {name: values.get(name, "").strip().lower() for name in self.changed_data}
        users = {user.email: user for user in User.objects.filter(email__in=set(typed.values()), is_active=True)}
        self.pairs: dict[int, User | None] = {}
        for name, email in typed.items():
            if email and email not in users:
                self.add_error(name, "No active person here has this address.")
            self.pairs[int(name.removeprefix("user-"))] = users.get(email)
        return values
