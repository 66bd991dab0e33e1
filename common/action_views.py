"""Doing something with many rows of a list: asked about first, then carried out as a job."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from common import actions, jobs
from common.access import for_readers
from common.actions import RECORDS, Action, Selection
from common.http import Request, number
from common.jobs import JobRefused
from common.models import Job
from common.pages import UNPROCESSABLE
from common.paging import Count
from common.table_views import table_or_404, tidy
from common.tables import RecordTable
from common.visibility import count_seen

AT_ONCE = 2.0  # seconds that a person waits before the job's page is shown instead
MERGED = 2


@for_readers
@login_required
@require_POST
def act(request: Request, kind: str) -> HttpResponse:
    """What is to be done with the chosen rows; ``confirm`` begins with it."""
    table = table_or_404(kind)
    query = tidy(QueryDict(request.POST.get("query", "")))
    back = f"{reverse(table.address)}?{query}" if query else reverse(table.address)
    selection = _selection(request, table, query)
    if selection is None:
        messages.error(request, f"Choose the {table.many} first.")
        return redirect(back)
    record = _record(request, selection)
    back = record.get_absolute_url() if record else back
    if request.POST.get("action") == "merge" and kind in RECORDS and request.user.may_edit:
        return _merge(request, selection, back)
    action = actions.action_for(request.POST.get("action", ""), kind, request.user)
    if action is None:
        raise Http404("There is no such action.")
    if reason := action.refusal(request.user, kind):
        messages.error(request, reason)
        return redirect(back)
    if action.opens:
        return _opened(request, action, selection, back)
    is_confirmed = "confirm" in request.POST
    form = action.form(
        request.POST if is_confirmed else None, initial=request.POST.dict(), kind=kind, user=request.user
    )
    if is_confirmed and form.is_valid():
        return _done(request, actions.start(action, selection, user=request.user, data=request.POST), selection, back)
    try:
        count = count_seen(selection.rows(request.user), request.user)
    except JobRefused as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    context = {
        "table": table,
        "action": action,
        "form": form,
        "selection": selection,
        "count": count,
        "warning": action.warns(kind, selection.ids if selection.is_few else None),
        "noun": table.one if count == Count(1) else table.many,
        "query": query,
        "record": record,
        "back": back,
    }
    return render(request, "common/act.html", context, status=UNPROCESSABLE if is_confirmed else 200)


def _selection(request: Request, table: RecordTable, query: str) -> Selection | None:
    if request.POST.get("all"):
        return Selection(table, query=query)
    ids = {number(text) for text in request.POST.getlist("ids")} - {0}
    return Selection(table, ids=tuple(sorted(ids))) if ids else None


def _record(request: Request, selection: Selection) -> Any:
    """The record on whose page the button stood."""
    if request.POST.get("of") != "record" or not selection.is_few:
        return None
    return get_object_or_404(selection.rows(request.user), pk=selection.ids[0])


def _merge(request: Request, selection: Selection, back: str) -> HttpResponse:
    if len(selection.ids) != MERGED:
        messages.error(request, f"Choose two {selection.table.many}: a merge makes one of them.")
        return redirect(back)
    return redirect("merge", selection.table.kind, *selection.ids)


def _opened(request: Request, action: Action, selection: Selection, back: str) -> HttpResponse:
    """The page of an action that has one of its own, for as many rows as it takes."""
    assert action.opens
    if not selection.is_few or len(selection.ids) > action.most:
        messages.error(request, f"{action.label}: choose {action.most} at most. {action.tells}".strip())
        return redirect(back)
    return redirect(action.opens(selection.ids))


def _done(request: Request, job: Job, selection: Selection, back: str) -> HttpResponse:
    """A few rows are done at once; of more, and of what makes a file, the job tells."""
    if selection.is_few:
        jobs.run(job.pk, AT_ONCE)
        job.refresh_from_db()
    if job.state != Job.State.DONE or job.result_name:
        return redirect("job", job.pk)
    counts = ", ".join(f"{count} {word}" for word, count in job.counts.items())
    messages.success(request, f"{job}: {counts or 'nothing to do'}.")
    return redirect(back)
