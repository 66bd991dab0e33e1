"""What the sync adds to lists of records: a filter by its state, pushing and keeping out many at once."""

import django_filters
from django import forms
from django.db.models import QuerySet

from common import filters
from common.actions import RECORDS, ActionForm, Batch, Counts, register
from common.bulk_actions import GONE
from integrations import services
from integrations.logins import the_connection
from integrations.models import Lane, SkippedRecord
from integrations.sync.records import kind_of
from integrations.sync.state import State, in_state
from users.models import User

BY_HAND = 200  # more than these a person does not wait for, and nobody should wait behind


class SyncStateFilter(django_filters.ChoiceFilter):
    def __init__(self, kind: str) -> None:
        super().__init__(choices=State.choices, label="Sync state", empty_label="Any state")
        self.kind = kind

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        return in_state(qs, self.kind, State(value)) if value else qs


@filters.offer("sync", RECORDS)
def sync_state_filter(kind: str) -> SyncStateFilter:
    return SyncStateFilter(kind)


def _is_connected(user: User, kind: str) -> bool:
    return bool(the_connection().org_id)


@register(
    "push",
    "Push to Salesforce",
    icon="cloud-up",
    kinds=RECORDS,
    is_offered=_is_connected,
    refusal=lambda user, kind: services.push_refusal(kind),
    position=40,
    tells="Stage and other filters of the settings do not count. Records that are kept out of the sync stay out.",
)
def push(batch: Batch) -> Counts:
    records = list(batch.rows.select_for_update(of=("self",)).order_by("pk"))
    if not records:
        return {GONE: len(batch.ids)}
    kind = kind_of(records[0]) or ""
    skipped = set(SkippedRecord.objects.of(kind, list(batch.ids)).values_list("record_id", flat=True))
    due = [record for record in records if record.pk not in skipped]
    lane = Lane.PEOPLE if (batch.job.total or 0) <= BY_HAND else Lane.BACKGROUND
    services.queue_push(due, user=batch.user, lane=lane, is_manual=True)
    return {
        "put in the queue": len(due),
        "kept out of the sync": len(records) - len(due),
        GONE: len(batch.ids) - len(records),
    }


class SkipForm(ActionForm):
    what = forms.ChoiceField(
        choices=[
            ("out", "Keep them out: they stay as they are on both sides, and what waits to be sent is dropped"),
            ("in", "Let them in again: both sides are compared, and what changed meanwhile moves"),
        ],
        widget=forms.RadioSelect,
        initial="out",
        label="What becomes of them",
    )


@register("skip", "Don’t sync", icon="cloud-off", kinds=RECORDS, form=SkipForm, is_offered=_is_connected, position=50)
def skip(batch: Batch) -> Counts:
    records = list(batch.rows.select_for_update(of=("self",)).order_by("pk"))
    if not records:
        return {GONE: len(batch.ids)}
    is_out = batch.values["what"] == "out"
    changed = (services.skip_all if is_out else services.unskip_all)(records, batch.user)
    return {
        "kept out" if is_out else "let in again": changed,
        "as they were": len(records) - changed,
        GONE: len(batch.ids) - len(records),
    }
