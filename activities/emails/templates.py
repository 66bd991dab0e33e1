"""E-mail templates: one's own, and those that the team shares."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from activities import placeholders
from activities.emails.forms import TemplateForm
from activities.models import EmailTemplate
from common.access import refuse_readers
from common.folding import fold
from common.http import Request, typed, wants_fragment
from common.pages import UNPROCESSABLE
from common.paging import Order, paged

ORDERS: dict[str, Order] = {"name": ("sort_name", "id")}


@login_required
def template_list(request: Request) -> HttpResponse:
    words = typed(request.GET, "q")
    templates = EmailTemplate.objects.visible_to(request.user)
    found = templates.filter(sort_name__contains=fold(words)).select_related("owner")
    context = {"page": paged(found, request, ORDERS), "words": words, "is_empty": not templates.exists()}
    return render(request, "emails/_templates.html" if wants_fragment(request) else "emails/templates.html", context)


@login_required
def template_create(request: Request) -> HttpResponse:
    refuse_readers(request)
    form = TemplateForm(request.POST or None)
    if form.is_valid():
        template = EmailTemplate.objects.create(owner=request.user, **form.cleaned_data)
        messages.success(request, f"The template “{template}” was added.")
        return redirect("activities:templates")
    return _form_page(request, form, title="New template")


@login_required
def template_edit(request: Request, pk: int) -> HttpResponse:
    template = _own_or_403(request, pk)
    form = TemplateForm(request.POST or None, instance=template)
    if form.is_valid():
        _update(pk, form)
        messages.success(request, "Saved.")
        return redirect("activities:templates")
    return _form_page(request, form, title=str(template))


@login_required
def template_delete(request: Request, pk: int) -> HttpResponse:
    template = _own_or_403(request, pk)
    if request.method == "POST":
        template.delete()
        messages.success(request, f"The template “{template}” was deleted. E-mails that were made of it stay.")
        return redirect("activities:templates")
    return render(request, "emails/template_delete.html", {"template": template})


@transaction.atomic
def _update(pk: int, form: TemplateForm) -> None:
    template = EmailTemplate.objects.select_for_update().get(pk=pk)
    changes = form.changes()
    for name, value in changes.items():
        setattr(template, name, value)
    template.save(update_fields=list(changes))


def _own_or_403(request: Request, pk: int) -> EmailTemplate:
    refuse_readers(request)
    templates = EmailTemplate.objects.visible_to(request.user).select_related("owner")
    template = get_object_or_404(templates, pk=pk)
    if not template.may_be_changed_by(request.user):
        raise PermissionDenied(f"Only {template.owner} and admins may change this template.")
    return template


def _form_page(request: Request, form: TemplateForm, *, title: str) -> HttpResponse:
    context = {"form": form, "title": title, "placeholders": placeholders.names()}
    return render(request, "emails/template_form.html", context, status=UNPROCESSABLE if form.is_bound else 200)
