"""Which status there means which stage, and what account stages follow from."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from integrations.models import StageInference
from integrations.salesforce.defaults import stage_proposals
from integrations.staging import EVENTS, AutoMap, auto_map
from integrations.sync.provider import Description, RemoteField

INFER = "infer"  # a source that is no field
WITH_VALUES = {"picklist", "combobox"}


class StagesForm(forms.Form):
    """Where the stage comes from and, for a status field, a status for each stage.

    ``present``: the source that is saved. ``data`` and ``draft`` may name another; then its statuses are offered.
    """

    source = forms.ChoiceField(label="Stages are kept in step with", required=False)
    takes_over = forms.BooleanField(label="Also replace the stages that these accounts have now", required=False)

    def __init__(
        self,
        description: Description,
        stages: Sequence[tuple[int, str]],
        present: str,
        pairs: Mapping[int, str],
        rule: StageInference | None,
        data: Any = None,
        draft: str | None = None,
    ) -> None:
        super().__init__(data)
        self.description, self.stages, self.present, self.rule = description, list(stages), present, rule
        chosen = data.get("source", present) if data is not None else present if draft is None else draft
        self.chosen_source = chosen
        self.remote: RemoteField | None = description.fields.get(chosen)
        self.fields["source"].choices = self._sources()  # type: ignore[attr-defined]
        self.initial["source"] = chosen
        if not self.is_inferred:
            del self.fields["takes_over"]
        if self.remote:
            proposed = dict(stage_proposals(self.remote, self.stages))
            self._offer_statuses(self.remote, pairs if chosen == present else proposed)
        elif self.is_inferred and rule:
            self._offer_stages(rule)

    @property
    def is_account(self) -> bool:
        return self.rule is not None

    @property
    def is_inferred(self) -> bool:
        return self.is_account and self.chosen_source == INFER

    @property
    def is_one_to_one(self) -> bool:
        return not self.is_account

    def _sources(self) -> list[tuple[str, str]]:
        fields = [one for one in self.description.fields.values() if one.type in WITH_VALUES and one.values]
        own = [one for one in fields if one.is_custom or one.name in ("Status", self.present)]
        rules = [(INFER, "Its opportunities: the stage follows from them")] if self.is_account else []
        unsynced = [("", "Nothing: only people set it" if self.is_account else "Nothing: the stage is not synced")]
        known = [INFER, "", *(one.name for one in own)]
        unseen = [] if self.present in known else [(self.present, f"“{self.present}”, which the login does not see")]
        return [*rules, *((one.name, f"The field “{one.label}”") for one in own), *unseen, *unsynced]

    def _offer_statuses(self, remote: RemoteField, pairs: Mapping[int, str]) -> None:
        self.pairs = {pk: value for pk, value in pairs.items() if pk in dict(self.stages)}
        for pk, name in self.stages:
            values = list(dict.fromkeys([*remote.values, *filter(None, [self.pairs.get(pk, "")])]))
            self.fields[f"stage-{pk}"] = forms.ChoiceField(
                label=name,
                required=False,
                choices=[("", "Not mapped"), *((value, self._named(value, remote)) for value in values)],
                initial=self.pairs.get(pk, ""),
            )

    def _named(self, value: str, remote: RemoteField) -> str:
        return value if value in remote.values else f"{value} (not in Salesforce any more)"

    def _offer_stages(self, rule: StageInference) -> None:
        for event in EVENTS:
            self.fields[event] = forms.TypedChoiceField(
                label=StageInference._meta.get_field(event).verbose_name.capitalize(),  # type: ignore[union-attr]
                required=False,
                coerce=int,
                empty_value=None,
                choices=[("", "Leave the stage as it is"), *self.stages],
                initial=getattr(rule, f"{event}_id"),
            )

    # --- for the page -------------------------------------------------------------------------------------------------

    @property
    def statuses(self) -> list[forms.BoundField]:
        """The rows of the table of stages."""
        return [self[name] for name in self.fields if name.startswith("stage-")]

    @property
    def events(self) -> list[forms.BoundField]:
        return [self[event] for event in EVENTS if event in self.fields]

    @property
    def mapped(self) -> int:
        return sum(bool(field.initial) for name, field in self.fields.items() if name.startswith("stage-"))

    @property
    def is_saved(self) -> bool:
        return self.chosen_source == self.present

    @property
    def free_statuses(self) -> list[str]:
        """Statuses that no stage is mapped to."""
        return [value for value in self.remote.values if value not in self.pairs.values()] if self.remote else []

    @property
    def by_name(self) -> AutoMap:
        """What pairing by name would do."""
        return auto_map(self.stages, self.remote.values, self.pairs) if self.remote else AutoMap()

    # --- what was filled in -------------------------------------------------------------------------------------------

    def chosen(self) -> dict[int, str]:
        return {pk: value for pk, _ in self.stages if (value := self.cleaned_data.get(f"stage-{pk}", ""))}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.remote:
            return values
        if self.is_one_to_one:
            self._refuse_shared()
        else:
            for pk, _ in self.stages:
                if f"stage-{pk}" in values and not values[f"stage-{pk}"]:
                    self.add_error(f"stage-{pk}", "Choose a status: every account stage needs one.")
        return values

    def _refuse_shared(self) -> None:
        names = dict(self.stages)
        first: dict[str, int] = {}
        for pk, value in self.chosen().items():
            if value in first:
                message = f"“{value}” is chosen for {names[first[value]]} and {names[pk]}. One status means one stage."
                self.add_error(f"stage-{pk}", message)
            first.setdefault(value, pk)
