"""Settings > Salesforce > Logins > People: which Salesforce user is which person here."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from common.http import Request, number, typed
from common.paging import paged
from integrations import people
from integrations.access import admin_required
from integrations.forms.people import PeopleForm
from integrations.logins import the_connection
from integrations.views.frame import framed
from users.models import User

NAMED = 10  # people without a Salesforce user who are named


@admin_required
def people_list(request: Request) -> HttpResponse:
    """Everybody in the org and who that is here; POST saves what was typed on this page of the list."""
    connection = the_connection()
    if not connection.is_connected:
        return redirect("integrations:overview")
    shown, text = typed(request.GET, "show"), typed(request.GET, "q")
    page = paged(people.found(connection, shown=shown, text=text), request, {"name": ("sort_name", "id")})
    form = PeopleForm(page.rows, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        count = people.pair_by_hand(connection, form.pairs)
        messages.success(
            request, f"{count} changed. It counts from the next pull and push on." if count else "Nothing had changed."
        )
        return redirect(request.get_full_path())
    gaps = people.gaps(connection)
    context = {
        "page": page,
        "form": form,
        "show": shown,
        "q": text,
        "filters": [(name, label, gaps.counts[name]) for name, (label, _) in people.SHOWN.items()],
        "without": list(gaps.without[:NAMED]),
        "more_without": max(gaps.without.count() - NAMED, 0),
        "people": User.objects.filter(is_active=True),
        "logins_section": "people",
    }
    return framed(request, "integrations/people.html", context, status=422 if form.errors else 200)


@admin_required
@require_POST
def people_match(request: Request) -> HttpResponse:
    """Match by e-mail again: one row that was set by hand, or all that nobody is."""
    count = people.match_again(the_connection(), number(request.POST.get("mapping", "")))
    messages.success(request, f"{count} found by e-mail." if count else "No further address is the same.")
    query = {name: value for name in ("show", "q") if (value := typed(request.POST, name))}
    return redirect(f"{redirect('integrations:people').url}{'?' if query else ''}{urlencode(query)}")
