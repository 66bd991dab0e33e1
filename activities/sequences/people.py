"""The people in a sequence, and a contact's sequences: who is where, and what may be done about it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from activities.models import Enrolment, Sequence
from activities.sequences import enrolling, jobs
from activities.sequences.forms import ChooseSequenceForm, EnrolForm, EnrolListForm
from activities.sequences.panels import card_context
from activities.sequences.views import head, sequence_or_404
from common.http import Request, wants_fragment
from common.pages import UNPROCESSABLE
from common.paging import paged
from contacts.models import Contact

State, Reason = Enrolment.State, Enrolment.Reason
DEEDS: dict[str, Callable[[int], bool]] = {
    "pause": enrolling.pause,
    "resume": enrolling.resume,
    "skip": enrolling.skip,
    "finish": enrolling.finish,
    "replied": lambda pk: enrolling.finish(pk, Reason.REPLIED),
}


@login_required
def person_list(request: Request, pk: int) -> HttpResponse:
    context = _page(request, sequence_or_404(pk))
    template = "sequences/_people.html" if wants_fragment(request) else "sequences/people.html"
    return render(request, template, context)


@login_required
@require_POST
def person_add(request: Request, pk: int) -> HttpResponse:
    sequence = sequence_or_404(pk)
    form = EnrolForm(request.POST)
    if form.is_valid() and _enrolled(form, "contact", sequence, form.cleaned_data["contact"], request):
        messages.success(request, f"{form.cleaned_data['contact']} is in the sequence.")
        return redirect("sequences:people", pk)
    context = _page(request, sequence) | {"form": form}
    return render(request, "sequences/people.html", context, status=UNPROCESSABLE)


@login_required
@require_POST
def list_add(request: Request, pk: int) -> HttpResponse:
    """Everybody on a list, as a job."""
    sequence = sequence_or_404(pk)
    form = EnrolListForm(request.POST)
    if form.is_valid() and sequence.steps.exists():
        job = jobs.start_list(sequence, form.cleaned_data["list"], user=request.user)
        return redirect("job", job.pk)
    if form.is_valid():
        form.add_error("list", "The sequence has no steps yet: add one first.")
    context = _page(request, sequence) | {"list_form": form}
    return render(request, "sequences/people.html", context, status=UNPROCESSABLE)


@login_required
@require_POST
def person_do(request: Request, pk: int, deed: str) -> HttpResponse:
    """Do something with one enrolment; answers its row, or with ``?card`` the card of the contact."""
    enrolments = Enrolment.objects.visible_to(request.user)
    enrolment = get_object_or_404(enrolments.select_related("contact"), pk=pk)
    if deed not in DEEDS:
        raise Http404(f"Nobody can “{deed}” here.")
    if not DEEDS[deed](pk):
        messages.warning(request, "It has changed meanwhile: look at it again.")
    if "card" in request.GET:
        return _card(request, enrolment.contact)
    row = _related(enrolments).get(pk=pk)
    return render(request, "sequences/_person.html", {"enrolment": row, "sequence": row.sequence})


@login_required
def contact_sequences(request: Request, pk: int) -> HttpResponse:
    """The card of a contact; a POST takes it into the sequence that was chosen."""
    contacts = Contact.objects.visible_to(request.user).select_related("stage")
    contact = get_object_or_404(contacts, pk=pk)
    if request.method != "POST":
        return _card(request, contact)
    form = ChooseSequenceForm(request.POST)
    if not form.is_valid() or not _enrolled(form, "sequence", form.cleaned_data["sequence"], contact, request):
        return _card(request, contact, form)
    messages.success(request, f"{contact} is in “{form.cleaned_data['sequence']}”.")
    return _card(request, contact)


def _enrolled(form: Any, name: str, sequence: Sequence, contact: Contact, request: Request) -> bool:
    """Somebody who asks for one person by name wants them again, too."""
    try:
        result = enrolling.enrol(sequence, [contact.pk], user=request.user, again=True)
    except ValidationError as error:
        form.add_error(name, error.messages)
        return False
    for refused, reason in result.refused:
        form.add_error(name, f"{refused} {reason}.")
    return not result.refused


def _page(request: Request, sequence: Sequence) -> dict[str, Any]:
    state = request.GET.get("state", "")
    enrolments = Enrolment.objects.visible_to(request.user).filter(sequence=sequence)
    shown = enrolments.filter(state=state) if state in State.values else enrolments
    return head(request, sequence) | {
        "page": paged(_related(shown), request),
        "tab": "people",
        "state": state,
        "states": State.choices,
        "form": EnrolForm(),
        "list_form": EnrolListForm(),
    }


def _related(enrolments: Any) -> Any:
    return enrolments.select_related("contact", "owner", "next_step", "sequence")


def _card(request: Request, contact: Contact, form: ChooseSequenceForm | None = None) -> HttpResponse:
    context = card_context(request, contact)
    if form is not None:
        context["form"] = form
    return render(request, "sequences/_card.html", context, status=UNPROCESSABLE if form else 200)
