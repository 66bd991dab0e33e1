"""Forms of the settings of pipelines."""

from typing import Any

from django import forms
from django.forms import BaseInlineFormSet, inlineformset_factory

from common.currency import CurrencyField
from common.models import Workspace
from deals.models import Deal, Pipeline, Stage

OPEN, WON, LOST = "open", "won", "lost"


class WorkspaceCurrencyForm(forms.ModelForm):
    """The currency of new deals."""

    class Meta:
        model = Workspace
        fields = ["currency"]
        field_classes = {"currency": CurrencyField}
        labels = {"currency": "Currency of new deals"}


class PipelineForm(forms.ModelForm):
    class Meta:
        model = Pipeline
        fields = ["name"]


class StageForm(forms.ModelForm):
    """A step; what it means for a deal is one choice here and two columns there."""

    outcome = forms.ChoiceField(choices=[(OPEN, "Open"), (WON, "Won"), (LOST, "Lost")])

    class Meta:
        model = Stage
        fields = ["name", "probability", "is_active"]
        labels = {"is_active": "Can be chosen"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stage = self.instance
        self.initial["outcome"] = WON if stage.is_won else LOST if stage.is_closed else OPEN

    def clean(self) -> dict[str, Any]:
        outcome = self.cleaned_data.get("outcome")
        self.instance.is_won, self.instance.is_closed = outcome == WON, outcome in (WON, LOST)
        return self.cleaned_data


class StageFormSet(BaseInlineFormSet):
    """The steps of a pipeline, in their order; at least one that is open, for new deals start there."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        if not any(not stage.is_closed and stage.is_active for stage in stages_in_order(self)):
            raise forms.ValidationError("A pipeline needs an open stage that can be chosen: new deals start there.")
        gone = [form.instance for form in self.deleted_forms if form.instance.pk]
        for stage in Stage.objects.filter(pk__in=[stage.pk for stage in gone]):
            if Deal.objects.filter(stage=stage).exists():
                raise forms.ValidationError(
                    f"Deals are at “{stage}”: move them first, or let the stage stay and not be chosen any more."
                )

    def get_unique_error(self, unique_check: Any) -> str:
        return "Two stages have the same name: give one of them another."

    def get_form_error(self) -> str:
        return "Another stage has this name."


def stages_in_order(stages: Any) -> list[Stage]:
    """Those that stay, as they are to stand; those without a number come last."""
    filled = [form for form in stages.forms if form.has_changed() or form.instance.pk]
    kept = [form for form in filled if form not in stages.deleted_forms]
    kept.sort(key=lambda form: (form.cleaned_data.get("ORDER") is None, form.cleaned_data.get("ORDER") or 0))
    return [form.instance for form in kept]


StageForms = inlineformset_factory(
    Pipeline, Stage, form=StageForm, formset=StageFormSet, can_order=True, can_delete=True, extra=2, max_num=100
)
