"""Notes, calls, meetings and tasks: made on a record's page, and a page of their own."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from activities import services
from activities.emails.threads import thread_of
from activities.fields import key_of, people_by
from activities.forms import FIELDS, OF_DEALS, ActivityForm, first_values
from activities.models import Activity
from activities.panels import activity_context, page_context
from activities.people import Person, people_of
from activities.tables import ACTIVITIES
from common.access import refuse_readers
from common.bulk import any_of
from common.http import Request, typed
from common.models import Record, RecordKind
from common.pages import UNPROCESSABLE
from common.search import best_found, is_too_short, matching
from common.table_views import table_page
from common.views import record_or_404
from common.visibility import seen_of
from contacts.models import Contact
from users.models import User

OPTIONS = 8


@login_required
def activity_list(request: Request) -> HttpResponse:
    return table_page(request, ACTIVITIES, "activities/list.html")


@login_required
def activity_add(request: Request, record_kind: str, pk: int, kind: str) -> HttpResponse:
    """The card of a record with the form for a new activity; a POST adds it."""
    record = record_or_404(request, record_kind, pk)
    if kind not in FIELDS or (kind in OF_DEALS and record_kind != RecordKind.DEAL):
        raise Http404(f"A {kind} cannot be added here by hand.")
    if request.method != "POST":
        refuse_readers(request)
        return _card(request, record, kind, _new_form(kind, record))
    form = _new_form(kind, record, request.POST)
    if not form.is_valid() or not _created(form):
        return _card(request, record, kind, form, status=UNPROCESSABLE)
    messages.success(request, f"{Activity.Kind(kind).label} added.")
    return trigger_client_event(_card(request, record), "record-saved")


@login_required
def activity_card(request: Request, record_kind: str, pk: int) -> HttpResponse:
    return _card(request, record_or_404(request, record_kind, pk))


@login_required
def activity_detail(request: Request, pk: int) -> HttpResponse:
    activity = activity_or_404(request, pk)
    form = ActivityForm(request.POST or None, instance=activity, kind=activity.kind)
    if form.is_valid() and _saved(form):
        messages.success(request, "Saved.")
        return redirect(activity) if _is_seen(request, activity) else redirect("activities:list")
    context = {"activity": activity, "form": form, "thread": thread_of(activity, request.user)}
    context |= page_context(request, activity)
    return render(request, "activities/detail.html", context, status=UNPROCESSABLE if form.errors else 200)


@login_required
@require_POST
def activity_complete(request: Request, pk: int) -> HttpResponse:
    """Check a task off, or open it again; answers its row, or its page."""
    task = get_object_or_404(Activity.objects.visible_to(request.user), pk=pk, kind=Activity.Kind.TASK)
    task = services.complete_task(task.pk, is_done=task.completed_at is None)
    if not request.htmx:
        messages.success(request, "Done." if task.completed_at else "It is to do again.")
        return redirect(task)
    response = render(request, "activities/_task.html", {"task": task, "today": timezone.localdate()})
    return trigger_client_event(response, "record-saved")


@login_required
def activity_delete(request: Request, pk: int) -> HttpResponse:
    """Ask before deleting."""
    refuse_readers(request)
    activity = activity_or_404(request, pk)
    if request.method != "POST":
        return render(request, "activities/delete.html", {"activity": activity, "people": people_of(activity)})
    services.delete_activity(pk)
    messages.success(request, f"{activity.get_kind_display()} deleted.")
    return _to_what_it_is_about(request, activity)


@login_required
def people_options(request: Request) -> HttpResponse:
    """Whom a picker called ``?name=`` offers for ``?q=``, keeping who is chosen; ``?users``: teammates as well."""
    name, words = typed(request.GET, "name"), typed(request.GET, "q")
    keys = request.GET.getlist(name)
    # Somebody chosen before who is not seen any more stays ticked, and is named as on the page.
    chosen = people_by(keys, also=_attached_already(request, keys))
    found = [one for one in _found(request, words) if key_of(one) not in chosen]
    context = {
        "name": name,
        "chosen": chosen,
        "found": {key_of(one): one for one in found},
        "is_search": bool(words) and not is_too_short(words),
    }
    return render(request, "activities/_people_options.html", context)


def _attached_already(request: Request, keys: list[str]) -> list[str]:
    """Of these those who stand on an activity that the user sees."""
    people = people_by(keys, also=keys).values()
    contacts = [one for one in people if isinstance(one, Contact)]
    hidden = set(contacts) - set(Contact.objects.visible_to(request.user).filter(pk__in=[one.pk for one in contacts]))
    seen = [one for one in hidden if Activity.objects.of(one).visible_to(request.user).exists()]
    return [key_of(one) for one in seen]


def _found(request: Request, words: str) -> list[Person]:
    if is_too_short(words) or not words:
        return []
    contacts = Contact.objects.visible_to(request.user).listed().select_related("account")
    people: list[Person] = []
    if request.GET.get("users"):
        named = Q(name__icontains=words) | Q(email__icontains=words)
        people += User.objects.filter(named, is_active=True).order_by("name", "email")[:OPTIONS]
    if matching(words):
        people += contacts.filter(pk__in=any_of(best_found(contacts, words), "bigint")).order_by("sort_name", "pk")[
            :OPTIONS
        ]
    return people


def activity_or_404(request: Request, pk: int) -> Activity:
    activities = Activity.objects.visible_to(request.user)
    return get_object_or_404(activities.select_related("account", "contact", "deal", "owner", "message"), pk=pk)


def _is_seen(request: Request, activity: Activity) -> bool:
    return Activity.objects.visible_to(request.user).filter(pk=activity.pk).exists()


def _to_what_it_is_about(request: Request, activity: Activity) -> HttpResponse:
    """One's own activity may be about a record that one does not see any more."""
    record = activity.about
    is_seen = seen_of(type(record), request.user).filter(pk=record.pk).exists()
    return redirect(record if is_seen else "home")


def _new_form(kind: str, record: Record, data: Any = None) -> ActivityForm:
    return ActivityForm(data, kind=kind, about=record, initial=first_values(kind))


def _created(form: ActivityForm) -> bool:
    """A refusal of the service becomes an error of the form."""
    try:
        services.create_activity(kind=form.kind, **form.values())
    except ValidationError as error:
        form.add_error(None, error.messages)
        return False
    return True


def _saved(form: ActivityForm) -> bool:
    try:
        services.update_activity(form.instance.pk, form.changes())
    except ValidationError as error:
        form.add_error(None, error.messages)
        return False
    return True


def _card(
    request: Request, record: Record, kind: str = "", form: ActivityForm | None = None, status: int = 200
) -> HttpResponse:
    context = activity_context(request, record) | {"form": form, "form_kind": kind}
    return render(request, "activities/_card.html", context, status=status)
