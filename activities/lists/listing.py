"""What static lists add to the pages of records: a filter, putting many on a list and taking them off."""

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet

from activities.lists import services
from activities.models import ListMember, RecordList
from common import filters
from common.actions import RECORDS, ActionForm, Batch, Counts, register
from common.bulk_actions import GONE
from common.models import RecordKind
from contacts.listing import PROSPECTS, saved


class ListFilter(filters.ModelChoiceFilter):
    def __init__(self, kind: str) -> None:
        lists = RecordList.objects.of_kind(kind).order_by("sort_name")
        super().__init__(queryset=lists, label="List", empty_label="Any list")
        self.kind = kind

    def filter(self, qs: QuerySet, value: RecordList | None) -> QuerySet:
        if value is None:
            return qs
        return qs.filter(Exists(ListMember.objects.filter(list=value, **{self.kind: OuterRef("pk")})))


@filters.offer("list", RECORDS)
def list_filter(kind: str) -> ListFilter:
    return ListFilter(kind)


class AddForm(ActionForm):
    name = forms.CharField(
        max_length=120, label="List", help_text="The name of a list, or of a new one.", widget=forms.TextInput
    )


class RemoveForm(ActionForm):
    list: Any = forms.ModelChoiceField(queryset=None, empty_label="Choose a list")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["list"].queryset = RecordList.objects.of_kind(self.kind).order_by("sort_name")  # type: ignore[attr-defined]


@register("add_to_list", "Add to list", icon="playlist-add", kinds=RECORDS, form=AddForm, position=30)
def add(batch: Batch) -> Counts:
    present = services.list_named(batch.values["name"], batch.table.kind)
    ids = list(batch.rows.order_by("pk").values_list("pk", flat=True))
    added = services.add_to_list(present, ids, user=batch.user)
    return {"added": added, "on it already": len(ids) - added, GONE: len(batch.ids) - len(ids)}


@register(
    "save_to_list",
    "Save to list",
    icon="playlist-add",
    kinds=PROSPECTS,
    form=AddForm,
    position=30,
    tells="Who is no contact yet becomes one of yours, with the account if the CRM lacks it.",
)
def save_to_list(batch: Batch) -> Counts:
    contacts, counts = saved(batch)
    present = services.list_named(batch.values["name"], RecordKind.CONTACT)
    return {**counts, "added to the list": services.add_to_list(present, contacts, user=batch.user)}


@register(
    "remove_from_list",
    "Take off list",
    icon="playlist-x",
    kinds=RECORDS,
    form=RemoveForm,
    position=31,
)
def remove(batch: Batch) -> Counts:
    taken = services.remove_from_list(batch.values["list"], batch.ids, user=batch.user)
    return {"taken off": taken, "not on it": len(batch.ids) - taken}
