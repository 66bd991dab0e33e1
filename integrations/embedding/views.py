"""What the panel's script asks for: the account with its people, and what is done with them. All fragments."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap, trigger_client_event
from django_q.tasks import async_task

from accounts.models import Account
from common.http import Request, typed
from common.pages import UNPROCESSABLE
from common.search import FOUND, best_found, matching
from integrations import services
from integrations.embedding import doing
from integrations.embedding.account import NoAccount, account_for, remote_id_of
from integrations.embedding.entry import no_account, panel_view, signed_in
from integrations.embedding.people import SHOWN, AccountPeople, Person, Wanted
from integrations.embedding.telling import digest, is_news, nothing_new, refused, told
from integrations.logins import the_connection
from integrations.models import ErrorEntry, RecordLink

NOBODY = "They are not there any more. Reload the panel."
CONFLICT = 409
OPTIONS = 8


@panel_view
@require_GET
def panel(request: Request, account: Account) -> HttpResponse:
    everybody, wanted = AccountPeople(account, request.user), _wanted(request)
    context = {
        "page": everybody.page(wanted),
        "wanted": wanted,
        "shown": SHOWN,
        "counts": everybody.counts(),
        "deeds": doing.deeds(request.user),
    }
    return render(request, "embedding/_panel.html", context | _state(account))


@panel_view
@require_GET
def people(request: Request, account: Account) -> HttpResponse:
    """The list, or its next page."""
    wanted, after = _wanted(request), typed(request.GET, "after")
    page = AccountPeople(account, request.user).page(wanted, after=after)
    context = {"account": account, "page": page, "wanted": wanted, "is_further": bool(after)}
    return render(request, "embedding/_people.html", context | {"deeds": doing.deeds(request.user)})


@panel_view
@require_GET
def mark(request: Request, account: Account, key: str) -> HttpResponse:
    """The mark of somebody who waits for a push; their row goes when they are gone. Once they are through it counts.

    The mark alone: who is ticked stays so, and a menu that is open stays open.
    """
    everybody = AccountPeople(account, request.user)
    one = next(iter(everybody.rows([key])), None)
    if one and not is_news(request, one.seen):
        return nothing_new()
    context: dict[str, Any] = {"one": one, "instead_of": key}
    if one is None or not one.is_on_the_way:
        context |= {"counts": everybody.counts(), "is_swapped": True}
    return render(request, "embedding/_marked.html", context)


@panel_view
@require_GET
def state(request: Request, account: Account) -> HttpResponse:
    found = _state(account)
    return render(request, "embedding/_account.html", found) if is_news(request, found["seen"]) else nothing_new()


@panel_view
@require_POST
def retry(request: Request, account: Account) -> HttpResponse:
    """Send the account again, after its last error."""
    if reason := services.push_refusal(account):
        return refused(reason, CONFLICT)
    services.retry(list(ErrorEntry.objects.open().of("account", [account.pk])), request.user)
    return render(request, "embedding/_account.html", _state(account))


@signed_in
@require_POST
def pull(request: Request) -> HttpResponse:
    """Bring the account in now, for somebody who may see it."""
    remote_id = request.POST.get("crm_object_id", "")
    try:
        account = account_for(request.user, remote_id)
    except NoAccount as found:
        if found.lack.can_pull:
            if reason := services.pull_refusal(the_connection()):
                return refused(reason, CONFLICT)
            ids = [remote_id_of(remote_id)]
            transaction.on_commit(partial(async_task, "integrations.tasks.pull_remote", "Account", ids))
        return no_account(request, found, tries=1)
    return render(request, "embedding/_account.html", _state(account))


@panel_view
@require_GET
def options(request: Request, account: Account, kind: str) -> HttpResponse:
    """The accounts that a picker offers for what is typed."""
    name, words = request.GET.get("name", ""), request.GET.get("q", "")
    value = request.GET.get(name, "")
    records = doing.choosable_accounts(request.user, account)
    chosen = records.filter(pk=value).first() if value.isdecimal() else None
    found = records.listed()
    if matching(words):
        found = records.filter(pk__in=best_found(found, words)[:FOUND])
    shown = found.exclude(pk=chosen and chosen.pk).order_by("sort_name", "pk")[:OPTIONS]
    return render(request, "common/_options.html", {"name": name, "chosen": chosen, "records": shown})


@panel_view
@require_POST
def save(request: Request, account: Account) -> HttpResponse:
    chosen = _chosen(request, account)
    new = [one for one in chosen if one.is_new]
    if not new:
        return refused("Nobody of them is new." if chosen else NOBODY, CONFLICT)
    contacts = doing.saved(new)
    return told(changed(request, account, contacts), f"{len(contacts)} saved.")


@panel_view
@require_POST
def act(request: Request, account: Account, name: str) -> HttpResponse:
    """Asks for what an action needs to know, and does it."""
    deed = doing.deed_named(name, request.user)
    if deed is None:
        raise Http404("There is no such action.")
    chosen = _chosen(request, account)
    if not chosen or deed.refusal:
        return refused(deed.refusal or NOBODY, CONFLICT)
    has_questions = bool(deed.action.form.base_fields)
    is_confirmed = "confirm" in request.POST or not has_questions
    form = doing.form_for(deed, request.user, account, request.POST if is_confirmed else None)
    if not is_confirmed or not form.is_valid():
        context = {"deed": deed, "people": chosen, "form": form}
        return render(request, "embedding/_ask.html", context, status=UNPROCESSABLE if is_confirmed else 200)
    contacts = doing.saved(chosen)
    try:
        job = doing.start(deed, contacts.values(), request.user, request.POST)
    except ValidationError as error:
        return refused(" ".join(error.messages), CONFLICT)
    new = sum(one.is_new for one in chosen)
    work = {"job": job, "label": deed.label} if job.is_under_way else {}
    return told(changed(request, account, contacts, **work), *doing.outcome(deed.label, job, new))


@panel_view
@require_GET
def progress(request: Request, account: Account, pk: int) -> HttpResponse:
    """How far an action is that goes on in the background; when it ended, what came of it, and its people's rows.

    Somebody may be at other things meanwhile: the question on show stays, and who is ticked.
    """
    job = doing.job_of(request.user, pk)
    if job is None:
        raise Http404("There is no such action.")
    label = doing.label_of(job, request.user)
    if not job.is_under_way:
        rows = _rows(request, account, {f"contact-{pk}": pk for pk in job.params["ids"]})
        return told(rows, *doing.outcome(label, job, 0))
    if not is_news(request, str(job.done)):
        return nothing_new()
    return render(request, "embedding/_progress.html", {"job": job, "label": label})


def _wanted(request: Request) -> Wanted:
    shown = request.GET.get("show", "")
    return Wanted(typed(request.GET, "q"), shown if shown in SHOWN else "", bool(request.GET.get("has_email")))


def _chosen(request: Request, account: Account) -> list[Person]:
    keys = request.POST.getlist("people")[: doing.MOST]
    return AccountPeople(account, request.user).chosen(keys)


def changed(request: Request, account: Account, contacts: dict[str, int], **work: Any) -> HttpResponse:
    """The rows of these people as they are now; the question that was asked goes. ``work``: what of it goes on."""
    response = _rows(request, account, contacts, **work)
    return trigger_client_event(reswap(response, "none"), "panel-done")


def _rows(request: Request, account: Account, contacts: dict[str, int], **work: Any) -> HttpResponse:
    """In the places that they had."""
    everybody = AccountPeople(account, request.user)
    present = {one.row.pk: one for one in everybody.rows(f"contact-{pk}" for pk in contacts.values())}
    context = {
        # Two of the directory may have become one contact, and one may have left the account.
        "rows": [(key, present.pop(pk, None)) for key, pk in contacts.items()],
        "deeds": doing.deeds(request.user),
        "counts": everybody.counts(),
        "is_swapped": True,
    }
    return render(request, "embedding/_changed.html", context | work)


def _state(account: Account) -> dict[str, Any]:
    """How the account stands with the org."""
    link = RecordLink.objects.live().of("account", [account.pk]).first()
    moments = [moment for moment in (link.pushed_at, link.pulled_at) if moment] if link else []
    sync, synced_at = services.sync_states([account])[account.pk], max(moments, default=None)
    error, refusal = ErrorEntry.objects.open().of("account", [account.pk]).first(), services.push_refusal(account)
    return {
        "account": account,
        "sync": sync,
        "synced_at": synced_at,
        "error": error,
        "refusal": refusal,
        "seen": digest(account.name, sync.state, sync.reason, synced_at, error and error.message, refusal),
    }
