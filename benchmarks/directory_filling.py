"""A directory of full size: a million people in a tenth as many companies unless told otherwise, made by COPY.

``python -m benchmarks.with_django directory_filling 1000000`` fills the database of DATABASE_URL, whose directory must
be empty. The same number gives the same people; one in twenty is a contact, as one company in ten is an account.
"""

import time
from collections.abc import Iterator
from random import Random
from typing import Any

from django.db import connection as database

from accounts.models import Account
from benchmarks import invented
from benchmarks.filling import CHUNK, without_indexes
from common.bulk import copy_columns
from contacts.models import Contact
from directory import made_up
from directory.models import LOADED, Company, Prospect
from users.models import User

PEOPLE = 1_000_000
KNOWN_PEOPLE, KNOWN_COMPANIES = 20, 10  # one in so many
WITHOUT_EMAIL, AT = 10, 0.9


def work(people: str = str(PEOPLE)) -> Iterator[str]:
    yield from Filling(int(people)).run()


class Filling:
    def __init__(self, people: int) -> None:
        self.people, self.companies = people, max(people // 10, 1)
        self.random = Random(people)
        self.company_ids: list[int] = []
        self.company_names: list[str] = []

    def run(self) -> Iterator[str]:
        assert not Prospect.objects.exists(), "There are people already: give an empty directory."
        self.owner = User.objects.create(email="admin@example.com", role=User.Role.ADMIN, password="!")  # noqa: S106
        began = time.perf_counter()
        with without_indexes(Company, Prospect, Account, Contact):
            for first in range(0, self.companies, CHUNK):
                self._companies(first, min(CHUNK, self.companies - first))
            for first in range(0, self.people, CHUNK):
                self._people(first, min(CHUNK, self.people - first))
        with database.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        yield f"{self.people:,} people in {self.companies:,} companies, in {time.perf_counter() - began:.0f} s"

    def _companies(self, first: int, count: int) -> None:
        numbers = range(first, first + count)
        stems = self.random.choices(invented.COMPANIES, k=count)
        names = [f"{stem} {self.random.choice(invented.FORMS)}" for stem in stems]
        domains = [f"{stem.lower().replace(' ', '-')}-{n}.example" for stem, n in zip(stems, numbers, strict=True)]
        known = numbers[::KNOWN_COMPANIES]
        accounts = copy_columns(
            Account,
            {"name": names[::KNOWN_COMPANIES], "domain": domains[::KNOWN_COMPANIES]},
            owner_id=self.owner.pk,
        )
        account_of = dict(zip(known, accounts, strict=True))
        self.company_names += names
        self.company_ids += copy_columns(
            Company,
            {
                "key": [f"c{n}" for n in numbers],
                "name": names,
                "domain": domains,
                "industry": self.random.choices(invented.INDUSTRIES, k=count),
                "employees": [int(8 * 2 ** (self.random.random() * 11)) for _ in numbers],
                "account_id": [account_of.get(n) for n in numbers],
                **self._places(count),
            },
            source=LOADED,
        )

    def _people(self, first: int, count: int) -> None:
        numbers, pick = range(first, first + count), self.random.choices
        ranks = pick(made_up.RANKS, made_up.WEIGHTS, k=count)
        areas = pick(list(made_up.DEPARTMENTS), k=count)
        names = {"first_name": pick(invented.FIRST, k=count), "last_name": pick(invented.LAST, k=count)}
        emails = [f"p{n}@mail-{n % 997}.example" if n % WITHOUT_EMAIL else "" for n in numbers]
        # Few companies have many people, most have few.
        places = [int(self.random.random() ** 2 * self.companies) for _ in numbers]
        known = [n - first for n in numbers if n % KNOWN_PEOPLE == 1]
        contacts = copy_columns(
            Contact,
            {name: [values[n] for n in known] for name, values in {**names, "email": emails}.items()},
            owner_id=self.owner.pk,
        )
        contact_of = dict(zip(known, contacts, strict=True))
        copy_columns(
            Prospect,
            {
                "key": [f"p{n}" for n in numbers],
                **names,
                "email": emails,
                "email_status": [("verified" if n % 4 else "unverified") if n % WITHOUT_EMAIL else "" for n in numbers],
                "title": [pattern.format(area) for (pattern, _, _), area in zip(ranks, areas, strict=True)],
                "seniority": [seniority for _, seniority, _ in ranks],
                "department": [made_up.DEPARTMENTS[area] for area in areas],
                "company_id": [self.company_ids[place] for place in places],
                "company_name": [self.company_names[place] for place in places],
                "phone": [f"+1 555 {n:07}" for n in numbers],
                "contact_id": [contact_of.get(n - first) for n in numbers],
                **self._places(count),
            },
            source=LOADED,
        )

    def _places(self, count: int) -> dict[str, Any]:
        places = self.random.choices(made_up.PLACES, k=count)
        return {name: [place[at] for place in places] for at, name in enumerate(("city", "state", "country"))}
