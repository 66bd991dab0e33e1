"""Sequences: what there are, and the steps of one, edited in place."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from activities import placeholders
from activities.models import Sequence, SequenceStep
from activities.previewing import preview_of_newest
from activities.sending import sends_for_real
from activities.sequences import editing
from activities.sequences.forms import SequenceForm, StepForm
from common.access import refuse_readers
from common.folding import fold
from common.http import Request, typed, wants_fragment
from common.pages import UNPROCESSABLE, form_page
from common.paging import Order, paged

ORDERS: dict[str, Order] = {"name": ("sort_name", "id")}
Kind = SequenceStep.Kind


@login_required
def sequence_list(request: Request) -> HttpResponse:
    words = typed(request.GET, "q")
    sequences = Sequence.objects.visible_to(request.user)
    found = sequences.filter(sort_name__contains=fold(words)).with_counts().select_related("owner")
    context = {"page": paged(found, request, ORDERS), "words": words, "is_empty": not sequences.exists()}
    return render(request, "sequences/_rows.html" if wants_fragment(request) else "sequences/list.html", context)


@login_required
def sequence_detail(request: Request, pk: int) -> HttpResponse:
    sequence = sequence_or_404(pk)
    return render(
        request, "sequences/detail.html", {"tab": "steps"} | head(request, sequence) | _steps_context(request, sequence)
    )


@login_required
def sequence_create(request: Request) -> HttpResponse:
    refuse_readers(request)
    form = SequenceForm(request.POST or None)
    if form.is_valid():
        sequence = editing.create_sequence(**form.cleaned_data)
        messages.success(request, f"“{sequence}” was made. Add its steps, then turn it on.")
        return redirect(sequence)
    return form_page(request, form, title="New sequence", listed_at="sequences:list")


@login_required
def sequence_edit(request: Request, pk: int) -> HttpResponse:
    sequence = _own_or_403(request, pk)
    form = SequenceForm(request.POST or None, instance=sequence)
    if form.is_valid():
        editing.update_sequence(pk, {name: form.cleaned_data[name] for name in form.changed_data})
        messages.success(request, "Saved.")
        return redirect(sequence)
    return form_page(request, form, title="Edit sequence", listed_at="sequences:list")


@login_required
@require_POST
def sequence_switch(request: Request, pk: int) -> HttpResponse:
    """Turn it on or off, as the button said."""
    get_object_or_404(Sequence, pk=pk)
    is_on = "on" in request.POST
    try:
        editing.update_sequence(pk, {"is_on": is_on})
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "It is on: what is due is carried out." if is_on else "It is off: everybody waits.")
    return redirect("sequences:detail", pk)


@login_required
def sequence_delete(request: Request, pk: int) -> HttpResponse:
    sequence = _own_or_403(request, pk)
    if request.method == "POST":
        editing.delete_sequence(pk)
        messages.success(request, f"The sequence “{sequence}” was deleted.")
        return redirect("sequences:list")
    context = {"sequence": sequence, "counted": Sequence.objects.with_counts().get(pk=pk)}
    return render(request, "sequences/delete.html", context)


@login_required
def step_add(request: Request, pk: int, kind: str) -> HttpResponse:
    """The steps with a form for a new last one; a POST adds it."""
    sequence = _own_or_403(request, pk)
    if kind not in Kind.values:
        raise Http404(f"There are no steps of the kind “{kind}”.")
    first = not sequence.steps.exists()
    form = StepForm(request.POST or None, kind=kind, initial={"wait": 0 if first else 2})
    if form.is_valid() and _saved(form, lambda values: editing.add_step(pk, kind=kind, **values)):
        return _steps(request, sequence)
    return _steps(request, sequence, form=form, kind=kind)


@login_required
def step_edit(request: Request, pk: int) -> HttpResponse:
    step = _step_or_404(request, pk)
    form = StepForm(request.POST or None, kind=step.kind, instance=step)
    if form.is_valid() and _saved(form, lambda values: editing.update_step(pk, _changed(form, values))):
        return _steps(request, step.sequence)
    return _steps(request, step.sequence, form=form, kind=step.kind, edited=step)


@login_required
def step_list(request: Request, pk: int) -> HttpResponse:
    return _steps(request, sequence_or_404(pk))


@login_required
@require_POST
def step_move(request: Request, pk: int, way: str) -> HttpResponse:
    step = _step_or_404(request, pk)
    editing.move_step(pk, up=way == "up")
    return _steps(request, step.sequence, moved=pk)


@login_required
@require_POST
def step_delete(request: Request, pk: int) -> HttpResponse:
    step = _step_or_404(request, pk)
    editing.delete_step(pk)
    step.sequence.refresh_from_db()
    return _steps(request, step.sequence)


@login_required
@require_POST
def step_preview(request: Request) -> HttpResponse:
    """What an e-mail says to somebody, while it is written."""
    texts = preview_of_newest(typed(request.POST, "subject"), request.POST.get("body", ""), request.user)
    return render(request, "sequences/_preview.html", {"preview": texts})


def sequence_or_404(pk: int) -> Sequence:
    return get_object_or_404(Sequence.objects.select_related("owner"), pk=pk)


def head(request: Request, sequence: Sequence) -> dict[str, Any]:
    """What every page of one sequence shows."""
    return {
        "sequence": sequence,
        "may_change": sequence.may_be_changed_by(request.user),
        "has_steps": sequence.steps.exists(),
        "sends_for_real": sends_for_real(request.user),
    }


def _steps(request: Request, sequence: Sequence, **context: Any) -> HttpResponse:
    form = context.get("form")
    status = UNPROCESSABLE if form is not None and form.is_bound else 200
    context = _steps_context(request, sequence) | context
    return render(request, "sequences/_steps.html", context, status=status)


def _steps_context(request: Request, sequence: Sequence) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "steps": list(sequence.steps.all()),
        "may_change": sequence.may_be_changed_by(request.user),
        "placeholders": placeholders.names(),
        "kinds": Kind.choices,
    }


def _saved(form: StepForm, save: Any) -> bool:
    """A refusal of the service becomes an error of the form."""
    try:
        save(form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


def _changed(form: StepForm, values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in form.changed_data}


def _step_or_404(request: Request, pk: int) -> SequenceStep:
    step = get_object_or_404(SequenceStep.objects.select_related("sequence__owner"), pk=pk)
    _check(request, step.sequence)
    return step


def _own_or_403(request: Request, pk: int) -> Sequence:
    sequence = sequence_or_404(pk)
    _check(request, sequence)
    return sequence


def _check(request: Request, sequence: Sequence) -> None:
    if not sequence.may_be_changed_by(request.user):
        raise PermissionDenied(f"Only {sequence.owner} and admins may change this sequence.")
