"""Which activities are pushed, and which e-mails are kept out, as a text says it: checked by the forms of the page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from integrations import activity_settings
from integrations.configuration.export import ACTIVITIES, Data
from integrations.configuration.text import Path
from integrations.forms.activities import ActivitySettingsForm, Sync
from integrations.forms.exclusions import ExclusionForm
from integrations.models import ActivitySettings, Connection, ExclusionRule
from integrations.models.activities import CONDITIONS


@dataclass
class Found:
    faults: list[tuple[Path, str]] = field(default_factory=list)
    steps: list[Callable[[], list[str]]] = field(default_factory=list)


def check(connection: Connection, now: Data, wanted: Data) -> Found:
    found = Found()
    if now["settings"] != wanted["settings"]:
        _settings(connection, now["settings"], wanted["settings"], found)
    if now["exclusion_rules"] != wanted["exclusion_rules"]:
        _rules(connection, now["exclusion_rules"], wanted["exclusion_rules"], found)
    return found


def _settings(connection: Connection, now: Data, wanted: Data, found: Found) -> None:
    posted = {name: value for name, value in wanted.items() if value is not False}
    form = ActivitySettingsForm(posted, instance=ActivitySettings.of(connection), sync=Sync.of(connection))
    found.faults += [(("settings", *path), message) for path, message in _errors(form, ACTIVITIES)]
    changed = [name for name in ACTIVITIES if now[name] != wanted[name]]
    if not form.errors:
        found.steps.append(partial(activity_settings.save_settings, form.save(commit=False), changed))


def _rules(connection: Connection, now: Data, wanted: Data, found: Found) -> None:
    """Rules that are as they are set now were looked at when they were set."""
    rules, ids = [], dict(connection.exclusion_rules.values_list("name", "pk"))
    for name, said in wanted.items():
        rule = ExclusionRule(pk=ids.get(name), connection=connection, name=name, **said)
        rules.append(rule)
        if now.get(name) == said:
            continue
        posted = {"name": name, "join": rule.join} | {each: "\n".join(getattr(rule, each)) for each in CONDITIONS}
        form = ExclusionForm(posted, instance=rule)
        found.faults += [(("exclusion_rules", name, *path), message) for path, message in _errors(form, said)]
    found.steps.append(partial(activity_settings.replace_rules, connection, rules))


def _errors(form: Any, names: Any) -> Iterator[tuple[Path, str]]:
    errors: Mapping[str, list[str]] = form.errors
    for name, messages in errors.items():
        yield from (((name,) if name in names else (), str(message)) for message in messages)
