"""What sequences add to the pages of contacts: a filter, and enrolling many at once."""

from collections import Counter
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet

from activities.models import Enrolment, Sequence
from activities.sequences.enrolling import enrol
from activities.sequences.jobs import counted
from common import filters
from common.actions import ActionForm, Batch, Counts, register
from common.bulk_actions import GONE
from common.models import RecordKind
from contacts.listing import PROSPECTS, saved

CONTACTS = (RecordKind.CONTACT,)


class SequenceFilter(filters.ModelChoiceFilter):
    """Who is in a sequence now: active or paused."""

    def __init__(self) -> None:
        sequences = Sequence.objects.order_by("sort_name")
        super().__init__(queryset=sequences, label="In sequence", empty_label="Any sequence")

    def filter(self, qs: QuerySet, value: Sequence | None) -> QuerySet:
        if value is None:
            return qs
        return qs.filter(Exists(Enrolment.objects.open().filter(sequence=value, contact=OuterRef("pk"))))


@filters.offer("sequence", CONTACTS)
def sequence_filter(kind: str) -> SequenceFilter:
    return SequenceFilter()


class EnrolManyForm(ActionForm):
    sequence: Any = forms.ModelChoiceField(
        queryset=None,
        empty_label="Choose a sequence",
        help_text="Who opted out, has no address or has been in it is left out, and counted with the reason.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sequences = Sequence.objects.filter(steps__isnull=False).distinct().order_by("sort_name")
        self.fields["sequence"].queryset = sequences  # type: ignore[attr-defined]


@register("enrol", "Add to sequence", icon="route", kinds=CONTACTS, form=EnrolManyForm, position=35)
def enrol_many(batch: Batch) -> Counts:
    present = batch.rows.count()
    result = enrol(batch.values["sequence"], batch.ids, user=batch.user)
    return counted(result) + Counter({GONE: len(batch.ids) - present})


@register(
    "save_and_enrol",
    "Add to sequence",
    icon="route",
    kinds=PROSPECTS,
    form=EnrolManyForm,
    position=35,
    tells="Who is no contact yet becomes one of yours, with the account if the CRM lacks it.",
)
def save_and_enrol(batch: Batch) -> Counts:
    contacts, counts = saved(batch)
    return Counter(counts) + counted(enrol(batch.values["sequence"], contacts, user=batch.user))
