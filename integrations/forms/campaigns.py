"""Which campaign people are added to, and as what."""

from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from common.actions import ActionForm
from integrations.models import Campaign
from integrations.salesforce.ids import to_18


def chosen_campaign(value: Any) -> Campaign | None:
    return Campaign.objects.filter(remote_id=to_18(str(value or ""))[:18]).first() if value else None


class CampaignPicker(forms.Widget):
    """A search among the campaigns of the org, which loads after the page."""

    template_name = "integrations/widgets/campaign.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"chosen": chosen_campaign(value)}


class MemberStatusPicker(forms.Widget):
    """What the campaign that was chosen lets its members be; it comes with the choice."""

    template_name = "integrations/widgets/member_status.html"
    campaign: Campaign | None = None

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"campaign": self.campaign, "status": value}


class CampaignForm(ActionForm):
    """Both were read from the org when they were chosen: nothing is asked here, for jobs fill it in again."""

    campaign = forms.CharField(
        max_length=18, widget=CampaignPicker, error_messages={"required": "Choose the campaign."}
    )
    status = forms.CharField(
        max_length=765,
        label="Member status",
        widget=MemberStatusPicker,
        help_text="What they will be in the campaign. Who is in it already stays as they are.",
        error_messages={"required": "Choose the campaign first, then what they will be in it."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].widget.campaign = self.chosen

    @cached_property
    def chosen(self) -> Campaign | None:
        return chosen_campaign(self["campaign"].value())

    def clean_campaign(self) -> Campaign:
        if self.chosen is None:
            raise ValidationError("Choose the campaign again: Salesforce has to be asked for it.")
        return self.chosen

    def clean_status(self) -> str:
        status = self.cleaned_data["status"]
        if self.chosen and status not in self.chosen.labels:
            raise ValidationError(f"“{self.chosen}” has no status “{status}”. Choose another one.")
        return status
