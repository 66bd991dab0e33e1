"""Mending what was refused: another value in the record's own field, or another word for it from now on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from common.models import Record, RecordKind
from common.records import assign, locked, save_changes
from integrations import connecting
from integrations.asking import allowed_values
from integrations.explanations import OF_A_VALUE, OF_A_WORD, OF_THE_DESCRIPTION
from integrations.logins import the_connection
from integrations.models import CampaignMember, ErrorEntry, ErrorEntryQuerySet, FieldMapping, Outbox
from integrations.pairing import change_words
from integrations.services import Refused
from integrations.sync.limits import problems
from integrations.sync.mapping import MISSING, Pair, to_remote
from integrations.sync.provider import ProviderError
from integrations.sync.records import CUSTOM, RECORD_TYPES, SYNCED, Field, Type, model_of
from integrations.sync.scope import Scope
from integrations.sync.value_map import Way

CHOSEN = {Type.PICKLIST, Type.MULTI_PICKLIST}
WORDS = {Type.TEXT, Type.LONG_TEXT, *CHOSEN}  # what a value map may call otherwise
INPUTS = {Type.DATE: "date", Type.EMAIL: "email", Type.URL: "url", Type.PHONE: "tel"}
MENDABLE = {*WORDS, *INPUTS, Type.NUMBER, Type.STAGE} - {Type.MULTI_PICKLIST}


@dataclass(frozen=True)
class Mend:
    """What a person may do about a refused value.

    ``choices``: the only values that mend it, with their labels; empty where any may be typed. ``strays``: values of
    ours that Salesforce does not know, each of which may be called by one of ``words`` from now on.
    """

    field: Field
    value: Any
    choices: Sequence[tuple[str, str]] = ()
    strays: Sequence[str] = ()
    words: Sequence[str] = ()

    @property
    def input_type(self) -> str:
        return INPUTS.get(self.field.type, "text")

    @property
    def present(self) -> Any:
        """The value as the input takes it."""
        return self.value.isoformat() if isinstance(self.value, date) else self.value

    @property
    def can_be_changed(self) -> bool:
        return self.field.type in MENDABLE


def record_of(entry: ErrorEntry) -> Record | None:
    """None: it was deleted since. That of a campaign's member is the contact."""
    if entry.record_kind == ErrorEntry.MEMBER:
        row = CampaignMember.objects.filter(pk=entry.record_id or 0).first()
        return model_of(RecordKind.CONTACT)._default_manager.filter(pk=row.record_id).first() if row else None
    return model_of(entry.record_kind)._default_manager.filter(pk=entry.record_id).first()


def mend_of(entry: ErrorEntry, record: Record | None) -> Mend | None:
    """How the refused value can be mended; None where another value does not help."""
    name = entry.details.get("local_field", "")
    has_fields = entry.record_kind in SYNCED and entry.code in OF_A_VALUE
    field = SYNCED[entry.record_kind].fields.get(name) if has_fields else None
    if field is None or record is None or entry.closed_at:
        return None
    if not entry.details.get("allowed"):
        return Mend(field, field.get(record)) if field.type in MENDABLE else None
    scope = Scope.load(entry.connection, entry.remote_object, entry.credential)
    pair = scope.by_name.get(scope.by_field.get(name, ""))
    allowed = _allowed(entry, pair) if pair else []
    if pair is None or not allowed:
        return None
    if field.type == Type.STAGE:
        stages = _stages(scope, allowed)
        return Mend(field, field.get(record), stages) if stages else None
    here = _called_here(pair, allowed)
    strays = _strays(pair, record, allowed) if field.type in WORDS and entry.code in OF_A_WORD else []
    return Mend(field, field.get(record), [(value, value) for value in here], strays, allowed)


def _allowed(entry: ErrorEntry, pair: Pair) -> list[str]:
    """By the record's type, if Salesforce was asked for that; else by the description as it is now."""
    return list(entry.details["allowed"] if "record_type" in entry.details else pair.remote.values)


def may_be_narrowed(entry: ErrorEntry) -> bool:
    """Whether Salesforce refused a value that its description allows: the record's type may not."""
    is_word = entry.code in OF_A_WORD and entry.details.get("local_field")
    return bool(is_word) and entry.by == ErrorEntry.By.REMOTE and "record_type" not in entry.details


def ask_allowed(entry: ErrorEntry) -> None:
    """Ask Salesforce which values the record's type allows, and keep them with the entry. Raises Refused."""
    if not may_be_narrowed(entry):
        raise Refused("There is nothing to ask about this value.")
    found = allowed_values(entry)
    with transaction.atomic():
        present = ErrorEntry.objects.select_for_update().values_list("details", flat=True).get(pk=entry.pk)
        entry.details = {**present, "allowed": list(found.values), "record_type": found.record_type}
        entry.save(update_fields=["details"])


def _stages(scope: Scope, allowed: Sequence[str]) -> list[tuple[str, str]]:
    """Our stages that Salesforce has a word for."""
    words = scope.vocabulary().stages
    ids = [stage_id for value in allowed for stage_id in words.get(value, ())]
    names = scope.type.stage_model._default_manager.in_bulk(ids)
    return [(str(pk), str(names[pk])) for pk in ids if pk in names]


def _called_here(pair: Pair, allowed: Sequence[str]) -> list[str]:
    """Our words for what Salesforce allows; of a closed value map, those that it has."""
    words = pair.value_map
    if words.is_closed:
        return [ours for ours, theirs in words.out.items() if theirs in allowed]
    return [str(words.meant(value)) for value in allowed]


def _strays(pair: Pair, record: Record, allowed: Sequence[str]) -> list[str]:
    value = pair.field.get(record)
    ours = value if isinstance(value, list) else [value] if value else []
    texts = [text for one in ours if (text := str(one).strip())]
    return [text for text in texts if pair.value_map.unsaid(text) or pair.value_map.said(text) not in allowed]


@transaction.atomic
def mend_value(entry: ErrorEntry, value: str) -> None:
    """Write another value into the record, as its owner would. Raises ValidationError."""
    record = _locked_record(entry)
    mend = mend_of(entry, record)
    if mend is None or not mend.can_be_changed:
        raise ValidationError("This can't be mended by another value.")
    if mend.choices and value not in dict(mend.choices):
        raise ValidationError(f"Choose one of: {', '.join(label for _, label in mend.choices)}.")
    save_changes(record, assign(record, _change(entry, mend.field, value)))
    if found := _unfit(entry, record, mend.field):
        raise ValidationError(found)


def _locked_record(entry: ErrorEntry) -> Record:
    model = model_of(entry.record_kind)
    try:
        return locked(model, entry.record_id or 0)
    except model.DoesNotExist as error:
        raise ValidationError("The record was deleted here.") from error


def _change(entry: ErrorEntry, field: Field, value: str) -> dict[str, Any]:
    if field.is_custom:
        return {"custom": {field.name.removeprefix(CUSTOM): value}}
    if field.type == Type.STAGE:
        return {field.name: RECORD_TYPES[entry.record_kind].stage_model._default_manager.get(pk=value)}
    is_none = not value and field.empty is None
    return {field.name: None if is_none else value}


def _unfit(entry: ErrorEntry, record: Record, field: Field) -> list[str]:
    """What Salesforce would refuse of the field again, by its description."""
    scope = Scope.load(entry.connection, entry.remote_object, entry.credential)
    pair = scope.by_name.get(scope.by_field.get(field.name, ""))
    if pair is None:
        return []
    vocabulary = scope.vocabulary([record])
    sent = to_remote(pair, scope.value_of(record, field, vocabulary), vocabulary)
    values = {} if sent is MISSING else {pair.name: sent}
    return [problem.message for problem in problems(values, scope.description, is_create=False)]


@transaction.atomic
def map_values(entry: ErrorEntry, words: Mapping[str, str]) -> ErrorEntryQuerySet:
    """Have values of ours called by words of theirs from now on; returns the entries that this mends.

    On the way back nothing changes: what they call so is read as before. Raises ValidationError.
    """
    record = _locked_record(entry)
    mend = mend_of(entry, record)
    if mend is None or not mend.strays:
        raise ValidationError("There is no value left to be mapped.")
    chosen = {stray: words.get(stray, "") for stray in mend.strays}
    if not set(chosen.values()) <= set(mend.words):
        raise ValidationError(f"Choose one of: {', '.join(mend.words)}.")
    mappings = FieldMapping.objects.select_for_update().filter(connection=entry.connection)
    mapping = mappings.get(remote_object=entry.remote_object, field=mend.field.name)
    change_words(mapping, _with(mapping.value_map, chosen))
    return alike(entry)


def alike(entry: ErrorEntry) -> ErrorEntryQuerySet:
    """Open entries that were refused for the same value of the same field, this one among them."""
    name = entry.first_field
    entries = ErrorEntry.objects.open().of_cause(entry.remote_object, entry.code, name)
    sent = entries.annotate(sent=KeyTextTransform(name, "payload"))
    return sent.filter(Q(pk=entry.pk) | Q(sent=entry.payload.get(name)), connection=entry.connection)


def _with(rows: Sequence[Mapping[str, str]], words: Mapping[str, str]) -> list[dict[str, str]]:
    """A value map with these words for what goes out; what came in by a row still does."""
    kept = [dict(row) for row in rows if row["ours"] not in words or row["way"] != Way.OUT]
    for row in kept:
        if row["ours"] in words:
            row["way"] = Way.IN
    return kept + [{"ours": ours, "theirs": theirs, "way": Way.OUT} for ours, theirs in words.items()]


def is_waiting(entry: ErrorEntry) -> bool:
    """Whether the record is on its way again."""
    if entry.record_kind == ErrorEntry.MEMBER:
        return CampaignMember.objects.waiting().filter(pk=entry.record_id or 0).exists()
    return Outbox.objects.of(entry.record_kind, [entry.record_id or 0]).due().exists()


def look_again(entries: Sequence[ErrorEntry]) -> str:
    """What our own check refused by an old description of the org is checked by a new one. Answers why it can't be."""
    connection = the_connection()
    is_stale = any(entry.by == ErrorEntry.By.TANDEM and entry.code in OF_THE_DESCRIPTION for entry in entries)
    if is_stale and connection.team_credential and not connection.team_credential.broken_reason:
        try:
            connecting.refresh_descriptions(connection, connection.team_credential)
        except ProviderError as error:
            return f"The fields could not be read again: {error.reason}"
    return ""
