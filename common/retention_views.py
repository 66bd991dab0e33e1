"""The setting of how long what happened is kept."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from common.access import admin_required
from common.http import Request
from common.models import Retention
from common.pages import UNPROCESSABLE

CHOICES = [("", "For ever"), *((months, f"{months} months") for months in (3, 6, 12, 24, 36, 60, 120))]
HELP = {
    "history_months": "Who changed which field of a record, and what the sync told in timelines. Open conflicts stay.",
    "runs_months": "What each pull and push did. A run that is not kept can’t be undone any more.",
    "errors_months": "Entries of the error log that are closed. Open ones stay.",
    "settings_months": "Who changed which setting of the integration.",
    "audit_months": "Who signed in, changed settings, exported, or changed many records at once.",
}


class RetentionForm(forms.ModelForm):
    class Meta:
        model = Retention
        fields = list(HELP)
        help_texts = HELP

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            present = getattr(self.instance, name)
            own = [(present, f"{present} months")] if present and (present, f"{present} months") not in CHOICES else []
            field.widget = forms.Select(choices=[*CHOICES, *own])


@admin_required
def retention(request: Request) -> HttpResponse:
    form = RetentionForm(request.POST or None, instance=Retention.load())
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved. What is older goes with the next daily clean-up.")
        return redirect("retention")
    return render(request, "common/retention.html", {"form": form}, status=UNPROCESSABLE if form.errors else 200)
