"""Who sees what is pulled."""

from typing import Any

from django import forms

from common.models import Workspace
from common.visibility import let_see_pulled


class SeenForm(forms.Form):
    """Who sees what is pulled with the team's login."""

    pulled_seen_by = forms.ChoiceField(
        label="Who sees pulled records",
        choices=[
            (Workspace.SeenBy.EVERYONE, "Everyone in Tandem"),
            (Workspace.SeenBy.OWNERS, "Each user those that they own, admins all"),
        ],
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"pulled_seen_by": Workspace.load().pulled_seen_by}, **kwargs})

    def save(self) -> None:
        """Without a choice the present one stays."""
        if chosen := self.cleaned_data["pulled_seen_by"]:
            let_see_pulled(chosen)
