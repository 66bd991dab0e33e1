"""Entries of the directory by the thousand: new ones are made, known ones (same source and key) brought up to date.

A person who is at another company than before has moved; that is noted (``Move``), in the same transaction.

Whoever writes entries locks companies before people, and each in the order of their ids: so do the triggers that keep
the marks, and saving. So nobody waits for somebody who waits for them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction

from common.bulk import any_of, create_rows, upsert
from common.domains import registrable_domain
from directory import marks
from directory.models import LOADED, Company, Move, Prospect

Values = Mapping[str, Any]
COMPANY_FIELDS = (
    "name", "domain", "industry", "employees", "annual_revenue", "founded_year", "phone", "linkedin_url", "street",
    "city", "state", "postal_code", "country", "description", "sic", "ticker",
)  # fmt: skip
PROSPECT_FIELDS = (
    "first_name", "last_name", "title", "seniority", "department", "headline", "email", "email_status", "phone",
    "mobile_phone", "linkedin_url", "city", "state", "country", "time_zone", "company_name",
)  # fmt: skip
COMPANY_IS_NAMED_BY = ("company_key", "company_domain")


@dataclass(frozen=True)
class Outcome:
    """How many entries came, and how many were brought up to date, some at another company than before."""

    new: int
    known: int
    moved: int = 0


@transaction.atomic
def load_companies(rows: Iterable[Values], source: str = LOADED) -> Outcome:
    """``rows``: values by field, each with its ``key``; of rows with the same key the last one counts.

    Fields that no row has are left as they are.
    """
    latest = _last_of_each(rows)
    known = _locked(Company, source, [key for key, _ in latest])
    companies = [Company(source=source, key=key, **_told(row, COMPANY_FIELDS)) for key, row in latest]
    for company in companies:
        company.domain = registrable_domain(company.domain)
    upsert(companies, ["source", "key"], [*_columns(latest, COMPANY_FIELDS), "updated_at"])
    _mark(Company, source, latest)
    return Outcome(len(latest) - len(known), len(known))


@transaction.atomic
def load_prospects(rows: Iterable[Values], source: str = LOADED) -> Outcome:
    """As ``load_companies``. ``company_key`` or ``company_domain`` name the company of each.

    One that is named by its domain and not known is made.
    """
    latest = _last_of_each(rows)
    names = {name for _, row in latest for name in row}
    companies = _Companies(source, [row for _, row in latest])
    known = _locked(Prospect, source, [key for key, _ in latest])
    prospects = [_prospect(source, key, row, companies.of(row)) for key, row in latest]
    moves = _moves(known, prospects) if names.intersection(COMPANY_IS_NAMED_BY) else []
    is_placed = ["company", "company_name"] if names.intersection(COMPANY_IS_NAMED_BY) else []
    columns = dict.fromkeys([*_columns(latest, PROSPECT_FIELDS), *is_placed, "updated_at"])
    upsert(prospects, ["source", "key"], columns)
    _mark(Prospect, source, latest)
    create_rows(moves)
    return Outcome(len(latest) - len(known), len(known), len(moves))


def _last_of_each(rows: Iterable[Values]) -> Sequence[tuple[str, Values]]:
    return sorted({row["key"]: row for row in rows}.items())  # in one order, so that two loads do not block each other


def _told(row: Values, names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def _columns(rows: Sequence[tuple[str, Values]], names: Iterable[str]) -> list[str]:
    told = {name for _, row in rows for name in row}
    return [name for name in names if name in told]


def _locked(model: Any, source: str, keys: Collection[str]) -> dict[str, Any]:
    """Those that are there, by key."""
    rows = model.objects.filter(source=source, key__in=any_of(keys)).order_by("pk")
    return {one.key: one for one in rows.select_for_update(no_key=True)}


def _mark(model: Any, source: str, rows: Sequence[tuple[str, Values]]) -> None:
    """Now, and when this is committed: of what others write at the moment nothing can be seen yet."""
    keys = [key for key, _ in rows]
    marks.look_up(model, source, keys)
    transaction.on_commit(partial(marks.look_again, model, source, keys))


class _Companies:
    """The companies that some rows name: by the key in their source, else by domain, from any source."""

    def __init__(self, source: str, rows: Sequence[Values]) -> None:
        keys = {row.get("company_key", "") for row in rows} - {""}
        domains = {registrable_domain(row.get("company_domain", "")) for row in rows} - {""}
        self.by_key = self._by_key(source, keys)
        self.by_domain = self._by_domain(source, domains)
        if missing := self._missing(rows):
            load_companies(missing.values(), source)
            self.by_key |= self._by_key(source, [one["key"] for one in missing.values()])
            self.by_domain |= {domain: self.by_key[one["key"]] for domain, one in missing.items()}

    def of(self, row: Values) -> Company | None:
        domain = registrable_domain(row.get("company_domain", ""))
        return self.by_key.get(row.get("company_key", "")) or self.by_domain.get(domain)

    def _missing(self, rows: Sequence[Values]) -> dict[str, dict[str, str]]:
        found = {}
        for row in rows:
            if (domain := registrable_domain(row.get("company_domain", ""))) and not self.of(row):
                key, name = row.get("company_key") or domain, row.get("company_name") or domain
                found[domain] = {"key": key, "name": name, "domain": domain}
        return found

    def _by_key(self, source: str, keys: Collection[str]) -> dict[str, Company]:
        found = Company.objects.filter(source=source, key__in=any_of(keys)).only("key", "name")
        return {company.key: company for company in found}

    def _by_domain(self, source: str, domains: Collection[str]) -> dict[str, Company]:
        found = Company.objects.filter(domain__in=any_of(domains)).exclude(domain="").only("domain", "name", "source")
        own_last = sorted(found.order_by("-pk"), key=lambda company: company.source == source)
        return {company.domain: company for company in own_last}


def _prospect(source: str, key: str, row: Values, company: Company | None) -> Prospect:
    prospect = Prospect(source=source, key=key, company=company, **_told(row, PROSPECT_FIELDS))
    prospect.company_name = company.name if company else prospect.company_name
    return prospect


def _moves(known: Mapping[str, Prospect], prospects: Sequence[Prospect]) -> list[Move]:
    """A company that was not known before is no move: it may have been loaded late."""
    return [
        Move(
            prospect=old,
            from_company_id=old.company_id,
            from_company_name=old.company_name,
            from_title=old.title,
            from_email=old.email,
        )
        for now in prospects
        if (old := known.get(now.key)) and old.company_id and now.company_id not in (None, old.company_id)
    ]
