"""What the directory adds to contacts and accounts: taking over what it knows of them, one or many."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Model
from django.template.loader import render_to_string

from common import slots
from common.actions import ActionForm, Batch, Counts, register
from common.bulk_actions import GONE
from common.http import Request
from common.models import Record, RecordKind
from common.records import kind_of
from directory.enriching import enrichable_of
from directory.taking import enrich_many

REPLACE = "replace"


@slots.fill("record.actions")
def enrich_button(request: Request, records: Sequence[Model]) -> list[str]:
    return [_button(request, record) for record in records]


def _button(request: Request, record: Any) -> str:
    if not request.user.may_edit or not isinstance(record, Record) or not enrichable_of(kind_of(record)):
        return ""
    return render_to_string("directory/_enrich_button.html", {"record": record, "kind": kind_of(record)}, request)


class EnrichForm(ActionForm):
    what = forms.ChoiceField(
        label="What is written",
        choices=[("fill", "Only fill what is empty"), (REPLACE, "Also replace what differs")],
        widget=forms.RadioSelect,
        initial="fill",
    )


@register(
    "enrich",
    "Enrich",
    icon="database-import",
    kinds=(RecordKind.CONTACT, RecordKind.ACCOUNT),
    form=EnrichForm,
    position=45,
    tells="They take over what the directory knows of them: a contact by its e-mail address, else by its name and "
    "company; an account by its domain. It costs nothing, and counts as an edit of yours.",
)
def enrich(batch: Batch) -> Counts:
    enrichable = enrichable_of(batch.table.kind)
    assert enrichable is not None, "only kinds that can be enriched have the action"
    counts = enrich_many(enrichable, batch.ids, batch.user, replaces=batch.values["what"] == REPLACE)
    return {**counts, GONE: len(batch.ids) - counts.total()}
