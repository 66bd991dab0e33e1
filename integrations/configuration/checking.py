"""Whether what a text says is possible in this workspace and org, and the steps that save what differs.

The steps are the saving functions of the pages, with all that follows from them. Custom fields and stages that the
text brings are made at once, in the caller's transaction: the rest names them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404
from django.utils.datastructures import MultiValueDict

from common.models import RecordKind
from common.visibility import let_see_pulled
from integrations import changes, staging, tuning
from integrations.configuration import activities, mapping, pairs
from integrations.configuration import fields as custom_fields
from integrations.configuration.export import PLACES, REMOTE, SETTINGS, Data, stage_names
from integrations.configuration.text import Path
from integrations.forms.ceiling import CeilingForm
from integrations.forms.objects import NO_STAGE
from integrations.models import Connection, DeletionSettings
from integrations.services import wake_inference
from integrations.sync.provider import Description
from integrations.sync.records import RECORD_TYPES, Field

Step = Callable[[], list[str]]
UNSEEN = "The team's login sees no such object in Salesforce. Give it the right there, or leave this part out."


@dataclass
class Checked:
    faults: list[tuple[Path, str]] = field(default_factory=list)
    warnings: list[tuple[Path, str]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def refuse(self, path: Path, message: str) -> None:
        self.faults.append((path, message))

    def then(self, step: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Do this when all is checked; what it answers in words is told."""
        self.steps.append(partial(_words, partial(step, *args, **options)))


def _words(step: Callable[[], Any]) -> list[str]:
    said = step()
    return said if isinstance(said, list) else []


def check(connection: Connection, now: Data, wanted: Data, given: Mapping[str, Any]) -> Checked:
    """``wanted`` is ``given`` laid over what is ``now``; only what differs is looked at."""
    checked = Checked()
    _team(connection, now["team"], wanted["team"], checked)
    for kind, place in PLACES.items():
        if place in given.get("custom_fields", {}):
            faults = custom_fields.make(kind, now, wanted)
            checked.faults += [(("custom_fields", place, *path), message) for path, message in faults]
    for kind, place in PLACES.items():
        if now.get(place) == wanted.get(place):
            continue
        if place not in now:
            checked.refuse((place,), UNSEEN)
        else:
            _Kind(connection, kind, now[place], wanted[place], checked).check()
    if now["activities"] != wanted["activities"]:
        of_activities = activities.check(connection, now["activities"], wanted["activities"])
        checked.faults += [(("activities", *path), message) for path, message in of_activities.faults]
        for step in of_activities.steps:
            checked.then(step)
    if now["people"] != wanted["people"]:
        found = pairs.check(connection, now["people"], wanted["people"])
        checked.faults += [(("people", name), message) for name, message in found.faults]
        checked.then(found.save)
    return checked


def _team(connection: Connection, now: Data, wanted: Data, checked: Checked) -> None:
    if now["pulled_seen_by"] != wanted["pulled_seen_by"]:
        checked.then(let_see_pulled, wanted["pulled_seen_by"])
    if now["api_ceiling_percent"] != wanted["api_ceiling_percent"]:
        form = CeilingForm(connection, {"api_ceiling_percent": wanted["api_ceiling_percent"]})
        for message in form.errors.get("api_ceiling_percent", []):
            checked.refuse(("team", "api_ceiling_percent"), str(message))
        checked.then(form.save)


class _Kind:
    """One kind of record: its settings and the objects that it is there."""

    def __init__(self, connection: Connection, kind: str, now: Data, wanted: Data, checked: Checked) -> None:
        self.connection, self.kind, self.now, self.wanted, self.checked = connection, kind, now, wanted, checked
        self.place = PLACES[kind]
        self.fields: Mapping[str, Field] = RECORD_TYPES[kind].fields
        self.stages = self._stages()
        self.descriptions = changes.descriptions_of(connection, kind)

    def differs(self, part: str, name: str = "") -> bool:
        now, wanted = (self.now.get(name, {}), self.wanted.get(name, {})) if name else (self.now, self.wanted)
        return bool(now.get(part) != wanted.get(part))

    def refuse(self, path: Path, message: str) -> None:
        self.checked.refuse((self.place, *path), message)

    def check(self) -> None:
        if self.differs("settings"):
            self._settings()
        for name in REMOTE[self.kind]:
            if self.now.get(name) == self.wanted.get(name):
                continue
            if name in self.descriptions:
                self._object(self.descriptions[name])
            else:
                self.refuse((name,), UNSEEN)
        if self.kind == RecordKind.ACCOUNT and self.differs("stage_follows_opportunities"):
            self._inference()

    def _stages(self) -> dict[str, int]:
        """Stages by name; those that are missing here are made, last in order, except deals': Salesforce has those."""
        present = {name: pk for pk, name in reversed(stage_names(self.kind).items())}
        missing = {name: path for path, name in self._named_stages() if name not in present}
        if self.kind == RecordKind.DEAL:
            for name, path in missing.items():
                self.refuse(path, f"There is no stage “{name}”. Stages of deals are those of Salesforce.")
            return present
        model: Any = RECORD_TYPES[self.kind].stage_model
        longest = model._meta.get_field("name").max_length
        for name, path in missing.items():
            if not name.strip() or len(name) > longest:
                self.refuse(path, f"A stage's name has 1 to {longest} characters.")
        fitting = [name for name in missing if name.strip() and len(name) <= longest]
        return present | dict(zip(fitting, staging.make_stages(self.kind, fitting), strict=True))

    def _named_stages(self) -> Iterator[tuple[Path, str]]:
        for name in self.wanted["settings"]["push_stages"]:
            if name is not None:
                yield ("settings", "push_stages"), name
        for event in staging.EVENTS:
            if name := self.wanted.get("stage_follows_opportunities", {}).get(event):
                yield ("stage_follows_opportunities", event), name
        for remote in REMOTE[self.kind]:
            for name in self.wanted.get(remote, {}).get("statuses", {}):
                yield (remote, "statuses", name), name

    def _settings(self) -> None:
        now, wanted = self.now["settings"], self.wanted["settings"]
        changed = [name for name in SETTINGS[self.kind] if now[name] != wanted[name]]
        try:
            form = changes.bind(self.connection, "settings", self.kind)
            form = changes.bind(self.connection, "settings", self.kind, self._posted(form, wanted))
        except Http404:
            self.refuse(("settings",), UNSEEN)
            return
        for name, messages in form.errors.items():
            for message in messages:
                self.refuse(("settings", *([name] if name in wanted else [])), message + _allowed(form, name))
        if not form.errors:
            row = form.save(commit=False)
            for name in changed:
                if name not in form.fields:
                    setattr(row, name, wanted[name])
            self.checked.then(tuning.save_settings, row, changed)

    def _posted(self, form: Any, wanted: Data) -> MultiValueDict[str, Any]:
        """The settings as a browser would send them."""
        data: MultiValueDict[str, Any] = MultiValueDict()
        for name in form.fields:
            value = wanted.get(name)
            if name == "push_stages":
                stages = [NO_STAGE if one is None else str(self.stages.get(one, 0)) for one in value or []]
                data.setlist(form.add_prefix(name), stages)
            elif value is not False or name == "push_by_stage":
                data[form.add_prefix(name)] = "on" if value is True and name != "push_by_stage" else str(value)
        return data

    def _object(self, description: Description) -> None:
        name = description.name
        if self.differs("fields", name):
            found = mapping.check(description, self.fields, self.now[name]["fields"], self.wanted[name]["fields"])
            for field_, message in found.faults:
                self.refuse((name, "fields", *([field_] if field_ else [])), message)
            for field_, message in found.warnings:
                path = (self.place, name, "fields", *([field_] if field_ else []))
                self.checked.warnings.append((path, message))
            if not found.faults:
                self.checked.then(mapping.save, self.connection, description, found.entries, self._stage_field(name))
        if self.kind != RecordKind.DEAL and (self.differs("statuses", name) or self._stage_field_differs(name)):
            self._statuses(description)
        if self.differs("conditions", name):
            self._conditions(name)
        if self.differs("deletions", name):
            self._deletions(name)

    def _stage_field(self, name: str) -> str:
        """The status field that the stage is to be mapped to, "" for none."""
        return str(self.wanted.get(name, {}).get("fields", {}).get("stage", {}).get("salesforce", ""))

    def _stage_field_differs(self, name: str) -> bool:
        before = self.now.get(name, {}).get("fields", {}).get("stage", {}).get("salesforce", "")
        return bool(before != self._stage_field(name))

    def _statuses(self, description: Description) -> None:
        name, wanted = description.name, self.wanted[description.name].get("statuses", {})
        if not self._stage_field(name):
            if wanted:
                self.refuse((name, "statuses"), "No field holds the stage: map “stage”, or leave these out.")
            return
        ids = {stage: self.stages[stage] for stage in wanted if stage in self.stages}
        every = self.stages if self.kind == RecordKind.ACCOUNT else None
        faults = pairs.status_faults(description, self._stage_field(name), wanted, every)
        for stage, message in faults:
            self.refuse((name, "statuses", *([stage] if stage else [])), message)
        values = {ids[stage]: value for stage, value in wanted.items() if stage in ids}
        self.checked.then(staging.save_pairs, self.connection, name, values)

    def _inference(self) -> None:
        wanted, place = self.wanted["stage_follows_opportunities"], "stage_follows_opportunities"
        if wanted["is_on"] and self._stage_field("Account"):
            self.refuse((place, "is_on"), "The stage is mapped to a field, too: leave “stage” out of the fields.")
        stages = {event: self.stages.get(wanted[event] or "") for event in staging.EVENTS}
        self.checked.then(staging.save_rule, self.connection, is_on=wanted["is_on"], stages=stages, takes_over=False)
        self.checked.then(transaction.on_commit, wake_inference)

    def _conditions(self, name: str) -> None:
        entries, mapped = self.wanted[name]["conditions"], self.wanted[name]["fields"]
        found = pairs.conditions(entries, {one: self.fields[one] for one in mapped if one in self.fields}, self.stages)
        for number, message in found.faults:
            self.refuse((name, "conditions", number), message)
        self.checked.then(tuning.save_conditions, self.connection, name, found.asked)

    def _deletions(self, name: str) -> None:
        now, wanted = self.now[name]["deletions"], self.wanted[name]["deletions"]
        row = DeletionSettings.of(self.connection, name)
        changed = [column for column, value in wanted.items() if now[column] != value]
        for column in changed:
            setattr(row, column, wanted[column])
        try:
            row.clean_fields()
        except ValidationError as error:
            for column, messages in error.message_dict.items():
                self.refuse((name, "deletions", column), " ".join(messages))
        self.checked.then(tuning.save_deletions, row, changed)


def _allowed(form: Any, name: str) -> str:
    """What can be chosen in a field of a form, where that is a list of names."""
    choices = getattr(form.fields.get(name), "choices", None)
    if not choices or name == "push_stages":
        return ""
    return f" Allowed here: {', '.join(str(value) or 'empty' for value, _ in choices)}."
