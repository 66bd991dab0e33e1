"""What the sync adds to lists of records: a filter by its state, pushing and keeping out many at once."""

from collections.abc import Sequence

import django_filters
from django import forms
from django.db.models import QuerySet

from common import filters
from common.actions import RECORDS, ActionForm, Batch, Counts, register
from common.bulk import any_of
from common.bulk_actions import GONE
from common.models import RecordKind
from common.visibility import seen_of
from contacts.listing import PROSPECTS, saved
from contacts.models import Contact
from integrations import campaigns, services
from integrations.forms.campaigns import CampaignForm
from integrations.logins import the_connection
from integrations.models import Lane, SkippedRecord, SyncedKind
from integrations.sync.records import kind_of
from integrations.sync.state import State, in_state
from users.models import User

SYNCED = (*RECORDS, str(SyncedKind.ACTIVITY))
BY_HAND = 200  # more than these a person does not wait for, and nobody should wait behind


class SyncStateFilter(django_filters.ChoiceFilter):
    def __init__(self, kind: str) -> None:
        super().__init__(choices=State.choices, label="Sync state", empty_label="Any state")
        self.kind = kind

    def filter(self, qs: QuerySet, value: str) -> QuerySet:
        return in_state(qs, self.kind, State(value)) if value else qs


@filters.offer("sync", SYNCED)
def sync_state_filter(kind: str) -> SyncStateFilter:
    return SyncStateFilter(kind)


def _is_connected(user: User, kind: str) -> bool:
    return bool(the_connection().org_id)


@register(
    "push",
    "Push to Salesforce",
    icon="cloud-up",
    kinds=SYNCED,
    is_offered=_is_connected,
    refusal=lambda user, kind: services.push_refusal(kind),
    position=40,
    tells="Stage and other filters of the settings do not count. Records that are kept out of the sync stay out.",
)
def push(batch: Batch) -> Counts:
    return _push(batch.rows, batch.ids, batch)


def _push(rows: QuerySet, ids: Sequence[int], batch: Batch) -> Counts:
    records = list(rows.filter(pk__in=any_of(ids, "bigint")).select_for_update(of=("self",)).order_by("pk"))
    if not records:
        return {GONE: len(ids)}
    kind = kind_of(records[0]) or ""
    skipped = set(SkippedRecord.objects.of(kind, list(ids)).values_list("record_id", flat=True))
    due = [record for record in records if record.pk not in skipped]
    lane = Lane.PEOPLE if (batch.job.total or 0) <= BY_HAND else Lane.BACKGROUND
    services.queue_push(due, user=batch.user, lane=lane, is_manual=True)
    return {
        "put in the queue": len(due),
        "kept out of the sync": len(records) - len(due),
        GONE: len(ids) - len(records),
    }


@register(
    "save_and_push",
    "Push to Salesforce",
    icon="cloud-up",
    kinds=PROSPECTS,
    is_offered=_is_connected,
    refusal=lambda user, kind: services.push_refusal(RecordKind.CONTACT),
    position=40,
    tells="Who is no contact yet becomes one of yours, with the account if the CRM lacks it, and is pushed.",
)
def save_and_push(batch: Batch) -> Counts:
    ids, counts = saved(batch)
    return {**counts, **_push(seen_of(Contact, batch.user), ids, batch)}


def _campaign_refusal(user: User, kind: str) -> str:
    return campaigns.refusal(user)


@register(
    "campaign",
    "Push to campaign",
    icon="speakerphone",
    kinds=(str(RecordKind.CONTACT),),
    form=CampaignForm,
    is_offered=_is_connected,
    refusal=_campaign_refusal,
    rest=campaigns.rest,
    position=45,
    tells="They become members of a campaign in Salesforce. Who is not in Salesforce is pushed first.",
)
def push_to_campaign(batch: Batch) -> Counts:
    ids = list(batch.rows.order_by("pk").values_list("pk", flat=True))
    campaigns.add(batch.values["campaign"], batch.values["status"], ids, user=batch.user, job=batch.job)
    return {GONE: len(batch.ids) - len(ids)}


@register(
    "save_and_campaign",
    "Push to campaign",
    icon="speakerphone",
    kinds=PROSPECTS,
    form=CampaignForm,
    is_offered=_is_connected,
    refusal=_campaign_refusal,
    rest=campaigns.rest,
    position=45,
    tells="Who is no contact yet becomes one of yours, is pushed to Salesforce, and becomes a member of the campaign.",
)
def save_and_push_to_campaign(batch: Batch) -> Counts:
    ids, counts = saved(batch)
    campaigns.add(batch.values["campaign"], batch.values["status"], ids, user=batch.user, job=batch.job)
    return counts


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


@register("skip", "Don’t sync", icon="cloud-off", kinds=SYNCED, form=SkipForm, is_offered=_is_connected, position=50)
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
