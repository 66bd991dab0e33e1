"""The page of activities: which are pushed, what they are called there, and what that would have done of late."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from activities.placeholders import problem
from common.http import Request, number, typed
from integrations import activity_settings, activity_testing
from integrations.access import admin_required
from integrations.activity_reach import DAYS, reach
from integrations.activity_rules.exclusions import Email
from integrations.activity_rules.titles import TEMPLATES, placeholders
from integrations.activity_titles import example
from integrations.forms.activities import ActivitySettingsForm, Sync
from integrations.forms.exclusions import TesterForm
from integrations.models import ActivitySettings, Connection, SyncedKind
from integrations.models.activities import MAKE_PEOPLE, PUSHES
from integrations.views import once
from integrations.views.exclusions import rules_context
from integrations.views.frame import framed
from integrations.views.tables import connected, part

FORM = "integrations/_activity_settings.html"


@admin_required
def activities(request: Request) -> HttpResponse:
    connection = connected()
    context = {"form": _form(connection), **rules_context(connection), **_tester_context(request, TesterForm())}
    context["once_push"] = once.push_row(connection, SyncedKind.ACTIVITY)
    return framed(request, "integrations/activities.html", context)


@admin_required
@require_POST
def settings(request: Request) -> HttpResponse:
    connection = connected()
    form = _form(connection, request.POST)
    if form.is_valid():
        for line in activity_settings.save_settings(form.save(commit=False), form.changed_data):
            messages.success(request, line)
        form = _form(connection)
    return trigger_client_event(part(request, FORM, {"form": form}, form.errors), "switches-saved")


@admin_required
@require_POST
def draft(request: Request) -> HttpResponse:
    """The form as it is being filled in: some choices decide whether others have an effect."""
    form = _form(connected(), request.POST).as_draft()
    return render(request, "integrations/_activity_draft.html", {"form": form, "is_draft": True})


@admin_required
def reached(request: Request) -> HttpResponse:
    """What each switch would have let through of late; it comes after the page."""
    found = reach(connected())
    counts = [(name, found.goes[name]) for name in (*PUSHES, *MAKE_PEOPLE)]
    context = {"reach": found, "counts": counts, "days": DAYS, "makes_people": MAKE_PEOPLE}
    return render(request, "integrations/_activity_reach.html", context)


@admin_required
@require_POST
def title(request: Request, kind: str) -> HttpResponse:
    """What the newest activity of a kind would be called, while the template is written."""
    if kind not in TEMPLATES:
        raise Http404(f"Titles of the kind “{kind}” have no template.")
    template = typed(request.POST, TEMPLATES[kind])  # type: ignore[index]
    fault = "" if template else "Give it at least one placeholder or word."
    fault = fault or problem(template, placeholders(kind))
    context = {"problem": fault, "example": None if fault else example(kind, template, request.user)}
    return render(request, "integrations/_activity_title.html", context)


@admin_required
@require_POST
def tester(request: Request) -> HttpResponse:
    """Whether an e-mail would be pushed, one that was typed or one that is here."""
    connection = connected()
    if "email" in request.POST:
        chosen = typed(request.POST, "email")
        tried = activity_testing.try_email(connection, number(chosen), request.user)
        context = {"tried": tried, "is_gone": bool(chosen) and tried is None}
        return render(request, "integrations/_tested.html", context)
    form = TesterForm(request.POST)
    if not form.is_valid():
        return part(request, "integrations/_tester_form.html", {"tester": form}, form.errors)
    values = form.cleaned_data
    email = Email(values["sender"], values["recipients"], values["subject"])
    tried = activity_testing.try_typed(connection, email, belongs_here=values["belongs_here"])
    return render(request, "integrations/_tester_form.html", {"tester": form, "tried": tried})


def _form(connection: Connection, data: Any = None) -> ActivitySettingsForm:
    return ActivitySettingsForm(data, instance=ActivitySettings.of(connection), sync=Sync.of(connection))


def _tester_context(request: Request, form: TesterForm) -> dict[str, Any]:
    return {"tester": form, "recent": activity_testing.recent_emails(request.user)}
