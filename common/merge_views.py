"""Merging two records: choosing the other one, comparing them side by side, calling them two."""

from typing import Any

import pghistory
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from common import comparing, duplicates, merging
from common.access import refuse_readers
from common.http import Request
from common.models import DeletedRecord, Record
from common.pages import UNPROCESSABLE
from common.records import kind_of
from common.views import record_or_404
from common.visibility import seen_of
from common.widgets import RecordPicker


class OtherForm(forms.Form):
    """Which record the present one is merged with."""

    other: Any = forms.ModelChoiceField(queryset=None, error_messages={"required": "Choose a record."})

    def __init__(self, kind: str, records: QuerySet[Record], data: QueryDict | None) -> None:
        super().__init__(data)
        field: Any = self.fields["other"]
        field.widget, field.queryset = RecordPicker(kind), records


@login_required
def merge_choose(request: Request, kind: str, pk: int) -> HttpResponse:
    refuse_readers(request)
    """Those that look like the record, and a search for any other one."""
    record = record_or_404(request, kind, pk)
    others = seen_of(type(record), request.user).exclude(pk=pk)
    form = OtherForm(kind, others, request.GET if "other" in request.GET else None)
    if form.is_bound and form.is_valid():
        return redirect("merge", kind, pk, form.cleaned_data["other"].pk)
    context = {"record": record, "kind": kind, "form": form, "duplicates": duplicates.duplicates_of(record)}
    return render(request, "common/merge_choose.html", context, status=UNPROCESSABLE if form.errors else 200)


@login_required
def merge(request: Request, kind: str, pk: int, other_pk: int) -> HttpResponse:
    """The two side by side; a POST merges the other one into the first, with the values that were chosen."""
    refuse_readers(request)
    keep = record_or_404(request, kind, pk)
    if _is_merged(kind, pk, other_pk):
        messages.info(request, "They are merged already.")
        return redirect(keep)
    other = record_or_404(request, kind, other_pk)
    if keep == other:
        raise Http404("A record is not merged with itself.")
    comparison = comparing.compare(keep, other)
    refusal = ""
    if request.method == "POST":
        refusal = _merge(request, keep, other, comparison)
        if not refusal:
            messages.success(request, f"“{other}” was merged into “{keep}”. It can be taken out again for 30 days.")
            return redirect(keep)
    context = {
        "keep": keep,
        "other": other,
        "kind": kind,
        "comparison": comparison,
        "along": comparing.what_comes_along(other),
        "consequence": merging.what_merging_does(keep, other),
        "refusal": refusal,
    }
    return render(request, "common/merge.html", context, status=UNPROCESSABLE if refusal else 200)


def _is_merged(kind: str, pk: int, other_pk: int) -> bool:
    return DeletedRecord.objects.filter(record_kind=kind, record_id=other_pk, merged_into=pk).exists()


def _merge(request: Request, keep: Record, other: Record, comparison: comparing.Comparison) -> str:
    """Why it was not done, "" when it was."""
    if request.POST.get("stamp") != comparison.stamp:
        return "One of the two was changed meanwhile. Nothing was merged: look at the values again."
    try:
        with pghistory.context(rule=f"“{other}” was merged into it."):
            merging.merge(keep, other, comparing.chosen(keep, other, request.POST.dict()))
    except merging.NotMergeable as reason:  # of two clicks the second finds it done
        return "" if _is_merged(kind_of(keep), keep.pk, other.pk) else str(reason)
    return ""


@login_required
@require_POST
def dismiss(request: Request, kind: str, pk: int, other_pk: int) -> HttpResponse:
    """They are two, and are not proposed again."""
    record, other = record_or_404(request, kind, pk), record_or_404(request, kind, other_pk)
    duplicates.dismiss(record, other)
    messages.success(request, f"“{record}” and “{other}” stay two.")
    return redirect(record)
