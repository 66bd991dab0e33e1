from datetime import date, timedelta
from functools import cached_property
from operator import attrgetter

from django import forms
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account
from common.filters import ModelChoiceFilter, RecordFilter, SeenFilter, YesNoFilter
from common.paging import Order
from deals.models import Deal, Pipeline, Stage

CLOSED_WITHIN = {
    "30": (30, "Closed in the last 30 days"),
    "90": (90, "Closed in the last 90 days"),
    "365": (365, "Closed in the last year"),
    "all": (0, "All closed deals"),
}
DEFAULT_WITHIN = "90"

ORDERS: dict[str, Order] = {
    "newest": ("-created_at", "-id"),
    "name": ("sort_name", "id"),
    "close": ("sort_close_on", "id"),
    "changed": ("-updated_at", "-id"),
}


class StageFilter(ModelChoiceFilter):
    @property
    def field(self) -> forms.Field:
        field = super().field
        field.label_from_instance = attrgetter("name_in_choices")
        return field


def _is_open() -> Q:
    """By the stages themselves: the indexes that deals are listed by have their stage, so nothing is joined."""
    return Q(stage__in=list(Stage.objects.filter(is_closed=False)))


class DealFilter(RecordFilter):
    stage = StageFilter(queryset=Stage.objects.choosable(), empty_label="Any stage")
    open = YesNoFilter(when=_is_open, label="Open", empty_label="Open?")
    account = SeenFilter(Account)

    class Meta:
        model = Deal
        fields = ["q", "owner", "stage", "open", "synced", "account"]


class BoardFilter(RecordFilter):
    """Which pipeline, and which of its deals: closed ones for a while only, or a board would be a history."""

    pipeline = ModelChoiceFilter(queryset=Pipeline.objects.all(), label="Pipeline", empty_label=None, method="keep_all")
    account = SeenFilter(Account)

    class Meta:
        model = Deal
        fields = ["q", "owner", "synced", "account"]

    @cached_property
    def pipeline_shown(self) -> Pipeline | None:
        """The chosen one, else the default one."""
        chosen = self.form.cleaned_data.get("pipeline") if self.is_valid() else None
        return chosen or Pipeline.objects.first()

    @property
    def closed_within(self) -> str:
        chosen = self.data.get("closed", "")
        return chosen if chosen in CLOSED_WITHIN else DEFAULT_WITHIN

    @property
    def closed_choices(self) -> list[tuple[str, str]]:
        return [(key, label) for key, (_, label) in CLOSED_WITHIN.items()]

    @property
    def closed_since(self) -> date:
        days, _ = CLOSED_WITHIN[self.closed_within]
        return timezone.localdate() - timedelta(days=days) if days else date.min
