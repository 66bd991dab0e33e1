"""Job changes: their list, and deciding one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from common.http import Request
from common.table_views import table_page
from common.visibility import seen_of
from contacts import job_changes
from contacts.job_change_table import JOB_CHANGES
from contacts.models import Contact, JobChange

State = JobChange.State


@login_required
def job_change_list(request: Request) -> HttpResponse:
    return table_page(request, JOB_CHANGES, "contacts/job_changes.html")


@login_required
@require_POST
def job_change_decide(request: Request, pk: int, decision: str) -> HttpResponse:
    """From a row of the list, which shows what became of it, or from the contact's page."""
    if decision not in job_changes.DECISIONS:
        raise Http404("There is no such decision.")
    rows = JobChange.objects.visible_to(request.user).select_related(*JOB_CHANGES.related)
    get_object_or_404(rows, pk=pk)
    counts = job_changes.DECISIONS[decision]([pk])
    change = rows.get(pk=pk)
    if request.htmx:
        return render(request, "contacts/_job_change.html", {"change": change, "is_new": True})
    _tell(request, change, is_late=bool(counts[job_changes.DECIDED]))
    return redirect(_shown(request, change))


def _tell(request: Request, change: JobChange, *, is_late: bool) -> None:
    if is_late:
        messages.info(request, f"This was decided already: {change.get_state_display().lower()}.")
    elif change.state == State.OPEN:
        messages.error(request, "Nothing was changed: the directory does not have the new company any more.")
    elif change.state == State.NEW:
        messages.success(request, f"{change.new_contact} is a contact at {change.company}.")
    elif change.state == State.UPDATED:
        messages.success(request, f"{change.contact} is at {change.company} from now on.")
    else:
        messages.success(request, "Dismissed. Nothing was changed.")


def _shown(request: Request, change: JobChange) -> Contact:
    """The new contact, where there is one that the user sees."""
    new = change.new_contact
    return new if new and seen_of(Contact, request.user).filter(pk=new.pk).exists() else change.contact
