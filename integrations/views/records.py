"""The sync card of a record, and its button. Every user may look and push."""

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from common.http import Request
from common.models import Record
from common.visibility import seen_of
from integrations import services
from integrations.ownership import push_preview
from integrations.panels import sync_card
from integrations.sync.records import SYNCED, model_of

PATIENCE = 60.0  # seconds that a card asks for what was pulled


@login_required
def panel(request: Request, kind: str, pk: int) -> HttpResponse:
    """The card. With ``?pulling=``, the moment at which a pull was asked for: until it is through."""
    record = _record(request, kind, pk)
    asked_at = _moment(request.GET.get("pulling", ""))
    if asked_at is None:
        return _card(request, record)
    if services.is_pulled_since(record, asked_at):
        messages.success(request, "Salesforce was asked: this is what it has.")
        return HttpResponseClientRefresh()
    if (timezone.now() - asked_at).total_seconds() > PATIENCE:
        return _card(request, record, refused="Salesforce has not answered yet. The pull goes on in the background.")
    return _card(request, record, pulling=asked_at)


@login_required
def push_notes(request: Request, kind: str, pk: int) -> HttpResponse:
    """As whom a push by hand would write, and what would be refused: what the card asks for once it is seen."""
    record = _record(request, kind, pk)
    context = {"preview": push_preview(record, request.user), "refusal": services.push_refusal(record)}
    return render(request, "integrations/_push_notes.html", context)


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


@login_required
@require_POST
def pull(request: Request, kind: str, pk: int) -> HttpResponse:
    """Pull now; the card waits for it, and the page is loaded anew."""
    record = _record(request, kind, pk)
    asked_at = timezone.now()
    try:
        services.request_record_pull(record)
    except services.Refused as refusal:
        return _card(request, record, refused=str(refusal))
    return _card(request, record, pulling=asked_at)


@login_required
@require_POST
def push(request: Request, kind: str, pk: int) -> HttpResponse:
    """Push now; the card then tells the outcome as soon as there is one."""
    record = _record(request, kind, pk)
    try:
        services.push_now([record], request.user)
    except services.Refused as refusal:
        return _card(request, record, refused=str(refusal))
    return _card(request, record)


@login_required
@require_POST
def skip(request: Request, kind: str, pk: int) -> HttpResponse:
    """“Don’t sync this record”: it stays as it is on both sides until somebody lets it in again."""
    record = _record(request, kind, pk)
    services.skip(record, request.user)
    return _card(request, record)


@login_required
@require_POST
def unskip(request: Request, kind: str, pk: int) -> HttpResponse:
    record = _record(request, kind, pk)
    services.unskip(record, request.user)
    return _card(request, record)


def _card(request: Request, record: Record, refused: str = "", pulling: datetime | None = None) -> HttpResponse:
    """The card, and the badge above it. Whoever waited for the record hears that it is through."""
    card = sync_card(request, record, refused=refused, pulling=pulling)
    title = render_to_string("common/_title.html", {"record": record, "is_swapped": True}, request)
    response = HttpResponse(card + title)
    is_through = "waiting" in request.GET and services.sync_states([record])[record.pk].state != services.State.WAITING
    return trigger_client_event(response, "record-synced") if is_through else response


def _record(request: Request, kind: str, pk: int) -> Record:
    if kind not in SYNCED:
        raise Http404(f"There are no records of the kind “{kind}”.")
    return get_object_or_404(seen_of(model_of(kind), request.user), pk=pk)
