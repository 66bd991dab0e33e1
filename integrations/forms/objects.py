"""How one kind of record is pulled and pushed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField
from django.forms.utils import ErrorDict

from common.models import RecordKind
from common.widgets import LongSelect
from integrations.dependencies import Around, reasons
from integrations.models import ObjectSettings
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import KINDS

NO_STAGE = "none"
UUID = 36  # characters
SOURCE_TYPES = {"picklist", "string", "combobox"}
PULL: dict[str, tuple[str, ...]] = {
    RecordKind.CONTACT: ("is_visible", "match_accounts", "enrich_existing", "pull_every", "winner"),
    RecordKind.ACCOUNT: ("is_visible", "enrich_existing", "pull_every", "winner"),
    RecordKind.DEAL: ("is_visible", "pull_every"),
}
WHO = ("push_new", "push_by_stage", "push_stages")
SOURCE = ("source_field", "source_value")
PUSH: dict[str, tuple[str, ...]] = {
    RecordKind.CONTACT: (
        *WHO,
        "create_as",
        "without_account",
        "company_placeholder",
        "push_unverified_emails",
        *SOURCE,
        "external_id_field",
    ),
    RecordKind.ACCOUNT: (*WHO, "push_automatic_owner", *SOURCE, "external_id_field"),
    RecordKind.DEAL: (*WHO, *SOURCE, "external_id_field"),
}
DIRECTION: dict[str, tuple[str, ...]] = {RecordKind.DEAL: ("sync",)}
# Choosing these changes what others offer, or whether they have an effect.
DRIVERS = ("sync", "push_new", "push_by_stage", "create_as", "source_field")


@dataclass(frozen=True)
class Setting:
    """One input as the page shows it; ``reason``: why it has no effect as things stand."""

    field: BoundField
    reason: str


class ObjectSettingsForm(forms.ModelForm):
    """How one kind of record is pulled and pushed.

    Each input carries the value that it was shown with: what somebody else saved meanwhile stays as they saved it.
    """

    sync = forms.ChoiceField(choices=(), widget=forms.RadioSelect)
    push_by_stage = forms.TypedChoiceField(
        choices=[(False, "All of them"), (True, "Only those in chosen stages")],
        coerce=lambda value: value == "True",
        widget=forms.RadioSelect,
    )
    pull_every = forms.IntegerField(label="Minutes between pulls", min_value=1, max_value=24 * 60)

    class Meta:
        model = ObjectSettings
        fields = (
            "sync",
            "push_new",
            "push_by_stage",
            "push_stages",
            "create_as",
            "source_field",
            "source_value",
            "push_unverified_emails",
            "push_automatic_owner",
            "without_account",
            "company_placeholder",
            "external_id_field",
            "is_visible",
            "match_accounts",
            "enrich_existing",
            "pull_every",
            "winner",
        )
        widgets = {"without_account": forms.RadioSelect, "winner": forms.RadioSelect}

    def __init__(
        self,
        *args: Any,
        stages: list[tuple[int, str]],
        descriptions: Mapping[str, Description],
        around: Around,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.descriptions, self.around = self.instance.record_kind, descriptions, around
        self._offer_stages(stages)
        for name in set(self.fields) - {*DIRECTION.get(self.kind, ()), *PULL[self.kind], *PUSH[self.kind]}:
            del self.fields[name]
        if "create_as" in self.fields:
            names = [name for name in ("Lead", "Contact") if name in descriptions]
            self.fields["create_as"] = forms.ChoiceField(
                choices=[(name, f"{name}s") for name in names], widget=forms.RadioSelect
            )
        if "sync" in self.fields:
            self.fields["sync"].choices = SYNC_CHOICES  # type: ignore[attr-defined]
        self._offer_sources()
        self._offer_external_ids()
        for name, field in self.fields.items():
            field.label, field.help_text = label_of(self.kind, name) or str(field.label or ""), _hint(self.kind, name)
            field.show_hidden_initial = True
            if name in DRIVERS:
                field.widget.attrs["data-driver"] = ""

    def as_draft(self) -> "ObjectSettingsForm":
        """What is chosen and not saved yet: nothing of it is wrong before it is sent."""
        self._errors = ErrorDict()
        return self

    @property
    def direction(self) -> list[Setting]:
        return list(self._settings(DIRECTION.get(self.kind, ())))

    @property
    def pull(self) -> list[Setting]:
        return list(self._settings(PULL[self.kind]))

    @property
    def push(self) -> list[Setting]:
        return list(self._settings(PUSH[self.kind]))

    def _settings(self, names: tuple[str, ...]) -> Iterator[Setting]:
        why = reasons(self.kind, {name: self[name].value() for name in self.fields}, self.around)
        return (Setting(self[name], why.get(name, "")) for name in names)

    def _offer_stages(self, stages: list[tuple[int, str]]) -> None:
        can_lack = self.kind != RecordKind.DEAL
        none = [(NO_STAGE, "No stage")] if can_lack else []
        self.fields["push_stages"] = forms.MultipleChoiceField(
            required=False,
            choices=[*none, *((str(pk), name) for pk, name in stages)],
            widget=forms.CheckboxSelectMultiple,
        )
        self.initial["push_stages"] = [NO_STAGE if pk is None else str(pk) for pk in self.instance.push_stages]
        self.initial["push_by_stage"] = str(self.instance.push_by_stage)

    def _offer_sources(self) -> None:
        writable = {
            remote.name: remote.label
            for description in self._described()
            for remote in description.fields.values()
            if remote.is_createable and remote.type in SOURCE_TYPES and not remote.is_required
        }
        self.fields["source_field"] = forms.ChoiceField(
            required=False, choices=[("", "Write no source"), *_sorted(writable)], widget=LongSelect
        )
        remote = self._source()
        if remote and remote.values:
            present = str(self["source_value"].value() or "")
            others = [] if remote.is_restricted else [value for value in ("Tandem", present) if value]
            values = list(dict.fromkeys([*remote.values, *others]))
            self.fields["source_value"].widget = forms.Select(
                choices=[("", "Choose a value"), *((value, value) for value in values)]
            )

    def _offer_external_ids(self) -> None:
        fitting = {
            remote.name: remote.label
            for description in self._described()
            for remote in description.fields.values()
            if remote.is_external_id and remote.is_unique and remote.is_createable and remote.length >= UUID
        }
        self.fields["external_id_field"] = forms.ChoiceField(required=False, choices=[("", "None"), *_sorted(fitting)])

    def _described(self) -> list[Description]:
        return [
            self.descriptions[name] for name, kind in KINDS.items() if kind == self.kind and name in self.descriptions
        ]

    def _source(self) -> RemoteField | None:
        """The field of new records that the chosen source is written to."""
        created = str(self["create_as"].value() or "") if "create_as" in self.fields else ""
        described = self._described()
        description = self.descriptions.get(created) or (described[-1] if described else None)
        return description.fields.get(str(self["source_field"].value() or "")) if description else None

    def clean_push_stages(self) -> list[int | None]:
        return [None if value == NO_STAGE else int(value) for value in self.cleaned_data["push_stages"]]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("push_new") and values.get("push_by_stage") and not values.get("push_stages"):
            self.add_error("push_stages", "Choose at least one stage, or push all new records.")
        remote = self._source()
        if remote and (fault := source_fault(remote, values.get("source_value", ""))):
            self.add_error("source_value", fault)
        return values


def source_fault(remote: RemoteField, value: str) -> str:
    """Why the source can't be written, "" when it can."""
    if not value:
        return "Say what to write, or choose to write no source."
    if remote.is_restricted and value not in remote.values:
        return f"“{remote.label}” allows only: {', '.join(remote.values)}."
    if remote.length and len(value) > remote.length:
        return f"“{remote.label}” holds {remote.length} characters at most."
    return ""


def _sorted(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Choices by their labels; of two fields that are called the same, the names tell them apart."""
    return sorted(labels.items(), key=lambda pair: (pair[1].lower(), pair[0]))


SYNC_CHOICES = [
    (ObjectSettings.Sync.BOTH, "Both ways: Salesforce wins where both sides changed the same field"),
    (ObjectSettings.Sync.PULL, "Only pull opportunities: what is changed here stays here"),
    (ObjectSettings.Sync.PUSH, "Only push deals: what is changed in Salesforce stays there"),
    (ObjectSettings.Sync.OFF, "Off: both sides keep what they have"),
]
PLURALS = {RecordKind.CONTACT: "contacts", RecordKind.ACCOUNT: "accounts", RecordKind.DEAL: "deals"}
LABELS = {
    "sync": "Which way deals go",
    "push_by_stage": "Which new records",
    "create_as": "New people become",
    "is_visible": "Show what is pulled",
    "match_accounts": "Match leads with accounts by e-mail domain",
    "enrich_existing": "Enrich existing {kinds} from the directory",
    "pull_every": "Minutes between pulls",
    "winner": "When both sides changed the same field",
    "push_new": "Push new {kinds}",
    "push_stages": "Chosen stages",
    "push_unverified_emails": "Push unverified e-mail addresses",
    "push_automatic_owner": "Accounts made for a contact belong to its owner",
    "without_account": "A contact without an account",
    "company_placeholder": "Company of a lead that has none",
    "source_field": "Source field",
    "source_value": "Source value",
    "external_id_field": "Field for Tandem's own id",
}
HINTS = {
    "sync": "Turned off, it keeps every record and link; turned on again, it catches up with what changed on either "
    "side meanwhile.",
    "is_visible": "Off: pulled {kinds} count for de-duplication, but are left out of lists and searches, those pulled "
    "before too.",
    "match_accounts": "A lead has no account in Salesforce: here it joins the one whose domain its address has. "
    "Free-mail domains never match.",
    "enrich_existing": "{Kinds} that are pulled for the first time take over what the directory knows of them, each "
    "field by its rule under “Fields”, and it is pushed. On: so do those that were here before, whenever a pull brings "
    "them; the one-time pull brings them all. Each value is written once: who changes it later is right. It costs "
    "nothing.",
    "pull_every": "What is new or changed in Salesforce comes this often. “Pull now” on the overview does not wait.",
    "winner": "Counts for every field that has no rule of its own under “Fields”; what lost is kept in the inbox. "
    "Which change is the later one is an estimate: Salesforce only tells when a record was last edited.",
    "push_new": "From now on. {Kinds} made before stay out until they are edited, pushed by hand, or pushed once for "
    "all below. Changes of linked {kinds} are always pushed.",
    "push_stages": "Stages hold back new records, those made from an e-mail too; never the changes of linked ones.",
    "create_as": "Counts for new ones: linked leads stay leads, linked contacts stay contacts.",
    "without_account": "Before that, one is matched or made from its company's name, else from its e-mail domain.",
    "company_placeholder": "Salesforce wants a company for every lead. Empty: such a lead is refused, and says so in "
    "the error log.",
    "push_unverified_emails": "Off: the contact is pushed without the address. Unverified is what the directory, an "
    "enrichment or a bounce marked so.",
    "push_automatic_owner": "Off: they belong to the login that pushes them.",
    "source_field": "Written once, when Tandem makes the record there.",
    "external_id_field": "With it, a record whose making was cut off is never made twice. It must be a text of at "
    "least 36 characters, External ID and Unique, that every login may write.",
}
OF_KIND = {
    (RecordKind.DEAL, "is_visible"): "Off hides pulled deals, those pulled before too, from the table, the board, the "
    "forecast and searches. They keep syncing. Deals that were made here stay shown.",
    (RecordKind.ACCOUNT, "push_new"): "From now on. Accounts made before stay out until they are edited, pushed by "
    "hand, or pushed once for all below. A contact's or deal's account goes with it even with this off.",
    (RecordKind.DEAL, "push_new"): "From now on. Off: only changes of linked deals are pushed. A deal's account goes "
    "before it.",
}


def label_of(kind: str, name: str) -> str:
    """What a setting is called on its page; "" where it is on none."""
    return LABELS.get(name, "").format(kinds=PLURALS[RecordKind(kind)])


def _hint(kind: str, name: str) -> str:
    kinds = PLURALS[RecordKind(kind)]
    return OF_KIND.get((RecordKind(kind), name)) or HINTS.get(name, "").format(kinds=kinds, Kinds=kinds.capitalize())
