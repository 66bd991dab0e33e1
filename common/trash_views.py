"""Pages of deleted records: what there is, what was kept of one, bringing back one, some or all that match."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from common import restoring, trash
from common.access import refuse_readers
from common.comparing import lines_of
from common.http import Request, number, wants_fragment
from common.models import DeletedRecord, Record
from common.paging import honest_count, paged
from common.records import record_model
from common.relations import Relation, rows_from
from common.restoring import PARAMS, DeletedFilter
from common.trash import KEPT_FOR, NotRestorable
from common.visibility import seen_of, visible_deleted
from common.words import counted, listed

NEWEST = {"": ("-deleted_at", "-id")}


@login_required
def deleted_list(request: Request) -> HttpResponse:
    rows = visible_deleted(request.user)
    filters = DeletedFilter(request.GET, rows.select_related("deleted_by"))
    page = paged(filters.qs, request, NEWEST)
    told = trash.what_restoring_does(page.rows)
    context = {
        "page": page,
        "filters": filters,
        "deleted": list(zip(page.rows, told, strict=True)),
        "is_empty": not rows.exists(),
        "days": KEPT_FOR.days,
    }
    return render(request, "common/_deleted_rows.html" if wants_fragment(request) else "common/deleted.html", context)


@login_required
def deleted_detail(request: Request, pk: int) -> HttpResponse:
    """What was kept of one record, and what bringing it back does."""
    row = get_object_or_404(visible_deleted(request.user).select_related("deleted_by"), pk=pk)
    (told,) = trash.what_restoring_does([row])
    return render(request, "common/deleted_one.html", {"row": row, "told": told} | _kept(request, row))


def _kept(request: Request, row: DeletedRecord) -> dict[str, Any]:
    model = record_model(row.record_kind)
    record = next(iter(rows_from(model, [row.values])), None)
    into = seen_of(model, request.user).filter(pk=row.merged_into).first() if row.merged_into else None
    attached = Counter({Relation.model_of(label): len(rows) for label, rows in row.lost.items()})
    for name, ids in [*row.loosened.items(), *row.moved.items()]:
        attached[Relation.named(name).model] += len(ids)
    changed = [str(column.verbose_name) for column in model._meta.fields if column.attname in row.before]
    return {
        "lines": _lines(record) if record else [],
        "into": into,
        "attached": listed([counted(count, model) for model, count in attached.items() if count]),
        "gives_back": listed(changed),
        "kept_until": row.deleted_at + KEPT_FOR,
    }


def _lines(record: Record) -> list[tuple[str, Any]]:
    from_form = ((line.label, line.shown(record)) for line in lines_of(record))
    return [(label, shown) for label, shown in from_form if shown]


@login_required
@require_POST
def deleted_restore(request: Request, pk: int) -> HttpResponse:
    if not DeletedRecord.objects.filter(pk=pk).exists():  # a second click
        messages.info(request, "It was brought back already, or is kept no longer.")
        return redirect("deleted_list")
    row = get_object_or_404(visible_deleted(request.user), pk=pk)
    try:
        record = restoring.bring_back(row, request.user)
    except NotRestorable as refusal:
        messages.error(request, f"“{row}” was not brought back. {refusal}")
        return redirect("deleted", pk)
    except DeletedRecord.DoesNotExist:
        return redirect("deleted_list")
    messages.success(request, f"“{record}” is back.")
    return redirect(record)


@login_required
@require_POST
def deleted_restore_chosen(request: Request) -> HttpResponse:
    """Those that were ticked on a page of the list."""
    ids = [number(pk) for pk in request.POST.getlist("row")]
    back = 0
    for row in visible_deleted(request.user).filter(pk__in=ids):
        try:
            restoring.bring_back(row, request.user)
        except NotRestorable as refusal:
            messages.error(request, f"“{row}” was not brought back. {refusal}")
        except DeletedRecord.DoesNotExist:
            continue
        else:
            back += 1
    if back:
        messages.success(request, f"{back:,} brought back.")
    elif not ids:
        messages.info(request, "Nothing was ticked.")
    return redirect("deleted_list")


@login_required
def deleted_restore_all(request: Request) -> HttpResponse:
    """All that match, after a look at how many that are; a POST starts the job."""
    refuse_readers(request)
    params = {name: request.GET.get(name, "").replace("\x00", "") for name in PARAMS}
    if request.method == "POST":
        return redirect("job", restoring.start(request.user, params).pk)
    count = honest_count(restoring.restorable(request.user, params))
    return render(request, "common/deleted_all.html", {"count": count, "params": request.GET.urlencode()})
