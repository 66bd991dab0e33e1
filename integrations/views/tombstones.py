"""What was deleted here and may still be in Salesforce, beyond what is kept here: brought back from there."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from common.http import Request
from common.merging import NotMergeable
from common.models import DeletedRecord
from common.paging import paged
from common.trash import NotRestorable
from integrations import deletions, services
from integrations.access import admin_required
from integrations.models import RecordLink
from integrations.sync.tombstones import ERASED
from integrations.views.frame import framed

PER_PAGE = 25


@admin_required
def tombstone_list(request: Request) -> HttpResponse:
    """Salesforce's ids of records that were deleted here, the latest first."""
    rows = RecordLink.objects.tombstones().exclude(deleted_id=None).exclude(drop_reason=ERASED).filter(gone_at=None)
    page = paged(rows, request, size=PER_PAGE)
    kept = DeletedRecord.objects.filter(record_id__in=[link.deleted_id for link in page])
    names = {(row.record_kind, row.record_id): row for row in kept}
    found = [(link, names.get((link.record_kind, link.deleted_id or 0))) for link in page]
    return framed(request, "integrations/tombstones.html", {"page": page, "found": found})


@admin_required
@require_POST
def bring_back(request: Request, pk: int) -> HttpResponse:
    link = get_object_or_404(RecordLink.objects.exclude(deleted_id=None), pk=pk)
    try:
        record = deletions.bring_back(link)
    except (services.Refused, NotMergeable, NotRestorable) as refusal:
        messages.error(request, str(refusal))
        return redirect("integrations:tombstones")
    if record is None:
        messages.success(request, "It is pulled from Salesforce in a moment.")
        return redirect("integrations:tombstones")
    messages.success(request, f"“{record}” is back.")
    return redirect(record)
