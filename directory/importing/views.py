"""Pages of loading, for admins: what was loaded, a new file, what its columns become; then the job's own page."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from common.access import admin_required
from common.http import Request
from common.importing import files, keeping
from common.lines import as_text
from common.models import Job
from common.pages import UNPROCESSABLE
from common.paging import paged
from directory.importing import carrying
from directory.importing.columns import COMPANIES, KINDS
from directory.importing.forms import ColumnsForm, LoadForm
from directory.importing.reading import Read, Reader
from directory.models import Company, Load, Prospect
from directory.sources import all_sources

PREVIEWED = 20


@admin_required
def loading(request: Request) -> HttpResponse:
    page = paged(Load.objects.select_related("user", "job"), request)
    context = {"page": page, "sources": all_sources(), "people": Prospect.objects.exists()}
    return render(request, "directory/loading.html", context)


@admin_required
def load_new(request: Request) -> HttpResponse:
    is_sent = request.method == "POST"
    first = {name: request.GET[name] for name in ("kind", "source") if name in request.GET}
    form = LoadForm(request.POST, request.FILES) if is_sent else LoadForm(initial=first)
    if form.is_valid():
        values = form.cleaned_data
        file = values["file"]
        try:
            job = carrying.prepare(values["kind"], values["source"], file, file.name or "", user=request.user)
            return redirect("directory:load", job.pk)
        except files.Unreadable as error:
            form.add_error("file", str(error))
    context = {"form": form, "sources": all_sources()}
    return render(request, "directory/load_new.html", context, status=UNPROCESSABLE if form.errors else 200)


@admin_required
def load(request: Request, pk: int) -> HttpResponse:
    """What becomes of the columns; a POST begins. Where it has begun, the job's page tells."""
    job = _job_or_404(request, pk)
    if job.state != Job.State.DRAFT:
        return redirect("job", pk)
    form = _form(request, job)
    if form.is_valid():
        if not carrying.start(job, form.chosen()):
            messages.info(request, "It has begun already.")
        return redirect("job", pk)
    rows = keeping.piece(job, 0)[:PREVIEWED]
    columns = [(field, keeping.samples(rows, at)) for at, field in enumerate(form.columns())]
    context = {"job": job, "form": form, "columns": columns, **_preview(job, form)}
    return render(request, "directory/load.html", context, status=UNPROCESSABLE if form.errors else 200)


@admin_required
@require_POST
def load_preview(request: Request, pk: int) -> HttpResponse:
    job = _job_or_404(request, pk)
    return render(request, "common/_import_preview.html", {"job": job, **_preview(job, _form(request, job))})


@admin_required
@require_POST
def load_drop(request: Request, pk: int) -> HttpResponse:
    """Forget a file that was uploaded and not loaded."""
    Job.objects.filter(pk=_job_or_404(request, pk).pk, state=Job.State.DRAFT).delete()
    return redirect("directory:loading")


@admin_required
def source_remove(request: Request) -> HttpResponse:
    """Asks first; a POST begins the job."""
    name = request.POST.get("source") or request.GET.get("source", "")
    source = next((one for one in all_sources() if one.name == name), None)
    if source is None:
        messages.info(request, f"Nothing comes from “{name}” any more.")
        return redirect("directory:loading")
    if request.method == "POST":
        return redirect("job", carrying.start_removing(name, user=request.user).pk)
    return render(request, "directory/source_remove.html", {"source": source})


def _job_or_404(request: Request, pk: int) -> Job:
    return get_object_or_404(Job, pk=pk, kind=carrying.LOAD, user=request.user)


def _form(request: Request, job: Job) -> ColumnsForm:
    kind = KINDS[job.params["kind"]]
    return ColumnsForm(request.POST if request.method == "POST" else None, kind=kind, head=job.params["head"])


def _preview(job: Job, form: ColumnsForm) -> dict[str, Any]:
    """Nothing while the choices are not whole; their errors say why."""
    if not form.is_bound:
        data = {name: field.initial for name, field in form.fields.items()}
        form = ColumnsForm(data, kind=form.kind, head=form.head)
    if not form.is_valid() or job.state != Job.State.DRAFT:
        return {"preview": None, "why_not": [error for errors in form.errors.values() for error in errors]}
    reader = Reader(form.kind, form.chosen())
    rows = reader.read(keeping.piece(job, 0)[:PREVIEWED])
    model: Any = Company if form.kind is COMPANIES else Prospect
    keys = [one.values["key"] for one in rows]
    known = {one.key: one for one in model.objects.filter(source=job.params["source"], key__in=keys)}
    return {
        "preview": [(_fate(one, known.get(one.values["key"])), _cells(reader, one)) for one in rows],
        "shown": [target for _, target in reader.columns],
        "rejected": sum(bool(one.errors) for one in rows),
    }


def _fate(one: Read, entry: Any) -> dict[str, Any]:
    fate = "rejected" if one.errors else "updated" if entry else "created"
    return {"line": one.line, "fate": fate, "record": entry, "whole_error": one.whole_error}


def _cells(reader: Reader, one: Read) -> list[tuple[str, str]]:
    """Each cell as it would be stored, and what is wrong with it."""
    found = []
    for at, target in reader.columns:
        value = one.texts[at].strip() if at in one.errors else one.values.get(target.name, one.texts[at])
        found.append((as_text(value)[:80], one.errors.get(at, "")))
    return found
