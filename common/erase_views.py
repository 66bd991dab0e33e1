"""Erasing a person for good, after a look at what goes."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from common import erasing
from common.access import admin_required
from common.http import Request
from common.models import DeletedRecord
from common.pages import UNPROCESSABLE
from common.records import record_model
from common.words import counted


@admin_required
def erase(request: Request, kind: str, pk: int) -> HttpResponse:
    """A POST erases, when the person who asks has ticked that it can't be undone."""
    if kind not in erasing.PEOPLE:
        raise Http404("Only people are erased; other records are deleted.")
    record = record_model(kind)._base_manager.filter(pk=pk).first()
    kept = DeletedRecord.objects.filter(record_kind=kind, record_id=pk).first()
    if record is None and kept is None:
        raise Http404("There is nobody of that id, or nothing is left of them.")
    is_sure = "sure" in request.POST
    if request.method == "POST" and is_sure:
        erasing.erase(kind, pk, elsewhere="elsewhere" in request.POST)
        messages.success(request, "The person was erased.")
        return redirect("contacts:list")
    context = {
        "name": str(record or kept),
        "goes": [counted(count, model) for count, model in erasing.what_goes(kind, pk)],
        "elsewhere": erasing.elsewhere(kind, pk),
        "back": record.get_absolute_url() if record else reverse("deleted", args=[kept.pk if kept else 0]),
        "is_unsure": request.method == "POST",
    }
    return render(request, "common/erase.html", context, status=UNPROCESSABLE if context["is_unsure"] else 200)
