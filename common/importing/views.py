"""Pages of an import: the file, what its columns become with a look at the first rows, and then the job's own page."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from common.access import refuse_readers
from common.http import Request
from common.importing import carrying, files, keeping
from common.importing.forms import MappingForm, UploadForm
from common.importing.kinds import Kind, kind_named
from common.importing.planning import Fate, Planned, Planner
from common.lines import as_text
from common.models import Job
from common.pages import UNPROCESSABLE

PREVIEWED = 20


@login_required
def import_upload(request: Request, kind: str) -> HttpResponse:
    refuse_readers(request)
    found = _kind_or_404(kind)
    is_sent = request.method == "POST"
    form = UploadForm(request.POST, request.FILES) if is_sent else UploadForm()
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            return redirect("import", carrying.prepare(kind, file, file.name or "", user=request.user).pk)
        except files.Unreadable as error:
            form.add_error("file", str(error))
    context = {"form": form, "kind": found, "app": f"{kind}s"}
    return render(request, "common/import_upload.html", context, status=UNPROCESSABLE if form.errors else 200)


@login_required
def import_map(request: Request, pk: int) -> HttpResponse:
    """What becomes of the columns; a POST begins. Where it has begun, the job's page tells."""
    refuse_readers(request)
    job = get_object_or_404(Job, pk=pk, kind=carrying.JOB, user=request.user)
    if job.state != Job.State.DRAFT:
        return redirect("job", pk)
    form = _form(request, job)
    if form.is_valid():
        if not carrying.start(job, form.settings()):
            messages.info(request, "It has begun already.")
        return redirect("job", pk)
    rows = keeping.piece(job, 0)[:PREVIEWED]
    context = {
        "job": job,
        "form": form,
        "kind": form.kind,
        "app": f"{form.kind.kind}s",
        "columns": [(field, keeping.samples(rows, at)) for at, field in enumerate(form.columns())],
        **_preview(request, job, form),
    }
    return render(request, "common/import_map.html", context, status=UNPROCESSABLE if form.errors else 200)


@login_required
@require_POST
def import_preview(request: Request, pk: int) -> HttpResponse:
    """The first rows as they would be stored, with what was just chosen."""
    job = get_object_or_404(Job, pk=pk, kind=carrying.JOB, user=request.user)
    form = _form(request, job)
    return render(request, "common/_import_preview.html", {"job": job, "form": form, **_preview(request, job, form)})


@login_required
@require_POST
def import_drop(request: Request, pk: int) -> HttpResponse:
    """Forget a file that was uploaded and not imported."""
    job = get_object_or_404(Job, pk=pk, kind=carrying.JOB, user=request.user)
    app = f"{job.params['kind']}s"
    Job.objects.filter(pk=job.pk, state=Job.State.DRAFT).delete()
    return redirect(f"{app}:list")


def _form(request: Request, job: Job) -> MappingForm:
    kind = _kind_or_404(job.params["kind"])
    return MappingForm(request.POST if request.method == "POST" else None, kind=kind, head=job.params["head"])


def _preview(request: Request, job: Job, form: MappingForm) -> dict[str, Any]:
    """Nothing while the choices are not whole; their errors say why."""
    if not form.is_bound:
        data = {name: field.initial for name, field in form.fields.items()}
        form = MappingForm(data, kind=form.kind, head=form.head)
    if not form.is_valid() or job.state != Job.State.DRAFT:
        return {"preview": None, "why_not": [error for errors in form.errors.values() for error in errors]}
    planner = Planner(form.settings(), request.user)
    planned = planner.plan(keeping.piece(job, 0)[:PREVIEWED])
    return {
        "preview": [(one, _cells(planner, one)) for one in planned],
        "shown": [target for _, target in planner.columns],
        "rejected": sum(one.fate == Fate.REJECTED for one in planned),
    }


def _cells(planner: Planner, one: Planned) -> list[tuple[str, str]]:
    """Each cell as it would be stored, and what is wrong with it."""
    found = []
    for at, target in planner.columns:
        value = one.values.get(target.name)
        text = as_text(value) if value is not None else one.texts[at].strip()
        is_new = getattr(value, "_state", None) is not None and value.pk is None  # type: ignore[union-attr]
        found.append((f"{text[:80]} (new)" if is_new else text[:80], one.errors.get(at, "")))
    return found


def _kind_or_404(name: str) -> Kind:
    if kind := kind_named(name):
        return kind
    raise Http404(f"Nothing of the kind “{name}” is imported.")
