"""Where people and companies of the directory come from.

Whoever asks a provider gets entries of our own tables: a service that is asked over the network stores what it answers
under its ``source`` first (``remote.py``). So marks, saving and enrichment know one kind of entry, whatever it came
from. The setting DIRECTORY_PROVIDERS names those that are asked; docs/developers.md tells how to write one.

Nobody may ask within a transaction: what is elsewhere takes its time.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from django.conf import settings
from django.http import QueryDict
from django.utils import timezone
from django.utils.module_loading import import_string

from common.bulk import any_of
from directory.filters import CompanyFilter, ProspectFilter
from directory.models import LOADED, Company, CompanyQuerySet, Prospect, ProspectQuerySet

logger = logging.getLogger(__name__)

MOST = 100  # entries that one search brings
FRESH = timedelta(days=30)  # for so long nobody is asked again for what was answered


class Unavailable(Exception):
    """Why a provider does not answer, for the person who asked."""


@dataclass(frozen=True)
class Search:
    """``filters``: values by the names that filters of the search pages have (directory/filters.py)."""

    words: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    most: int = MOST

    @property
    def query(self) -> QueryDict:
        """As the address of a search page has it."""
        query = QueryDict(mutable=True)
        query["q"] = self.words
        for name, values in self.filters.items():
            query.setlist(name, list(values))
        return query


class Provider(Protocol):
    """A source of entries. Every method raises Unavailable."""

    source: str
    label: str

    def search_people(self, search: Search) -> ProspectQuerySet: ...

    def search_companies(self, search: Search) -> CompanyQuerySet: ...

    def people(self, *, keys: Collection[str] = (), emails: Collection[str] = ()) -> ProspectQuerySet:
        """Those with one of the keys that the source gave them, or of the addresses (in small letters)."""
        ...

    def companies(self, *, keys: Collection[str] = (), domains: Collection[str] = ()) -> CompanyQuerySet:
        """Those with one of the keys, or of the registered domains."""
        ...


class Loaded:
    """What admins load from files: it is in the tables already."""

    source = LOADED
    label = "Loaded from files"

    def search_people(self, search: Search) -> ProspectQuerySet:
        return ProspectFilter(search.query, self._people).qs[: search.most]

    def search_companies(self, search: Search) -> CompanyQuerySet:
        return CompanyFilter(search.query, self._companies).qs[: search.most]

    def people(self, *, keys: Collection[str] = (), emails: Collection[str] = ()) -> ProspectQuerySet:
        return people_of(self._people, keys, emails)

    def companies(self, *, keys: Collection[str] = (), domains: Collection[str] = ()) -> CompanyQuerySet:
        return companies_of(self._companies, keys, domains)

    @property
    def _people(self) -> ProspectQuerySet:
        return Prospect.objects.filter(source=self.source)

    @property
    def _companies(self) -> CompanyQuerySet:
        return Company.objects.filter(source=self.source)


def people_of(rows: ProspectQuerySet, keys: Collection[str], emails: Collection[str]) -> ProspectQuerySet:
    """Two lookups, each served by an index of its own."""
    named = rows.filter(key__in=any_of(keys)) if keys else rows.none()
    return named | rows.filter(email_key__in=any_of(emails)).exclude(email="") if emails else named


def companies_of(rows: CompanyQuerySet, keys: Collection[str], domains: Collection[str]) -> CompanyQuerySet:
    named = rows.filter(key__in=any_of(keys)) if keys else rows.none()
    return named | rows.filter(domain__in=any_of(domains)).exclude(domain="") if domains else named


def all_providers() -> list[Provider]:
    return [Loaded(), *elsewhere()]


def elsewhere() -> list[Provider]:
    """Those that are asked over the network, as the settings name them."""
    return [import_string(path)() for path in settings.DIRECTORY_PROVIDERS]


# --- look-ups -----------------------------------------------------------------------------------------------------


def look_up_people(emails: Collection[str]) -> list[str]:
    """Have the providers elsewhere tell whom they know by these addresses; then the tables hold it.

    Asked for are only those that the tables lack, or were told long ago. Answers who did not answer, and why.
    """
    wanted = {email.lower() for email in emails if email}
    return _ask(lambda: wanted - _known(Prospect, "email_key", wanted), lambda one, some: one.people(emails=some))


def look_up_companies(domains: Collection[str]) -> list[str]:
    """As ``look_up_people``, by registered domains."""
    wanted = {domain for domain in domains if domain}
    return _ask(lambda: wanted - _known(Company, "domain", wanted), lambda one, some: one.companies(domains=some))


def _known(model: Any, column: str, values: Collection[str]) -> set[str]:
    """What the tables have of the values: loaded at any time, or told by others lately."""
    rows = model.objects.filter(**{f"{column}__in": any_of(values)})
    told_long_ago = {"source__in": [one.source for one in elsewhere()], "updated_at__lt": timezone.now() - FRESH}
    return set(rows.exclude(**told_long_ago).values_list(column, flat=True))


def _ask(lacking: Callable[[], set[str]], ask: Callable[[Provider, Collection[str]], Any]) -> list[str]:
    """One provider after another, for what is lacking still."""
    silent = []
    for provider in elsewhere():
        if not (some := lacking()):
            break
        try:
            ask(provider, some)
        except Unavailable as error:
            logger.warning("%s did not answer: %s", provider.label, error)
            silent.append(f"{provider.label}: {error}")
    return silent
