"""Writing an e-mail from the panel to one of the account's people, or to several."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST
from django_htmx.http import reswap

from accounts.models import Account
from activities.emails.forms import MOST, EmailForm
from activities.emails.sending import Letter, hindrances, send_to_each
from activities.models import EmailTemplate
from activities.sending import mailbox_of, sends_for_real
from common.http import Request, number
from common.pages import UNPROCESSABLE
from common.words import listed
from contacts.models import Contact
from integrations.embedding import doing
from integrations.embedding.entry import panel_view
from integrations.embedding.people import AccountPeople, Person
from integrations.embedding.telling import refused, told
from integrations.embedding.views import CONFLICT, NOBODY, changed


class PanelEmailForm(EmailForm):
    """To whom it goes is chosen in the list, not searched for."""

    people = None  # type: ignore[assignment]
    template: Any = forms.ModelChoiceField(queryset=None, required=False, empty_label="Without a template")

    field_order = ("template", "subject", "body")

    def __init__(self, *args: Any, templates: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = templates  # type: ignore[attr-defined]
        self.fields["body"].widget.attrs["rows"] = 5


@panel_view
@require_POST
def write(request: Request, account: Account) -> HttpResponse:
    """The form, also with a template's texts; ``send`` sends it."""
    chosen = AccountPeople(account, request.user).chosen(request.POST.getlist("people")[: doing.MOST])
    if not chosen or len(chosen) > MOST:
        reason = f"An e-mail goes to {MOST} people at most. For more use a sequence." if chosen else NOBODY
        return refused(reason, CONFLICT)
    templates = EmailTemplate.objects.visible_to(request.user).order_by("sort_name", "id")
    if "send" not in request.POST:
        return _form(request, chosen, PanelEmailForm(initial=_texts(request, templates), templates=templates))
    form = PanelEmailForm(request.POST, templates=templates)
    if not form.is_valid():
        return _form(request, chosen, form)
    return _send(request, account, chosen, form)


def _texts(request: Request, templates: Any) -> dict[str, Any]:
    template = templates.filter(pk=number(request.POST.get("template", ""))).first()
    return {"template": template, "subject": template.subject, "body": template.body} if template else {}


def _send(request: Request, account: Account, chosen: list[Person], form: PanelEmailForm) -> HttpResponse:
    values, saved = form.cleaned_data, doing.saved(chosen)
    wanted = list(dict.fromkeys(saved.values()))
    rows = Contact.objects.visible_to(request.user).select_related("account", "stage").in_bulk(wanted)
    contacts = [rows[pk] for pk in wanted if pk in rows]
    problems = hindrances(contacts, values["subject"], values["body"], request.user)
    if not problems:
        letter = Letter(draft=values["draft"], subject=values["subject"], body=values["body"])
        result = send_to_each(request.user, contacts, letter)
        if not result.failed:
            return told(changed(request, account, saved), f"Sent to {listed([str(one) for one in result.sent])}.")
        problems = result.reasons
        contacts = result.failed
    for problem in problems:
        form.add_error(None, problem)
    rest = AccountPeople(account, request.user).chosen(f"contact-{one.pk}" for one in contacts)
    return _form(request, rest, form)


def _form(request: Request, chosen: list[Person], form: PanelEmailForm) -> HttpResponse:
    context = {
        "people": chosen,
        "form": form,
        "mailbox": mailbox_of(request.user),
        "sends_for_real": sends_for_real(request.user),
    }
    status = UNPROCESSABLE if form.is_bound else 200
    return reswap(render(request, "embedding/_write.html", context, status=status), "innerHTML")
