"""Settings > Pipelines, for admins: the currency of new deals, and the stages that deals go through."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from common.access import admin_required
from common.http import Request
from common.models import Workspace
from common.pages import UNPROCESSABLE
from common.workspace import change_workspace
from deals import pipeline_services as services
from deals.models import Pipeline, Stage
from deals.pipeline_forms import PipelineForm, StageForms, WorkspaceCurrencyForm, stages_in_order


@admin_required
def pipelines(request: Request) -> HttpResponse:
    form = WorkspaceCurrencyForm(request.POST or None, instance=Workspace.load())
    if request.method == "POST" and form.is_valid():
        change_workspace(currency=form.cleaned_data["currency"])
        messages.success(request, "Saved.")
        return redirect("pipelines:list")
    context = {
        "form": form,
        "fallback": Workspace().currency_of_deals,
        "pipelines": Pipeline.objects.prefetch_related("stages"),
        "no_new": services.NO_NEW if Pipeline.objects.are_stages_closed() else "",
        "closed": services.CLOSED,
    }
    return render(request, "deals/pipelines.html", context, status=UNPROCESSABLE if form.errors else 200)


@admin_required
def pipeline_create(request: Request) -> HttpResponse:
    if Pipeline.objects.are_stages_closed():
        messages.error(request, services.NO_NEW)
        return redirect("pipelines:list")
    return _edit(request, Pipeline())


@admin_required
def pipeline_edit(request: Request, pk: int) -> HttpResponse:
    pipeline = get_object_or_404(Pipeline, pk=pk)
    if pipeline.is_locked:
        messages.error(request, services.CLOSED)
        return redirect("pipelines:list")
    return _edit(request, pipeline)


@admin_required
@require_POST
def pipeline_default(request: Request, pk: int) -> HttpResponse:
    pipeline = get_object_or_404(Pipeline, pk=pk)
    return _done(request, services.make_default, pipeline, f"New deals start in “{pipeline}”.")


@admin_required
@require_POST
def pipeline_delete(request: Request, pk: int) -> HttpResponse:
    pipeline = get_object_or_404(Pipeline, pk=pk)
    return _done(request, services.delete_pipeline, pipeline, f"“{pipeline}” was deleted.")


def _done(request: Request, do: Callable[[Pipeline], None], pipeline: Pipeline, said: str) -> HttpResponse:
    try:
        do(pipeline)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, said)
    return redirect("pipelines:list")


def _edit(request: Request, pipeline: Pipeline) -> HttpResponse:
    """Its name and its stages, saved together or not at all."""
    form = PipelineForm(request.POST or None, instance=pipeline)
    stages = StageForms(request.POST or None, instance=pipeline, queryset=Stage.objects.filter(pipeline=pipeline.pk))
    no_new = Pipeline.objects.are_stages_closed()
    stages.extra = 0 if no_new else stages.extra
    if request.method == "POST" and form.is_valid() and stages.is_valid():
        try:
            services.save_pipeline(pipeline, stages_in_order(stages), [one.instance for one in stages.deleted_forms])
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, f"“{pipeline}” is saved.")
            return redirect("pipelines:list")
    context = {"form": form, "stages": stages, "pipeline": pipeline, "no_new": no_new}
    status = UNPROCESSABLE if request.method == "POST" else 200
    return render(request, "deals/pipeline.html", context, status=status)
