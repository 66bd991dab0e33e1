"""Changes of the settings: how the form of each section is bound, and what saving it does.

A change that can be saved can be tried first: pages save through ``bind`` and ``save``, and a preview calls the same
two, in a transaction that is rolled back. A new section is an entry in ``SECTIONS``.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django import forms
from django.db.models import Model, QuerySet
from django.http import Http404, QueryDict

from common.models import RecordKind
from integrations import conditioning, pairing, staging, tuning
from integrations.dependencies import Around
from integrations.forms.deletions import DeletionForm
from integrations.forms.mapping import PairForm
from integrations.forms.objects import ObjectSettingsForm
from integrations.forms.stages import INFER, StagesForm
from integrations.models import (
    ActivitySettings,
    Connection,
    DeletionSettings,
    ExclusionRule,
    FieldMapping,
    ObjectSettings,
    PullCondition,
    RecordLink,
    StageInference,
    StageMapping,
)
from integrations.sync.eligibility import stays_here
from integrations.sync.provider import Description
from integrations.sync.records import KINDS, RECORD_TYPES
from integrations.tables import Table


@dataclass(frozen=True)
class Section:
    """One part of the settings of a kind or a remote object, which ``name`` is.

    ``bind`` raises Http404 where there is no such thing; ``save`` is given a valid form and answers in words.
    """

    bind: Callable[[Connection, str, Any], forms.BaseForm]
    save: Callable[[Connection, str, Any], list[str]]
    is_tried_on: bool = False  # whether saving also writes to links: ``save`` then takes those to be tried on


def bind(connection: Connection, section: str, name: str, data: Any = None) -> Any:
    """The form of a section, filled in with ``data``. Raises Http404."""
    if section not in SECTIONS:
        raise Http404(f"There are no settings called “{section}”.")
    return SECTIONS[section].bind(connection, name, data)


def save(connection: Connection, section: str, name: str, form: Any) -> list[str]:
    """Carry out a valid form of a section; answers what that did, in words."""
    return SECTIONS[section].save(connection, name, form)


def try_out(connection: Connection, section: str, name: str, form: Any, links: QuerySet[RecordLink]) -> None:
    """The same for a preview, in a transaction that is rolled back: of all links only these are written to."""
    chosen: Any = SECTIONS[section]
    if chosen.is_tried_on:
        chosen.save(connection, name, form, links)
    else:
        chosen.save(connection, name, form)


def as_data(posted: QueryDict) -> dict[str, list[str]]:
    """What was filled in, to be kept: without NUL, which no form takes and JSON in the database can't hold."""
    kept = ((name, values) for name, values in posted.lists() if name != "csrfmiddlewaretoken" and "\0" not in name)
    return {name: [str(value).replace("\0", "") for value in values] for name, values in kept}


def filled(data: Mapping[str, list[str]]) -> QueryDict:
    """What was kept, as it was filled in."""
    posted = QueryDict(mutable=True)
    for name, values in data.items():
        posted.setlist(name, values)
    return posted


def state_of(connection: Connection) -> str:
    """A name for the settings as they are: another one as soon as anybody changed any of them."""
    rows = [
        [table.__name__, *map(str, row)]
        for table in TABLES
        for row in table._default_manager.filter(connection=connection).order_by("pk").values_list(*_own(table))
    ]
    return sha256(json.dumps(rows).encode()).hexdigest()


TABLES: tuple[type[Model], ...] = (
    ObjectSettings,
    FieldMapping,
    StageMapping,
    StageInference,
    PullCondition,
    DeletionSettings,
    ActivitySettings,
    ExclusionRule,
)
MOVING = {"push_all_after", "push_all_by", "push_all_held", "push_all_run", "shown_after", "updated_at", "created_at"}


def _own(table: type[Model]) -> list[str]:
    """The columns that people fill in: not those in which background work keeps where it stands."""
    return [column.attname for column in table._meta.concrete_fields if column.name not in MOVING]


def objects_of(name: str) -> list[str]:
    """The objects that a section of this name is about: one, or all of a kind."""
    return [name] if name in KINDS else [each for each, kind in KINDS.items() if kind == name]


def descriptions_of(connection: Connection, kind: str) -> dict[str, Description]:
    """The described objects of a kind, in their usual order."""
    names = [name for name, its_kind in KINDS.items() if its_kind == kind]
    rows = {row.remote_object: row for row in connection.descriptions.filter(remote_object__in=names)}
    return {name: Description.from_json(rows[name].content) for name in names if name in rows}


def _settings_form(connection: Connection, kind: str, data: Any) -> ObjectSettingsForm:
    return settings_form(connection, kind, descriptions_of(connection, kind), data)


def settings_form(
    connection: Connection, kind: str, descriptions: Mapping[str, Description], data: Any = None
) -> ObjectSettingsForm:
    """Raises Http404 where there is nothing to set."""
    row = ObjectSettings.objects.filter(connection=connection, record_kind=kind).first()
    if row is None or not descriptions:
        raise Http404(f"There are no settings for “{kind}”.")
    around = Around.of(connection)
    return ObjectSettingsForm(data, instance=row, stages=stage_choices(kind), descriptions=descriptions, around=around)


def stage_choices(kind: str) -> list[tuple[int, str]]:
    """The stages that records of a kind can be in, in their order."""
    stages: Any = RECORD_TYPES[kind].stage_model._default_manager
    rows = stages.choosable() if kind == RecordKind.DEAL else stages.all()
    return [(stage.pk, getattr(stage, "name_in_choices", stage.name)) for stage in rows]


def _save_settings(connection: Connection, kind: str, form: ObjectSettingsForm) -> list[str]:
    return tuning.save_settings(form.save(commit=False), form.changed_data)


def _mapping_form(connection: Connection, remote_object: str, data: Any) -> PairForm:
    """Of the one field that ``data`` names, which is only shown while it says nothing of what it is mapped to."""
    return Table.load_named(connection, remote_object).pair_form(data or {})


def _save_mapping(
    connection: Connection, remote_object: str, form: PairForm, links: QuerySet[RecordLink] | None = None
) -> list[str]:
    seen, takes_over = form.cleaned_data["seen"] or None, form.cleaned_data["takes_over"]
    saved = pairing.save_pair(connection, form.description, form.choice, seen=seen, takes_over=takes_over, links=links)
    if not saved.is_changed:
        return ["Nothing had changed."]
    label = form.local.label
    if not form.chosen:
        return [f"“{label}” is not mapped any more."]
    freed = f" “{form.locals[saved.freed].label}” gave it up." if saved.freed in form.locals else ""
    return [f"“{label}” is mapped to “{form.chosen.label}” of the {form.description.label}.{freed}"]


def _stages_form(connection: Connection, remote_object: str, data: Any) -> forms.BaseForm:
    form = Table.load_named(connection, remote_object).stages_context(data)["form"]
    if not isinstance(form, forms.BaseForm):
        raise Http404("The stages of deals follow Salesforce.")
    return form


def _save_stages(connection: Connection, remote_object: str, form: StagesForm) -> list[str]:
    source = form.cleaned_data["source"] if "source" in form.data else form.present
    field = "" if source == INFER else source
    is_changed = staging.choose_field(connection, form.description, field)
    if field:
        is_changed |= staging.save_pairs(connection, remote_object, form.chosen())
    if form.is_account:
        stages = {event: form.cleaned_data.get(event) for event in staging.EVENTS}
        takes_over = form.cleaned_data.get("takes_over", False)
        is_changed |= staging.save_rule(connection, is_on=source == INFER, stages=stages, takes_over=takes_over)
    if not is_changed:
        return ["Nothing had changed."]
    return ["Saved. Account stages follow in a moment." if source == INFER else "The stages are mapped."]


def _deletions_form(connection: Connection, remote_object: str, data: Any) -> DeletionForm:
    return deletions_form(connection, _described(connection, remote_object), data)


def deletions_form(connection: Connection, description: Description, data: Any = None) -> DeletionForm:
    settings = connection.object_settings.filter(record_kind=KINDS[description.name]).first()
    row = DeletionSettings.of(connection, description.name)
    reason = stays_here(settings) if settings else ""
    prefix = f"deletions-{description.name}"
    return DeletionForm(data, instance=row, description=description, stays_here=reason, prefix=prefix)


def _save_deletions(connection: Connection, remote_object: str, form: DeletionForm) -> list[str]:
    return tuning.save_deletions(form.save(commit=False), form.changed_data)


def _conditions_form(connection: Connection, remote_object: str, data: Any) -> forms.BaseForm:
    return conditioning.form_for(connection, _described(connection, remote_object), data)


def _save_conditions(connection: Connection, remote_object: str, form: Any) -> list[str]:
    tuning.save_conditions(connection, remote_object, form.asked())
    return ["Saved. Pulled records are being shown and hidden."]


def _described(connection: Connection, remote_object: str) -> Description:
    """Raises Http404."""
    row = connection.descriptions.filter(remote_object=remote_object).first()
    if remote_object not in KINDS or row is None:
        raise Http404(f"There are no settings of “{remote_object}”.")
    return Description.from_json(row.content)


SECTIONS = {
    "settings": Section(_settings_form, _save_settings),
    "mapping": Section(_mapping_form, _save_mapping, is_tried_on=True),
    "stages": Section(_stages_form, _save_stages),
    "deletions": Section(_deletions_form, _save_deletions),
    "conditions": Section(_conditions_form, _save_conditions),
}
