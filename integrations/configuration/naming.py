"""What the names of a text are called on the pages."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.db.models import Model
from django.utils.text import capfirst

from integrations.configuration.comparing import Section
from integrations.forms.objects import label_of
from integrations.models import ActivitySettings, Connection, DeletionSettings, ObjectSettings, StageInference
from integrations.sync.records import RECORD_TYPES

MODELS: dict[str, type[Model]] = {
    "settings": ObjectSettings,
    "stage_follows_opportunities": StageInference,
    "deletions": DeletionSettings,
    "activities": ActivitySettings,
    "team": Connection,
}
WORDS = {
    "condition": "Condition",
    "is_on": "Stages follow opportunities",
    "most": "Deletions at once that wait for an admin: more than",
    "most_percent": "Deletions at once that wait for an admin: more than, in percent",
    "pulled_seen_by": "Pulled records are seen by",
}


def named(sections: Iterable[Section]) -> list[Section]:
    """The same, each difference called as its page calls it; what has no name there keeps its own."""
    sections = list(sections)
    kinds = {section.kind for section in sections if section.part == "fields"}
    fields = {kind: {name: field.label for name, field in RECORD_TYPES[kind].fields.items()} for kind in kinds}
    return [_named(section, fields.get(section.kind, {})) for section in sections]


def _named(section: Section, fields: Mapping[str, str]) -> Section:
    labels = fields if section.part == "fields" else {}
    told = [replace(one, name=labels.get(one.name) or _label(section, one.name)) for one in section.differences]
    return replace(section, differences=told)


def _label(section: Section, name: str) -> str:
    if name in WORDS:
        return WORDS[name]
    if section.part == "settings" and (label := label_of(section.kind, name)):
        return label
    model = MODELS.get(section.part or ("team" if section.title == "Team" else ""))
    columns = {column.name: column for column in model._meta.fields} if model else {}
    return capfirst(str(columns[name].verbose_name)) if name in columns else name
