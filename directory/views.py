"""Searching the directory. What becomes of an entry here is the business of others, through slots and actions."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from common.http import Request
from common.lines import as_html
from common.search import matching
from common.table_views import table_page, tidy
from common.tables import RecordTable
from directory.facets import facets_of
from directory.models import Company, Prospect
from directory.providers import Search, Unavailable, elsewhere
from directory.tables import COMPANIES, PEOPLE

SHOWN = 50  # people on the page of a company; the list has them all


@login_required
def people(request: Request) -> HttpResponse:
    return table_page(request, PEOPLE, "directory/list.html")


@login_required
def companies(request: Request) -> HttpResponse:
    return table_page(request, COMPANIES, "directory/list.html")


@login_required
def people_facets(request: Request) -> HttpResponse:
    return _facets(request, PEOPLE)


@login_required
def company_facets(request: Request) -> HttpResponse:
    return _facets(request, COMPANIES)


def _facets(request: Request, table: RecordTable) -> HttpResponse:
    """They come after the list, which does not wait for their counts."""
    filters = table.asked(request.GET, request.user)
    return render(request, "directory/_facets.html", {"found": facets_of(filters)})


@login_required
@require_POST
def ask_elsewhere(request: Request, kind: str) -> HttpResponse:
    """Have data services tell whom they know by what the list is filtered by; then the list has them, too."""
    table = {"people": PEOPLE, "companies": COMPANIES}[kind]
    query = QueryDict(tidy(request.POST), mutable=True)
    query.pop("csrfmiddlewaretoken", None)
    filters = {name: query.getlist(name) for name in (*table.filters.facets, "title", "place") if name in query}
    search = Search(query.get("q", ""), filters)
    if not (filters or matching(search.words)):
        messages.info(request, "Say first whom you look for: in the search field or by a filter.")
    for provider in elsewhere() if filters or matching(search.words) else ():
        try:
            found = provider.search_people(search) if table is PEOPLE else provider.search_companies(search)
        except Unavailable as error:
            messages.warning(request, f"{provider.label}: {error}")
        else:
            messages.success(request, f"{provider.label} found {found.count()}. They are in the directory now.")
    return HttpResponseClientRedirect(f"{reverse(table.address)}?{query.urlencode()}")


@login_required
def person(request: Request, pk: int) -> HttpResponse:
    prospect = get_object_or_404(Prospect.objects.select_related("company"), pk=pk)
    moves = prospect.moves.select_related("from_company").order_by("-id")[:SHOWN]
    lines = [(column.label, column.shown(prospect)) for column in PEOPLE.columns()]
    links = [("LinkedIn", as_html(prospect.linkedin_url, "url"))]
    return render(request, "directory/person.html", {"entry": prospect, "lines": lines + links, "moves": moves})


@login_required
def company(request: Request, pk: int) -> HttpResponse:
    entry = get_object_or_404(Company, pk=pk)
    staff = list(entry.people.order_by("sort_name", "id")[: SHOWN + 1])
    lines = [(column.label, column.shown(entry)) for column in COMPANIES.columns()]
    links = [("LinkedIn", as_html(entry.linkedin_url, "url")), ("Description", as_html(entry.description))]
    context = {"entry": entry, "lines": lines + links, "people": staff[:SHOWN], "has_more": len(staff) > SHOWN}
    return render(request, "directory/company.html", context)
