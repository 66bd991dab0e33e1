"""Rules that keep e-mails out of Salesforce, each edited in a side panel."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from common.http import Request
from integrations import activity_settings
from integrations.access import admin_required
from integrations.activity_reach import kept_out
from integrations.activity_rules.exclusions import told
from integrations.forms.exclusions import ExclusionForm
from integrations.models import Connection, ExclusionRule
from integrations.models.activities import CONDITIONS
from integrations.views.tables import connected, part

CLOSE = "panel-done"
PANEL = "integrations/_exclusion.html"


def rules_context(connection: Connection) -> dict[str, Any]:
    return {"rules": [(rule, told(rule)) for rule in connection.exclusion_rules.all()]}


@admin_required
def exclusion(request: Request, pk: int = 0) -> HttpResponse:
    """The panel of a rule, or of a new one; posted, it is saved."""
    rule = _rule(pk)
    form = ExclusionForm(request.POST or None, instance=rule)
    if request.method != "POST" or not form.is_valid():
        return _panel(request, form)
    try:
        activity_settings.save_rule(form.save(commit=False), form.cleaned_data["seen"])
    except activity_settings.Gone as reason:
        form.add_error(None, str(reason))
        return _panel(request, form)
    messages.success(request, f"The rule “{rule.name}” is saved. It counts from now on.")
    return _saved(request)


@admin_required
@require_POST
def draft(request: Request, pk: int = 0) -> HttpResponse:
    """How many of the newest e-mails the rule would have kept out, as it is filled in."""
    form = ExclusionForm(request.POST, instance=_rule(pk)).as_draft()
    says = any(getattr(form.instance, name) for name in CONDITIONS)
    return render(request, "integrations/_exclusion_effect.html", {"effect": kept_out(form.instance) if says else None})


@admin_required
@require_POST
def delete(request: Request, pk: int) -> HttpResponse:
    rule = ExclusionRule.objects.filter(connection=connected(), pk=pk).first()
    if rule:
        activity_settings.delete_rule(rule)
        messages.success(request, f"The rule “{rule}” is deleted.")
    return _saved(request)


def _rule(pk: int) -> ExclusionRule:
    connection = connected()
    if not pk:
        return ExclusionRule(connection=connection)
    return get_object_or_404(ExclusionRule.objects.select_related("connection"), connection=connection, pk=pk)


def _panel(request: Request, form: ExclusionForm) -> HttpResponse:
    says = any(getattr(form.instance, name) for name in CONDITIONS)
    effect = kept_out(form.instance) if says and not form.errors else None
    return part(request, PANEL, {"form": form, "rule": form.instance, "effect": effect}, form.errors)


def _saved(request: Request) -> HttpResponse:
    """The table as it is now; the panel closes."""
    response = render(request, "integrations/_exclusions.html", rules_context(connected()) | {"is_out_of_band": True})
    return trigger_client_event(trigger_client_event(response, CLOSE), "rules-changed")
