"""Writing one e-mail to a contact, on its page."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django_htmx.http import trigger_client_event

from activities import services
from activities.models import Activity
from activities.optouts import email_refusal
from activities.panels import activity_context
from activities.sending import MayHaveGone, NotSent, TryLater, send_email
from common.access import refuse_readers
from common.http import Request
from common.pages import UNPROCESSABLE
from contacts.models import Contact


class EmailForm(forms.Form):
    subject = forms.CharField(max_length=255)
    body = forms.CharField(label="Text", widget=forms.Textarea(attrs={"rows": 8}))


@login_required
def email_write(request: Request, pk: int) -> HttpResponse:
    """The card of a contact with an e-mail to write; a POST sends it, and notes it when it has gone."""
    refuse_readers(request)
    contacts = Contact.objects.visible_to(request.user).select_related("account", "stage")
    contact = get_object_or_404(contacts, pk=pk)
    form = EmailForm(request.POST or None)
    if form.is_valid() and _sent(request, contact, form):
        messages.success(request, f"Sent to {contact.email}.")
        return trigger_client_event(_card(request, contact), "record-saved")
    return _card(request, contact, form)


def _sent(request: Request, contact: Contact, form: EmailForm) -> bool:
    """A refusal of the mail server becomes an error of the form: what was written is not lost."""
    subject, body = form.cleaned_data["subject"], form.cleaned_data["body"].replace("\r\n", "\n")
    try:
        send_email(request.user, contact, subject, body)
    except (NotSent, TryLater) as error:
        form.add_error(None, f"It was not sent. {error}")
        return False
    except MayHaveGone as error:
        form.add_error(None, f"It may have gone, and stands in no timeline. {error}. Ask before you send it again.")
        return False
    now = timezone.now()
    services.create_activity(
        kind=Activity.Kind.EMAIL, subject=subject, body=body, contact=contact, happened_at=now, completed_at=now
    )
    return True


def _card(request: Request, contact: Contact, form: EmailForm | None = None) -> HttpResponse:
    context: dict[str, Any] = activity_context(request, contact)
    if form is not None:
        context |= {"email_form": form, "email_refusal": _refusal(contact)}
    status = UNPROCESSABLE if form is not None and form.is_bound else 200
    return render(request, "activities/_card.html", context, status=status)


def _refusal(contact: Contact) -> str:
    """Why there is nothing to write, and the way out."""
    if reason := email_refusal(contact):
        return f"{contact} {reason}. Nobody writes to them until that is changed on this page."
    if not contact.email:
        return f"{contact} has no e-mail address: add one on this page."
    return ""
