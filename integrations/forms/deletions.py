"""Whether deletes and merges of one remote object are followed."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from integrations.models import DeletionSettings
from integrations.sync.provider import Description

MERGED = ("Lead", "Contact", "Account")  # what Salesforce merges
HINTS = {
    "sync_deletes": "Off: only the link is dropped, and the record on the other side stays, marked. On: what is "
    "deleted on one side from now on is deleted on the other. Here it can be restored for thirty days, there it is in "
    "the recycle bin for fifteen.",
    "sync_merges": "Off: the record that Salesforce merged away loses its link and stays. On: the two are merged here "
    "as well, and that can be undone for thirty days. Merges made here are never carried to Salesforce.",
}


class DeletionForm(forms.ModelForm):
    """Deletes and merges of one remote object, and how many deletions at once wait for an admin."""

    class Meta:
        model = DeletionSettings
        fields = ("sync_deletes", "sync_merges", "most", "most_percent")
        labels = {
            "sync_deletes": "Deletion sync",
            "sync_merges": "Merge sync",
            "most": "More records than",
            "most_percent": "Or more of the linked ones than",
        }

    def __init__(self, *args: Any, description: Description, stays_here: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.description, self.stays_here = description, stays_here
        if description.name not in MERGED:
            del self.fields["sync_merges"]
        for name, least, greatest in (("most", 1, 1_000_000), ("most_percent", 1, 100)):
            self.fields[name].validators += [MinValueValidator(least), MaxValueValidator(greatest)]
            self.fields[name].widget.attrs |= {"min": least, "max": greatest}
        for name, field in self.fields.items():
            field.help_text = HINTS.get(name, "")
            field.show_hidden_initial = True

    @property
    def warnings(self) -> list[str]:
        """What keeps deletes from reaching the other side, as things stand."""
        found = [f"{self.stays_here} What is deleted here stays in Salesforce."] if self.stays_here else []
        if not self.description.is_deletable:
            found.append(
                f"The team's login may not delete records of {self.description.label} in Salesforce: each delete by it "
                "would be refused. Ask the Salesforce admin for the Delete permission."
            )
        return found
