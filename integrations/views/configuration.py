"""Settings > Salesforce > Configuration: all settings as a text, and taking one over after looking at what differs."""

import sys
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from common.http import Request
from integrations.access import admin_required
from integrations.configuration import export, importing
from integrations.configuration.comparing import shortened
from integrations.configuration.naming import named
from integrations.configuration.text import write
from integrations.forms.configuration import TextForm
from integrations.views.frame import framed
from integrations.views.tables import connected

FILE = "tandem-salesforce.yaml"
SHOWN = 200  # faults or differences of a text, until somebody asks for all
CONFLICT, UNPROCESSABLE = 409, 422


@admin_required
def configuration(request: Request) -> HttpResponse:
    return _page(request, TextForm())


@admin_required
def configuration_text(request: Request) -> HttpResponse:
    """The text to look at, written when somebody asks for it."""
    return render(request, "integrations/_configuration_text.html", {"text": write(export.present(connected()))})


@admin_required
def configuration_export(request: Request) -> HttpResponse:
    text = write(export.present(connected()))
    headers = {"Content-Disposition": f'attachment; filename="{FILE}"'}
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)


@admin_required
@require_POST
def configuration_compare(request: Request) -> HttpResponse:
    """What a text would change. Nothing is changed by asking."""
    connection = connected()
    form = TextForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=UNPROCESSABLE)
    return _difference(request, importing.plan(connection, form.cleaned_data["text"]))


@admin_required
@require_POST
def configuration_import(request: Request) -> HttpResponse:
    """Take over a text that was looked at; when the settings are others by now, it is looked at again."""
    connection = connected()
    form = TextForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=UNPROCESSABLE)
    try:
        said = importing.carry_out(connection, form.cleaned_data["text"], request.POST.get("seen", "-"))
    except importing.NotTaken as reason:
        messages.error(request, str(reason))
        return _difference(request, reason.plan, status=CONFLICT)
    messages.success(request, "The settings are as the text says.")
    for line in said:
        messages.info(request, line)
    return redirect("integrations:configuration")


def _page(request: Request, form: TextForm, status: int = 200) -> HttpResponse:
    connected()
    context = {"form": form, "configuration_section": "text"}
    return framed(request, "integrations/configuration.html", context, status=status)


def _difference(request: Request, plan: importing.Plan, status: int = 200) -> HttpResponse:
    lines = plan.text.splitlines()
    shown = sys.maxsize if "all" in request.POST else SHOWN
    context: dict[str, Any] = {
        "plan": plan,
        "sections": named(shortened(plan.sections, shown)),
        "faults": [(fault, _line(lines, fault.line)) for fault in plan.faults[:shown]],
        "shown": SHOWN,
        "is_shortened": max(plan.count, len(plan.faults)) > shown,
        "form": TextForm(initial={"text": plan.text}),
        "configuration_section": "text",
    }
    status = UNPROCESSABLE if plan.faults else status
    return framed(request, "integrations/configuration_difference.html", context, status=status)


def _line(lines: list[str], number: int) -> str:
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""
