from operator import attrgetter
from typing import Any

from django import forms
from django.db.models import Q

from common.acting import acting_user
from common.currency import CurrencyField
from common.forms import RecordForm
from common.lines import Section, line
from common.models import RecordKind
from common.widgets import DateInput, RecordPicker
from contacts.models import Contact
from deals.models import Deal, DealContact, Stage


class DealForm(RecordForm):
    kind = RecordKind.DEAL
    sections = (
        Section(
            "About",
            (
                line("Name", "name"),
                line("Account", "account"),
                line("Stage", "stage"),
                line("Amount", "amount", "currency", about="amount"),
                line("Close date", "close_on"),
                line("Probability", "probability"),
                line("Forecast category", "forecast_category"),
                line("Type", "type"),
                line("Source", "source"),
                line("Owner", "owner"),
                line("Next step", "next_step"),
                line("Description", "description"),
            ),
        ),
    )

    class Meta:
        model = Deal
        fields = [
            "name", "account", "stage", "amount", "currency", "close_on", "probability", "forecast_category",
            "type", "source", "owner", "next_step", "description",
        ]  # fmt: skip
        field_classes = {"currency": CurrencyField}
        widgets = {"account": RecordPicker("account"), "close_on": DateInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "stage" in self.fields:
            stages = Stage.objects.filter(Q(is_active=True) | Q(pk=self.instance.stage_id)).select_related("pipeline")
            order = ("-pipeline__is_default", "pipeline", "position", "id")
            self.fields["stage"].queryset = stages.order_by(*order)  # type: ignore[attr-defined]
            self.fields["stage"].label_from_instance = attrgetter("name_in_choices")  # type: ignore[attr-defined]


class RoleForm(forms.ModelForm):
    contact = forms.ModelChoiceField(Contact.objects.all(), widget=RecordPicker("contact"))

    class Meta:
        model = DealContact
        fields = ["contact", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact"].queryset = Contact.objects.visible_to(acting_user())  # type: ignore[attr-defined]
