"""Lists: what there are, what is on one, and the card on a record's page."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from activities.lists import services
from activities.lists.forms import ListForm, ListNameForm, MemberForm
from activities.lists.panels import list_context
from activities.models import RecordList
from common.access import refuse_readers
from common.folding import fold
from common.http import Request, number, typed, wants_fragment
from common.pages import UNPROCESSABLE, form_page
from common.paging import Order, paged
from common.records import record_model
from common.views import record_or_404

ORDERS: dict[str, Order] = {"name": ("sort_name", "id"), "changed": ("-updated_at", "-id")}
RELATED = {
    "contact": ("account", "owner", "stage"),
    "account": ("owner", "stage"),
    "deal": ("account", "owner", "stage"),
}


@login_required
def list_list(request: Request) -> HttpResponse:
    words = typed(request.GET, "q")
    lists = RecordList.objects.visible_to(request.user)
    found = services.with_counts(lists.filter(sort_name__contains=fold(words))).select_related("owner")
    context = {"page": paged(found, request, ORDERS), "words": words, "is_empty": not lists.exists()}
    return render(request, "lists/_rows.html" if wants_fragment(request) else "lists/list.html", context)


@login_required
def list_detail(request: Request, pk: int) -> HttpResponse:
    """The records on a list; a POST takes one off, and answers what is left of the page."""
    present = get_object_or_404(RecordList.objects.select_related("owner"), pk=pk)
    if request.method == "POST":
        services.remove_from_list(present, [number(request.POST.get("off", ""))], user=request.user)
        return _records(request, present)
    if wants_fragment(request):
        return _records(request, present)
    return render(request, "lists/detail.html", _page(request, present))


@login_required
def list_create(request: Request) -> HttpResponse:
    form = ListForm(request.POST or None)
    if form.is_valid():
        new = services.create_list(**form.cleaned_data)
        messages.success(request, f"“{new}” was made. Add records here, on their own pages, or from their list.")
        return redirect(new)
    return form_page(request, form, title="New list", listed_at="lists:list")


@login_required
def list_edit(request: Request, pk: int) -> HttpResponse:
    present = _own_or_403(request, pk)
    form = ListForm(request.POST or None, instance=present)
    if form.is_valid():
        services.update_list(pk, {name: form.cleaned_data[name] for name in form.changed_data})
        messages.success(request, "Saved.")
        return redirect(present)
    return form_page(request, form, title="Edit list", listed_at="lists:list")


@login_required
def list_delete(request: Request, pk: int) -> HttpResponse:
    present = _own_or_403(request, pk)
    if request.method == "POST":
        services.delete_list(pk)
        messages.success(request, f"The list “{present}” was deleted. The records that were on it are untouched.")
        return redirect("lists:list")
    refuse_readers(request)
    return render(request, "lists/delete.html", {"list": present})


@login_required
@require_POST
def list_add(request: Request, pk: int) -> HttpResponse:
    """Put the chosen record on the list."""
    present = get_object_or_404(RecordList, pk=pk)
    form = MemberForm(present.record_kind, request.POST)
    if not form.is_valid():
        return render(request, "lists/detail.html", _page(request, present) | {"form": form}, status=UNPROCESSABLE)
    record = form.cleaned_data["record"]
    is_new = services.add_to_list(present, [record.pk], user=request.user)
    messages.success(request, f"“{record}” is on the list{'' if is_new else ' already'}.")
    return redirect(present)


@login_required
def record_lists(request: Request, record_kind: str, pk: int) -> HttpResponse:
    """The card of a record: a POST puts it on the list that was named, or takes it off one."""
    record = record_or_404(request, record_kind, pk)
    form = None
    if request.method == "POST" and "off" in request.POST:
        present = get_object_or_404(RecordList.objects.of_kind(record_kind), pk=number(request.POST["off"]))
        services.remove_from_list(present, [pk], user=request.user)
    elif request.method == "POST":
        form = ListNameForm(request.POST)
        form = None if _added(request, form, record_kind, pk) else form
    context = list_context(request, record) | {"form": form}
    return render(request, "lists/_card.html", context, status=UNPROCESSABLE if form else 200)


def _added(request: Request, form: ListNameForm, kind: str, pk: int) -> bool:
    if not form.is_valid():
        return False
    try:
        present = services.list_named(form.cleaned_data["name"], kind)
    except ValidationError as error:
        form.add_error("name", error.messages)
        return False
    services.add_to_list(present, [pk], user=request.user)
    return True


def _page(request: Request, present: RecordList) -> dict[str, Any]:
    return _records_context(request, present) | {
        "form": MemberForm(present.record_kind),
        "may_change": present.may_be_changed_by(request.user),
    }


def _records(request: Request, present: RecordList) -> HttpResponse:
    return render(request, "lists/_records.html", _records_context(request, present))


def _records_context(request: Request, present: RecordList) -> dict[str, Any]:
    words = typed(request.GET, "q")
    records = present.records(request.user).select_related(*RELATED[present.record_kind])
    page = paged(records.matching(words), request, {"name": ("sort_name", "id")})
    names = record_model(present.record_kind)._meta
    return {
        "list": present,
        "page": page,
        "words": words,
        "one": names.verbose_name,
        "many": names.verbose_name_plural,
        "is_empty": not page.rows and not words and not records.exists(),
    }


def _own_or_403(request: Request, pk: int) -> RecordList:
    present = get_object_or_404(RecordList.objects.select_related("owner"), pk=pk)
    if not present.may_be_changed_by(request.user):
        raise PermissionDenied(f"Only {present.owner} and admins may change this list.")
    return present
