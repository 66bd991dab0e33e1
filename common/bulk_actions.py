"""What can be done with any records at once: another owner, another stage, a sheet of them, deleting them."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone

from common import jobs, sheets, trash
from common.actions import RECORDS, ActionForm, Batch, Counts, register
from common.bulk import any_of, update_rows
from common.owning import reassign
from common.records import record_model

GONE = "not there any more"


def _present(batch: Batch) -> list[int]:
    """Those that the user still sees, locked."""
    return list(batch.rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


class OwnerForm(ActionForm):
    owner: Any = forms.ModelChoiceField(queryset=None, required=False, empty_label="Nobody", label="New owner")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = get_user_model()._default_manager.filter(is_active=True)  # type: ignore[attr-defined]
        self.initial["owner"] = self.user.pk


@register("owner", "Change owner", icon="user", kinds=(*RECORDS, "activity"), form=OwnerForm, position=10)
def change_owner(batch: Batch) -> Counts:
    present = _present(batch)
    changed = reassign(batch.table.model, present, batch.values["owner"], user=batch.user)
    return {"changed": changed, "as they were": len(present) - changed, GONE: len(batch.ids) - len(present)}


class StageForm(ActionForm):
    stage: Any = forms.ModelChoiceField(queryset=None, label="New stage")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        column, field = _stage_column(self.kind), self.fields["stage"]
        stages = column.related_model._default_manager
        field.queryset = stages.choosable() if hasattr(stages, "choosable") else stages.all()  # type: ignore[attr-defined]
        field.label_from_instance = lambda one: getattr(one, "name_in_choices", str(one))  # type: ignore[attr-defined]
        field.initial = field.queryset.first()  # type: ignore[attr-defined]
        field.required = not column.null
        field.empty_label = "No stage" if column.null else "Choose a stage"  # type: ignore[attr-defined]


def _stage_column(kind: str) -> Any:
    model: Any = record_model(kind)
    return model._meta.get_field("stage")


@register("stage", "Change stage", icon="progress", kinds=RECORDS, form=StageForm, position=20)
def change_stage(batch: Batch) -> Counts:
    present, stage = _present(batch), batch.values["stage"]
    is_there = Q(stage=stage) if stage else Q(stage__isnull=True)
    rows = batch.table.model._base_manager.filter(~is_there, pk__in=any_of(present, "bigint"))
    changed = update_rows(rows, stage=stage)
    return {"changed": changed, "as they were": len(present) - changed, GONE: len(batch.ids) - len(present)}


class ExportForm(ActionForm):
    what = forms.ChoiceField(
        choices=[("shown", "The columns that the list shows"), ("all", "All fields")],
        widget=forms.RadioSelect,
        initial="shown",
        label="What the sheet holds",
    )
    columns = forms.CharField(required=False, widget=forms.HiddenInput)


@register(
    "export",
    "Export",
    icon="file-export",
    kinds=(*RECORDS, "activity"),
    form=ExportForm,
    position=80,
    is_reading=True,
    tells="They are written into a CSV file, which spreadsheets open. It can be downloaded for a week.",
)
def export(batch: Batch) -> Counts:
    table = batch.table
    columns = table.columns()
    if batch.values["what"] == "shown":
        columns = table.choose(columns, batch.values["columns"].split(","))
    cells = [*table.named, *(cell for column in columns for cell in column.cells)]
    rows = list(batch.rows.order_by("pk").select_related(*table.related))
    lines = sheets.lines([[cell.value(row) for cell in cells] for row in rows])
    if not batch.job.result_name:
        batch.job.result_name = f"{table.many} {timezone.localdate():%Y-%m-%d}.csv"
        lines = sheets.head([cell.head for cell in cells]) + lines
    jobs.keep(batch.job, [lines.encode()])
    return {"written": len(rows), GONE: len(batch.ids) - len(rows)}


@register(
    "delete",
    "Delete",
    icon="trash",
    kinds=RECORDS,
    position=90,
    is_danger=True,
    tells="They will be gone for everybody. For 30 days they can be restored.",
    warns=trash.what_deleting_does,
)
def delete(batch: Batch) -> Counts:
    present = _present(batch)
    deleted = trash.delete_records(batch.table.model, present)
    return {"deleted": deleted, GONE: len(batch.ids) - deleted}
