"""Providers that are asked over the network: what they answer is checked and stored, then it is entries like others."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

from directory.importing.columns import COMPANIES, PEOPLE, FileKind
from directory.importing.reading import values_of
from directory.loading import load_companies, load_prospects
from directory.models import Company, CompanyQuerySet, Prospect, ProspectQuerySet
from directory.providers import MOST, Search, companies_of, people_of

logger = logging.getLogger(__name__)

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """People and companies, by the names that columns of files have too, each with its ``key`` there.

    A person names the company by ``company_key`` or ``company_domain``.
    """

    people: Sequence[Values] = ()
    companies: Sequence[Values] = field(default_factory=tuple)


class Remote(ABC):
    """Say ``source``, ``label`` and what is answered. ``source`` is stored with every entry: up to 40 characters."""

    source: str
    label: str

    @abstractmethod
    def ask(self, what: str, question: Mapping[str, Any]) -> Answer:
        """``what``: "people" or "companies". ``question``: ``q``, ``filters`` and ``limit`` of a search, else up to
        ``MOST`` ``keys``, ``emails`` or ``domains``. Raises Unavailable.
        """

    def search_people(self, search: Search) -> ProspectQuerySet:
        return self._people([_question(search)])

    def search_companies(self, search: Search) -> CompanyQuerySet:
        return self._companies([_question(search)])

    def people(self, *, keys: Collection[str] = (), emails: Collection[str] = ()) -> ProspectQuerySet:
        """Whoever has another address by now is found by it no more, but is stored."""
        self._people([*_pieces("keys", keys), *_pieces("emails", emails)])
        return people_of(Prospect.objects.filter(source=self.source), keys, emails)

    def companies(self, *, keys: Collection[str] = (), domains: Collection[str] = ()) -> CompanyQuerySet:
        self._companies([*_pieces("keys", keys), *_pieces("domains", domains)])
        return companies_of(Company.objects.filter(source=self.source), keys, domains)

    def _people(self, questions: Iterable[Mapping[str, Any]]) -> ProspectQuerySet:
        keys = [key for question in questions for key in self._stored(self.ask("people", question))[0]]
        return people_of(Prospect.objects.filter(source=self.source), keys, ())

    def _companies(self, questions: Iterable[Mapping[str, Any]]) -> CompanyQuerySet:
        keys = [key for question in questions for key in self._stored(self.ask("companies", question))[1]]
        return companies_of(Company.objects.filter(source=self.source), keys, ())

    def _stored(self, answer: Answer) -> tuple[list[str], list[str]]:
        """The keys of the people and of the companies."""
        companies, people = self._read(COMPANIES, answer.companies), self._read(PEOPLE, answer.people)
        if companies:
            load_companies(companies, self.source)
        if people:
            load_prospects(people, self.source)
        return [one["key"] for one in people], [one["key"] for one in companies]

    def _read(self, kind: FileKind, told: Sequence[Values]) -> list[dict[str, Any]]:
        """Entries that can't be stored are left out, and logged."""
        read = []
        for one in told:
            try:
                read.append(values_of(kind, one))
            except ValidationError as error:
                logger.warning("%s told of a %s that can't be stored: %s", self.label, kind.one, *error.messages)
        return read


def _question(search: Search) -> dict[str, Any]:
    filters = {name: list(values) for name, values in search.filters.items()}
    return {"q": search.words, "filters": filters, "limit": search.most}


def _pieces(name: str, values: Collection[str]) -> Iterable[dict[str, Any]]:
    ordered = sorted(set(values))
    return [{name: ordered[start : start + MOST]} for start in range(0, len(ordered), MOST)]
