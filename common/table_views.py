"""The list page of any kind of record, and what people keep of it: views and columns."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from common import actions, slots
from common.access import for_readers
from common.http import Request, number, typed, wants_fragment
from common.models import Record, SavedView
from common.paging import paged
from common.tables import RecordTable, shown_rows, table_of

NOT_KEPT = ("after", "before", "view")  # of an address: they say which page, not what is asked for


def table_page(request: Request, table: RecordTable, template: str) -> HttpResponse:
    filters = table.asked(request.GET, request.user)
    page = paged(filters.shown, request, table.orders, count=filters.count(request.user))
    views = list(SavedView.objects.visible_to(request.user).filter(record_kind=table.kind).select_related("user"))
    view = next((one for one in views if one.name and str(one.pk) == request.GET.get("view")), None)
    own = next((one for one in views if not one.name and one.user_id == request.user.pk), None)
    every = table.columns()
    columns = table.choose(every, view.columns if view else own.columns if own else ())
    badges = slots.render(table.badges, request, page.rows)
    query = tidy(request.GET)
    context = {
        "table": table,
        "page": page,
        "filters": filters,
        "query": query,
        "columns": columns,
        "offered": [(column, True) for column in columns] + [(one, False) for one in every if one not in columns],
        "rows": shown_rows(table, columns, page.rows, badges),
        "has_badges": any(badges),
        "views": [one for one in views if one.name],
        "view": view,
        "may_change_view": view is not None and view.user_id == request.user.pk,
        "is_view_changed": view is not None and view.query != query,
        "actions": actions.offered(table.kind, request.user),
        "can_merge": issubclass(table.model, Record) and request.user.may_edit,
        "is_empty": not page.rows and not filters.is_active,
    }
    return render(request, "common/_rows.html" if wants_fragment(request) else template, context)


def tidy(query: QueryDict) -> str:
    """What an address asks for, without the page and without what is left empty."""
    kept = QueryDict(mutable=True)
    for name, values in sorted(query.lists()):
        if name not in NOT_KEPT and any(values):
            kept.setlist(name, [value.replace("\x00", "") for value in values])
    return kept.urlencode()


def table_or_404(kind: str) -> RecordTable:
    if table := table_of(kind):
        return table
    raise Http404(f"There is no list of the kind “{kind}”.")


@login_required
def more_filters(request: Request, kind: str) -> HttpResponse:
    """The filters that are folded away: most lists are looked at without them, and their choices are long."""
    filters = table_or_404(kind).asked(request.GET, request.user)
    return render(request, "common/_more_filters.html", {"filters": filters})


@for_readers
@login_required
@require_POST
def view_save(request: Request, kind: str) -> HttpResponse:
    """Keep what the list shows under a name; a view of one's own of that name is replaced."""
    table, name = table_or_404(kind), typed(request.POST, "name")[:80]
    query = tidy(QueryDict(request.POST.get("query", "")))
    if not name:
        messages.error(request, "Give the view a name.")
        return _to(table, query)
    values = {
        "query": query,
        "columns": _known(table, request.POST.getlist("columns")),
        "is_shared": request.user.may_edit and "is_shared" in request.POST,
    }
    view, is_new = SavedView.objects.update_or_create(user=request.user, record_kind=kind, name=name, defaults=values)
    messages.success(request, f"The view “{view}” was {'saved' if is_new else 'replaced'}.")
    return redirect(reverse(table.address) + view.address)


@for_readers
@login_required
@require_POST
def view_change(request: Request, kind: str, pk: int) -> HttpResponse:
    """Let one's view ask for what the list shows now, or let others see it or not."""
    table = table_or_404(kind)
    view = get_object_or_404(SavedView, pk=pk, record_kind=kind, user=request.user)
    if "query" in request.POST:
        view.query = tidy(QueryDict(request.POST["query"]))
    if "is_shared" in request.POST and request.user.may_edit:
        view.is_shared = request.POST["is_shared"] == "yes"
    view.save(update_fields=["query", "is_shared"])
    messages.success(request, f"The view “{view}” was saved.")
    return redirect(reverse(table.address) + view.address)


@for_readers
@login_required
@require_POST
def view_delete(request: Request, kind: str, pk: int) -> HttpResponse:
    """Admins may also take away what somebody shares."""
    table = table_or_404(kind)
    may = Q(user=request.user) | (Q(is_shared=True) if request.user.is_admin else Q(pk=None))
    view = get_object_or_404(SavedView.objects.filter(may).exclude(name=""), pk=pk, record_kind=kind)
    view.delete()
    messages.success(request, f"The view “{view}” was deleted. No record was touched.")
    return _to(table, view.query)


@for_readers
@login_required
@require_POST
def columns_choose(request: Request, kind: str) -> HttpResponse:
    """Columns of one's view, if one looks at it; else of the plain list. None: those at first."""
    table, query = table_or_404(kind), tidy(QueryDict(request.POST.get("query", "")))
    columns = _known(table, request.POST.getlist("columns"))
    mine = SavedView.objects.filter(user=request.user, record_kind=kind)
    view = mine.exclude(name="").filter(pk=number(request.POST.get("view", ""))).first()
    if view:
        view.columns = columns
        view.save(update_fields=["columns"])
        return redirect(f"{reverse(table.address)}?{query}&view={view.pk}")
    SavedView.objects.update_or_create(user=request.user, record_kind=kind, name="", defaults={"columns": columns})
    return _to(table, query)


def _known(table: RecordTable, keys: list[str]) -> list[str]:
    every = {column.key for column in table.columns()}
    return [key for key in keys if key in every]


def _to(table: RecordTable, query: str) -> HttpResponse:
    return redirect(f"{reverse(table.address)}?{query}" if query else table.address)
