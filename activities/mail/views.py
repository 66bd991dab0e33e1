"""Settings > My mailbox, and the list of the team's mailboxes for admins."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from activities.mail import connecting, presets
from activities.mail.forms import MailboxForm
from activities.models import Calendar, Mailbox
from common.access import admin_required, refuse_readers
from common.http import Request, typed
from common.pages import UNPROCESSABLE
from users.models import User


@login_required
def mailbox(request: Request) -> HttpResponse:
    """What is connected, else the form to connect one."""
    refuse_readers(request)
    present = _own(request)
    return _page(request, present, None if present else MailboxForm(user=request.user, initial=_initial(request.user)))


@login_required
def mailbox_connect(request: Request) -> HttpResponse:
    """The form; a POST tries both servers, and keeps what works."""
    refuse_readers(request)
    present = _own(request)
    if request.method != "POST":
        return _page(request, present, MailboxForm(instance=present, user=request.user))
    form = MailboxForm(request.POST, instance=present, user=request.user)
    if form.is_valid():
        for field, problem in connecting.problems(form.instance).items():
            form.add_error(field, problem)
    if not form.is_valid():
        return _page(request, _own(request), form)
    connecting.connect(request.user, form.values(), form.cleaned_data.get("days", 0))
    messages.success(request, "Both servers let Tandem in: the mailbox is connected, and read now.")
    return redirect("mail:mailbox")


@login_required
def servers(request: Request) -> HttpResponse:
    """The part of the form that depends on the address and the provider, filled in as far as they tell."""
    refuse_readers(request)
    address = typed(request.GET, "address")
    provider = typed(request.GET, "provider")
    if request.GET.get("by") == "address":
        provider = presets.provider_of(address)
    known = presets.PROVIDERS.get(provider)
    values = known.values() if known else presets.guessed(address)
    form = MailboxForm(user=request.user, initial={"address": address, "provider": provider, **values})
    return render(request, "mail/_servers.html", {"form": form, "is_open": not known})


@login_required
def mailbox_state(request: Request) -> HttpResponse:
    return render(request, "mail/_state.html", {"mailbox": get_object_or_404(Mailbox, user=request.user)})


@login_required
@require_POST
def mailbox_read(request: Request) -> HttpResponse:
    return _done(request, connecting.read_now, "It is read now.")


@login_required
@require_POST
def mailbox_pause(request: Request) -> HttpResponse:
    return _done(
        request, connecting.pause, "Paused: nothing is read until you go on. Your e-mails still go through it."
    )


@login_required
@require_POST
def mailbox_disconnect(request: Request) -> HttpResponse:
    return _done(request, connecting.disconnect, "Disconnected: its password is forgotten, and the e-mails stay.")


@admin_required
def team(request: Request) -> HttpResponse:
    """Whose mailboxes and calendars are connected, and whether they work: nothing of what is in them."""
    rows = {
        "mailboxes": Mailbox.objects.select_related("user").order_by("user__name", "pk"),
        "calendars": Calendar.objects.select_related("user").order_by("user__name", "pk"),
    }
    return render(request, "mail/team.html", rows)


def _own(request: Request) -> Mailbox | None:
    return Mailbox.objects.filter(user=request.user).first()


def _initial(user: User) -> dict[str, Any]:
    provider = presets.provider_of(user.email)
    known = presets.PROVIDERS.get(provider)
    values = known.values() if known else presets.guessed(user.email)
    return {"address": user.email, "name": user.name, "provider": provider, **values}


def _page(request: Request, present: Mailbox | None, form: MailboxForm | None) -> HttpResponse:
    context: dict[str, Any] = {"mailbox": present, "form": form, "calendars": request.user.calendars.all()}
    if form is not None:
        context["is_open"] = form.has_server_errors or not form["provider"].value()
    status = UNPROCESSABLE if form is not None and form.is_bound else 200
    return render(request, "mail/mailbox.html", context, status=status)


def _done(request: Request, act: Callable[[Mailbox], None], said: str) -> HttpResponse:
    present = _own(request)
    if present is None:
        messages.info(request, "No mailbox is connected any more.")
    else:
        act(present)
        messages.success(request, said)
    return redirect("mail:mailbox")
