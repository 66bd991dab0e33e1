"""A trial of ten records in each direction, before the first sync."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect

from common.http import Request, number
from integrations import trying
from integrations.access import admin_required
from integrations.models import Run
from integrations.progress import LABELS
from integrations.services import Refused
from integrations.views.frame import framed


@admin_required
def trial(request: Request, pk: int) -> HttpResponse:
    """Choose among the records of a first sync's preview; POST syncs them."""
    previews = Run.objects.filter(kind=Run.Kind.PREVIEW, request__what="first_sync").select_related("connection")
    preview = get_object_or_404(previews, pk=pk)
    if request.method == "POST":
        try:
            chosen = [number(text) for text in request.POST.getlist("line")]
            return redirect("integrations:preview", trying.begin(preview, chosen, request.user).pk)
        except Refused as refusal:
            messages.error(request, str(refusal))
    directions = [
        (title, trying.offered(preview, direction))
        for direction, title in (("pull", "From Salesforce"), ("push", "To Salesforce"))
    ]
    context = {
        "preview": preview,
        "directions": directions,
        "refusal": trying.refusal(preview.connection),
        "most": trying.MOST,
        "labels": LABELS,
    }
    return framed(request, "integrations/trial.html", context)
