"""Searching a directory of full size (see ``directory_filling``): times, queries and bytes of its pages and facets."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from benchmarks.asking import ask, table
from benchmarks.pages import in_workspace, signed_in
from benchmarks.world import World
from common.paging import keyset_page
from directory.models import Company, Prospect
from directory.tables import ORDERS
from users.models import User

COUNT = 40
LETTERS = "bdfhjlnprtw"
FREQUENT, RARE = ("manager", "sales", "head", "mail"), ("chief finance", "ada ackerberg", "xenia zellwick")


def run(world: World) -> Iterator[str]:
    yield from in_workspace(world, ["directory_filling", str(world.filled)], ["directory"])


def work(words: str = "", count: str = str(COUNT)) -> Iterator[str]:
    """Ask the pages of the database of DATABASE_URL, or those whose label has these words."""
    admin = User.objects.filter(role=User.Role.ADMIN).order_by("pk")[:1].get()
    wanted = {label: addresses for label, addresses in _addresses().items() if words in label}
    asked = [ask(signed_in(admin), label, addresses, int(count)) for label, addresses in wanted.items()]
    yield table("directory (p95 within 150 ms)", asked)


def _addresses() -> dict[str, list[str]]:
    searches: dict[str, list[dict[str, Any]]] = {
        "first page": [{}],
        "a frequent word": [{"q": word} for word in FREQUENT],
        "a rare word": [{"q": word} for word in RARE],
        "two letters": [{"q": letters} for letters in ("an", "st", "ma", "zo")],
        "one filter": [{"seniority": "VP"}, {"department": "Finance"}, {"country": "Japan"}],
        "filters of the company": [{"industry": "Energy", "size": "1001-5000"}, {"industry": "Food", "size": "11-50"}],
        "several values": [{"seniority": ["C-Level", "VP"], "country": ["Sweden", "Portugal"]}],
        "all filters": [
            {"seniority": "VP", "department": "Sales", "industry": "Health", "country": "France", "known": "no"}
        ],
        "word and filters": [{"q": word, "seniority": "Director", "country": "Canada"} for word in FREQUENT],
        "a title": [{"title": title} for title in ("head of sales", "chief", "specialist")],
        "a city": [{"place": "Utrecht"}],
        "in the CRM": [{"known": "yes"}],
        "net new with an address": [{"known": "no", "has_email": "yes"}],
        "who has no address": [{"has_email": "no", "email_status": "verified"}],
        "nothing found": [{"q": "nobodyofthatname"}, {"seniority": "Nothing"}],
    }
    people = {label: [_url("people", query) for query in queries] for label, queries in searches.items()}
    facets = {f"facets, {label}": [_url("people_facets", query) for query in searches[label]] for label in searches}
    company = Company.objects.order_by("-employees")[:1].get()
    return {
        **people,
        "newest first": [_url("people", {"sort": "newest"})],
        "deep down": [_url("people", {"after": _deep(letter)}) for letter in LETTERS],
        "deep down, filtered": [_url("people", {"after": _deep(letter), "seniority": "VP"}) for letter in LETTERS],
        **facets,
        "companies, first page": [_url("companies", {})],
        "companies, a word": [_url("companies", {"q": word}) for word in ("north", "data", "group")],
        "companies, filters": [_url("companies", {"industry": "Media", "size": "51-200", "country": "Japan"})],
        "companies, facets": [_url("companies_facets", {})],
        "a person": [
            reverse("directory:person", args=[pk]) for pk in Prospect.objects.values_list("pk", flat=True)[:9]
        ],
        "a company": [company.get_absolute_url()],
        "loading": [reverse("directory:loading")],
    }


def _url(name: str, query: dict[str, Any]) -> str:
    return f"{reverse(f'directory:{name}')}?{urlencode(query, doseq=True)}"


def _deep(letter: str) -> str:
    """The cursor of a page whose names begin so."""
    return keyset_page(Prospect.objects.filter(sort_name__gte=letter), ORDERS["name"]).next
