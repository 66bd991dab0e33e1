"""Writing an e-mail to one contact or several, from a template or as an answer."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from activities import placeholders
from activities.emails.forms import MOST, EmailForm
from activities.emails.sending import Letter, hindrances, send_to_each
from activities.fields import key_of, people_by
from activities.models import Activity, EmailTemplate, Participant
from activities.people import contacts_of
from activities.previewing import preview
from activities.sending import mailbox_of, sends_for_real
from common.access import refuse_readers
from common.actions import Batch, Counts, register
from common.http import Request, number, typed
from common.jobs import JobRefused
from common.models import Record, RecordKind
from common.pages import UNPROCESSABLE
from common.words import listed
from contacts.models import Contact
from deals.models import Deal

LONGEST_QUOTE = 20_000  # letters
Role = Participant.Role


@register(
    "write",
    "E-mail",
    icon="mail",
    kinds=[RecordKind.CONTACT],
    position=35,
    tells="For more people use a sequence.",
    opens=lambda ids: f"{reverse('activities:write')}?{urlencode({'contact': ids}, doseq=True)}",
    most=MOST,
)
def write_to_chosen(batch: Batch) -> Counts:
    raise JobRefused("An e-mail is written on its own page.")


@login_required
def email_write(request: Request) -> HttpResponse:
    """``?contact=`` (several times), ``?deal=`` or ``?answer=`` say to whom; a POST sends it."""
    refuse_readers(request)
    if request.method != "POST":
        return _page(request, EmailForm(initial=_first_values(request)))
    form = _bound(request)
    if not form.is_valid() or not (contacts := _recipients(request, form)):
        return _page(request, form)
    deal, answered = _deal(request, form.cleaned_data["deal"]), _answered(request, form.cleaned_data["answer"])
    if answered and not deal:
        deal = answered.deal
    letter = Letter(
        draft=form.cleaned_data["draft"],
        subject=form.cleaned_data["subject"],
        body=form.cleaned_data["body"],
        answers=getattr(answered, "message", None),
        about={"deal": deal} if deal else {},
    )
    result = send_to_each(request.user, contacts, letter)
    if result.sent:
        messages.success(request, f"Sent to {listed([str(one) for one in result.sent])}.")
    if not result.failed:
        return redirect(_back(request, form))
    for reason in result.reasons:
        form.add_error(None, reason)
    data = request.POST.copy()
    data.setlist("people", [key_of(one) for one in result.failed])  # the others have it
    form.data = data
    return _page(request, form)


@login_required
@require_POST
def email_preview(request: Request) -> HttpResponse:
    """What it says to the first of those whom it is for, while it is written."""
    chosen = _contacts(request, request.POST.getlist("people"))
    subject, body = typed(request.POST, "subject"), request.POST.get("body", "").replace("\x00", "")
    context: dict[str, Any] = {"chosen": chosen}
    if chosen:
        context["preview"] = preview(subject, body, chosen[0], request.user)
        context["hindrances"] = hindrances(chosen[:MOST], subject, body, request.user)
    return render(request, "emails/_preview.html", context)


@login_required
@require_POST
def email_fill(request: Request) -> HttpResponse:
    """The texts with a template on top of what is written already; an empty subject becomes the template's."""
    templates = EmailTemplate.objects.visible_to(request.user)
    template = get_object_or_404(templates, pk=number(request.POST.get("template", "")))
    written = request.POST.get("body", "").replace("\x00", "").replace("\r\n", "\n")
    parts = [template.body.rstrip(), written.rstrip()] if written.strip() else [template.body]
    form = EmailForm(
        initial={"subject": typed(request.POST, "subject") or template.subject, "body": "\n\n".join(parts)}
    )
    response = render(request, "emails/_texts.html", {"form": form, "is_filled": True})
    return trigger_client_event(response, "texts-filled", after="settle")


def _first_values(request: Request) -> dict[str, Any]:
    answered = _answered(request, number(request.GET.get("answer", "")))
    deal = _deal(request, number(request.GET.get("deal", "")))
    contacts = _contacts(request, [f"contact-{text}" for text in request.GET.getlist("contact")])
    values: dict[str, Any] = {"deal": deal.pk if deal else None}
    if answered:
        contacts = contacts or _whom_to_answer(request, answered)
        values |= {"answer": answered.pk, "subject": _answer_subject(answered.subject), "body": _quoted(answered)}
    elif deal and not contacts:
        contacts = [role.contact for role in deal.people(request.user)[:1]]
    return values | {"people": [key_of(one) for one in contacts[:MOST]]}


def _whom_to_answer(request: Request, activity: Activity) -> list[Contact]:
    """Whoever wrote it; of one's own e-mail those whom it went to."""
    role = Role.TO if activity.direction == Activity.Direction.OUT else Role.FROM
    rows = Participant.objects.filter(activity=activity, role=role, contact__isnull=False).order_by("id")
    keys = [f"contact-{pk}" for pk in rows.values_list("contact", flat=True)]
    found = _contacts(request, keys) or contacts_of(activity)[:1]
    return _contacts(request, [key_of(one) for one in found])


def _answer_subject(subject: str) -> str:
    return subject if subject.lower().startswith(("re:", "aw:")) else f"Re: {subject}"[:255]


def _quoted(activity: Activity) -> str:
    """What it answers, marked as mail programs do. Braces in it are no placeholders."""
    who = Participant.objects.filter(activity=activity, role=Role.FROM).first() or activity.owner or activity.contact
    when = timezone.localtime(activity.happened_at)
    text = activity.body[:LONGEST_QUOTE].replace("{{", "{ {").replace("}}", "} }")
    lines = "\n".join(f"> {line}" if line else ">" for line in text.splitlines())
    return f"\n\n{when:%d %b %Y %H:%M}, {who}:\n{lines}\n"


def _recipients(request: Request, form: EmailForm) -> list[Contact]:
    """None when one of them can't be written to: what is wrong with whom stands beside the field."""
    contacts = _contacts(request, form.cleaned_data["people"])
    problems = hindrances(contacts, form.cleaned_data["subject"], form.cleaned_data["body"], request.user)
    for problem in problems:
        form.add_error("people", problem)
    return [] if problems else contacts


def _contacts(request: Request, keys: list[str]) -> list[Contact]:
    people = people_by(key for key in keys if key.startswith("contact-")).values()
    wanted = [one.pk for one in people]
    rows = Contact.objects.visible_to(request.user).select_related("account", "stage").in_bulk(wanted)
    return [rows[pk] for pk in wanted if pk in rows]


def _bound(request: Request) -> EmailForm:
    return EmailForm(request.POST)


def _deal(request: Request, pk: int | None) -> Deal | None:
    return Deal.objects.visible_to(request.user).select_related("account").filter(pk=pk or 0).first()


def _answered(request: Request, pk: int | None) -> Activity | None:
    emails = Activity.objects.visible_to(request.user).filter(kind=Activity.Kind.EMAIL, pk=pk or 0)
    return emails.select_related("message", "deal", "contact", "owner").first()


def _back(request: Request, form: EmailForm) -> str:
    """Where one came from: the e-mail that was answered, the deal, the only recipient, or the list."""
    values = form.data if form.is_bound else form.initial
    if answered := _answered(request, number(str(values.get("answer") or ""))):
        return answered.get_absolute_url()
    record: Record | None = _deal(request, number(str(values.get("deal") or "")))
    keys = request.POST.getlist("people") if form.is_bound else form.initial.get("people", [])
    contacts = _contacts(request, keys) if record is None else []
    record = record or (contacts[0] if len(contacts) == 1 else None)
    return record.get_absolute_url() if record else reverse("contacts:list")


def _page(request: Request, form: EmailForm) -> HttpResponse:
    form.fields["people"].widget.suggested = _likely(request, form)
    context = {
        "form": form,
        "templates": EmailTemplate.objects.visible_to(request.user).order_by("sort_name", "id"),
        "placeholders": placeholders.names(),
        "sends_for_real": sends_for_real(request.user),
        "mailbox": mailbox_of(request.user),
        "back": _back(request, form),
    }
    return render(request, "emails/write.html", context, status=UNPROCESSABLE if form.is_bound else 200)


def _likely(request: Request, form: EmailForm) -> list[Contact]:
    """Who has to do with the deal."""
    deal = _deal(request, number(str((form.data if form.is_bound else form.initial).get("deal") or "")))
    return [role.contact for role in deal.people(request.user)[:MOST]] if deal else []
