"""Pages of jobs: what became of what one started."""

from mimetypes import guess_type

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST

from common import jobs
from common.access import for_readers
from common.http import Request, wants_fragment
from common.models import Job
from common.paging import paged


@login_required
def job_list(request: Request) -> HttpResponse:
    page = paged(Job.objects.filter(user=request.user), request)
    return render(request, "common/jobs.html", {"page": page})


@login_required
def job_detail(request: Request, pk: int) -> HttpResponse:
    """The page, or its card, which asks for itself while the job is under way."""
    job = _job_or_404(request, pk)
    if job.state == Job.State.DRAFT:
        return redirect(jobs.asking_page(job.kind), pk)
    has_result = bool(job.result_name) and not job.is_under_way and job.chunks.filter(is_result=True).exists()
    template = "common/_job.html" if wants_fragment(request) else "common/job.html"
    return render(request, template, {"job": job, "has_result": has_result})


@login_required
@require_POST
@for_readers
def job_stop(request: Request, pk: int) -> HttpResponse:
    if not jobs.stop(_job_or_404(request, pk).pk):
        messages.info(request, "It had ended already.")
    return redirect("job", pk)


@login_required
@require_POST
@for_readers
def job_again(request: Request, pk: int) -> HttpResponse:
    if not jobs.try_again(_job_or_404(request, pk).pk):
        messages.info(request, "It is under way already, or finished.")
    return redirect("job", pk)


@login_required
def job_result(request: Request, pk: int) -> StreamingHttpResponse:
    job = _job_or_404(request, pk)
    if job.is_under_way or not job.chunks.filter(is_result=True).exists():
        raise Http404("There is no file, or it is kept no longer.")
    kind = guess_type(job.result_name)[0] or "application/octet-stream"
    response = StreamingHttpResponse(jobs.pieces(job, is_result=True), content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, job.result_name) or "attachment"
    return response


def _job_or_404(request: Request, pk: int) -> Job:
    return get_object_or_404(Job.objects.visible_to(request.user).select_related("user"), pk=pk)
