"""Which field there one of our fields is, and how the two are kept in step."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from integrations.mappings import Choice, Fault, faults_of, may_have_words, unmapped_required, words_faults
from integrations.models import FieldMapping, ObjectSettings
from integrations.pairing import CHANGED, seen_of
from integrations.salesforce.defaults import ADDRESS, UNITS, enrichment_of
from integrations.suggesting import bare
from integrations.sync.enriching import is_known
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import KINDS, Field, Type
from integrations.sync.value_map import Way

MOST_WORDS = 300  # rows of a value map
WORDS = "words"
WAYS = {Way.BOTH: "Both ways", Way.OUT: "To Salesforce only", Way.IN: "From Salesforce only"}


class WordForm(forms.Form):
    """A value that the two sides call differently."""

    ours = forms.CharField(label="In Tandem", required=False, max_length=1_000)
    theirs = forms.CharField(label="In Salesforce", required=False, max_length=1_000)
    way = forms.ChoiceField(label="Holds", required=False, choices=list(WAYS.items()))


class PairForm(forms.Form):
    """One field of ours and the field of a remote object that holds the same.

    ``present`` are the object's mappings by our field. ``notes``: what is to be said of what is chosen, saved or not.
    """

    field = forms.CharField(widget=forms.HiddenInput)
    remote = forms.CharField(label="Salesforce field", required=False)
    direction = forms.ChoiceField(required=False, choices=FieldMapping.Direction.choices)
    winner = forms.ChoiceField(label="When both sides changed", required=False)
    enrichment = forms.ChoiceField(
        label="Data from the directory",
        required=False,
        choices=FieldMapping.Enrichment.choices,
        help_text="What the directory may do to Salesforce’s field when a record is pulled, where it knows a value. "
        "That is then written here and pushed, and costs nothing; nothing is, where values only come from Salesforce. "
        "What somebody takes over by hand goes whatever is chosen here.",
    )
    unlisted = forms.ChoiceField(
        label="A value that is in no row", required=False, choices=FieldMapping.Unlisted.choices
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    takes_over = forms.BooleanField(required=False)

    def __init__(
        self,
        description: Description,
        fields: Mapping[str, Field],
        field: Field,
        present: Mapping[str, FieldMapping],
        settings: ObjectSettings | None,
        data: Any = None,
        like: Choice | None = None,
    ) -> None:
        """``like``: what is filled in at first where nothing is mapped."""
        super().__init__(data)
        self.description, self.locals, self.local, self.present = description, fields, field, present
        self.row = present.get(field.name)
        unmapped = Choice(field.name, enrichment=str(enrichment_of(description.name, field)))
        self.initially = Choice.of(self.row) if self.row else like or unmapped
        shown = self.initially
        self.initial = {
            "field": field.name,
            "remote": shown.remote_field,
            "direction": shown.direction,
            "winner": shown.winner,
            "enrichment": shown.enrichment,
            "unlisted": shown.unlisted,
        }
        self.fields["winner"].choices = _winners(field, settings)  # type: ignore[attr-defined]
        self.words = self._words(data)

    def _words(self, data: Any) -> Any:
        make = forms.formset_factory(WordForm, extra=2, max_num=MOST_WORDS, absolute_max=MOST_WORDS)
        if data is not None and f"{WORDS}-TOTAL_FORMS" in data:
            return make(data, prefix=WORDS)
        return make(initial=_rows(self.initially.value_map), prefix=WORDS)

    def as_draft(self, *, more: int = 0, fill: bool = False) -> "PairForm":
        """The same, with as many ``more`` empty rows in the value map, or a row for every value that is listed."""
        rows = self._typed if self.words.is_bound else self.initially.value_map
        if fill and self.chosen:
            rows = _filled(rows, self.local, self.chosen)
        make = forms.formset_factory(WordForm, extra=2 + more, max_num=MOST_WORDS, absolute_max=MOST_WORDS)
        self.words = make(initial=_rows(rows), prefix=WORDS)
        return self

    @cached_property
    def choice(self) -> Choice:
        """What is filled in, as far as it makes sense."""
        if not self.is_bound:
            return self.initially
        words = self._typed if self.words.is_bound else self.initially.value_map
        return Choice(
            self.local.name,
            self._sent("remote", set()),
            self._sent("direction", set(FieldMapping.Direction.values)),
            self._sent("winner", set(FieldMapping.Winner.values)),
            self._sent("enrichment", set(FieldMapping.Enrichment.values)),
            tuple(row for row in words if row[0] and row[1]),
            self._sent("unlisted", set(FieldMapping.Unlisted.values)),
        )

    def _sent(self, name: str, allowed: set[str]) -> str:
        sent = self.data.get(name)
        known = str(self.initial[name])
        if sent is None:
            return known
        text = _text(sent)
        return text if not allowed or text in allowed else known

    @property
    def _typed(self) -> tuple[tuple[str, str, str], ...]:
        """The rows of the value map, those that lack a side included."""
        rows = []
        for form in self.words.forms:
            ours, theirs = (_text(form.data.get(form.add_prefix(name))) for name in ("ours", "theirs"))
            way = form.data.get(form.add_prefix("way"), "")
            if ours or theirs:
                rows.append((ours, theirs, way if way in WAYS else str(Way.BOTH)))
        return tuple(rows)

    @property
    def chosen(self) -> RemoteField | None:
        return self.description.fields.get(self.choice.remote_field)

    @property
    def has_words(self) -> bool:
        """Whether a value map makes sense; one that is there is shown in any case."""
        return bool(self.choice.value_map) or bool(self.chosen and may_have_words(self.local, self.chosen))

    @property
    def is_stage(self) -> bool:
        """Stages are mapped in a section of their own, which also says to which field."""
        return self.local.type == Type.STAGE

    @property
    def has_enrichment(self) -> bool:
        return is_known(KINDS[self.description.name], self.local.name)

    @property
    def is_changed_meanwhile(self) -> bool:
        return self.is_bound and self.has_error(NON_FIELD_ERRORS, "changed")

    @property
    def saved_label(self) -> str:
        """What the field there is called that is mapped now."""
        remote = self.description.fields.get(self.row.remote_field) if self.row else None
        return remote.label if remote else self.row.remote_field if self.row else ""

    @property
    def unit_names(self) -> list[str]:
        """What moves together with it."""
        unit = UNITS.get(self.description.name) if self.local.name in ADDRESS else ""
        return [
            self.locals[name].label for name in self.present if unit and name in ADDRESS and name != self.local.name
        ]

    @property
    def word_buttons(self) -> list[tuple[str, str]]:
        lists = self.local.choices or (self.chosen and self.chosen.values)
        return [("more", "More rows"), *([("fill", "List all values")] if lists else [])]

    @property
    def token(self) -> str:
        """What whoever saves this form was shown."""
        return seen_of(self.row)

    @property
    def other(self) -> FieldMapping | None:
        """The mapping of another field of ours that has what is chosen."""
        chosen = self.choice.remote_field
        rows = (row for row in self.present.values() if row.remote_field == chosen and row.field != self.local.name)
        return next(rows, None) if chosen else None

    @property
    def other_label(self) -> str:
        other = self.other
        return self.locals[other.field].label if other and other.field in self.locals else other.field if other else ""

    @cached_property
    def notes(self) -> list[Fault]:
        choice = self.choice
        found = list(faults_of(choice, self.local, self.description)) if choice.remote_field else []
        found += [Fault(self.local.name, message) for message in words_faults(choice.value_map)]
        if choice.unlisted == FieldMapping.Unlisted.REFUSE and not choice.value_map:
            found.append(Fault(self.local.name, "Every value would be an error: give the value map a row."))
        if self.is_stage and choice.remote_field != self.initially.remote_field:
            found.append(Fault(self.local.name, "Which field holds the stage is chosen in the section Stages."))
        if self.other and self.other.field == "stage":
            found.append(Fault(self.local.name, f"“{self._label}” holds the stage: the section Stages maps it."))
        elif self.other and not (self.is_bound and self.data.get("takes_over")):
            message = f"“{self._label}” is mapped to “{self.other_label}”. One field holds one value."
            found.append(Fault(self.local.name, message))
        return found + self._required()

    @property
    def _label(self) -> str:
        return self.chosen.label if self.chosen else self.choice.remote_field

    def _required(self) -> list[Fault]:
        """What a new record needs that nothing would fill any more."""
        if self.row is None or self.choice.remote_field == self.row.remote_field:
            return []
        rows = [row for row in self.present.values() if row.field != self.local.name]
        given = {row.remote_field for row in rows if row.direction != FieldMapping.Direction.IN}
        lost = [one for one in unmapped_required(self.description, given) if one.name == self.row.remote_field]
        words = f"of a new {self.description.label}, and nothing else is mapped to it."
        return [Fault("", f"Salesforce requires “{one.label}” {words}", is_warning=True) for one in lost]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("seen") and values["seen"] != self.token:
            raise ValidationError(CHANGED, code="changed")
        if self.words.is_bound and not self.words.is_valid():
            raise ValidationError("Nothing was saved: a value of the value map is too long, or there are too many.")
        self.notes += [
            Fault(self.local.name, f"“{self.data.get(name)}” is not a choice here.")
            for name in ("direction", "winner", "enrichment", "unlisted")
            if name in self.errors
        ]
        if any(not note.is_warning for note in self.notes):
            raise ValidationError("Nothing was saved: see what is said beside the field.")
        return values


def _text(sent: Any) -> str:
    return str(sent or "").replace("\x00", "").strip()


def _winners(field: Field, settings: ObjectSettings | None) -> list[Any]:
    """“Yes” can win only where the answer is yes or no."""
    winners = FieldMapping.Winner
    usual = f" ({settings.get_winner_display().lower()})" if settings else ""
    labels = {
        winners.OBJECT: f"As for the other fields{usual}",
        winners.LATEST: "The later change (an estimate: Salesforce only tells when a record was last edited)",
    }
    return [
        (value, labels.get(winners(value), label))
        for value, label in winners.choices
        if field.type == Type.BOOLEAN or value != winners.TRUE
    ]


def _rows(words: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [dict(zip(("ours", "theirs", "way"), row, strict=True)) for row in words]


def _filled(
    rows: Sequence[tuple[str, str, str]], field: Field, remote: RemoteField
) -> tuple[tuple[str, str, str], ...]:
    """A row for each listed value of either side; those of the same name are paired."""
    theirs = {bare(value): value for value in reversed(remote.values)}
    named = {ours for ours, _, _ in rows}
    new = [(value, theirs.get(bare(value), ""), str(Way.BOTH)) for value in field.choices if value not in named]
    paired = {value for _, value, _ in [*rows, *new]}
    new += [("", value, str(Way.BOTH)) for value in remote.values if value not in paired]
    return tuple([*rows, *new][:MOST_WORDS])
