"""How much of the org's allowance Tandem may use for what can wait."""

from typing import Any

from django import forms
from django.utils import timezone

from integrations.models import Connection

LOWEST = 10


class CeilingForm(forms.Form):
    api_ceiling_percent = forms.IntegerField(
        label="Ceiling, as a share of the org’s limit (%)",
        min_value=LOWEST,
        max_value=100,
        help_text=f"From {LOWEST} to 100. What can wait stops there; what a person waits for goes on.",
    )

    def __init__(self, connection: Connection, *args: Any, **kwargs: Any) -> None:
        self.connection = connection
        super().__init__(*args, **{"initial": {"api_ceiling_percent": connection.api_ceiling_percent}, **kwargs})

    def save(self) -> None:
        changed = {"api_ceiling_percent": self.cleaned_data["api_ceiling_percent"], "updated_at": timezone.now()}
        Connection.objects.filter(pk=self.connection.pk).update(**changed)
