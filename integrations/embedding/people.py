"""An account's people: its contacts, contacts of no account who write from its domain, and whom the CRM lacks.

They come from three places and stand in one list by name. Each place is read from its index, a page at a time.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Account
from common.bulk import any_of
from common.domains import is_free_mail
from common.http import LONGEST_NUMBER, number
from common.paging import Count, honest_count
from common.search import matching
from contacts.models import Contact
from directory.models import Company, Prospect
from integrations import services
from integrations.embedding.telling import digest
from integrations.services import State, SyncState
from users.models import User

PAGE = 25
COMPANIES = 20  # of the directory that one account stands for
CONTACT, PROSPECT = "contact", "prospect"
SHOWN = {"": "Everybody", "crm": "In Salesforce", "saved": "Saved, not in Salesforce", "new": "Net-new"}
Key = tuple[str, int, int]  # where somebody stands in the list: sort name, place, id


@dataclass(frozen=True)
class Wanted:
    """What the list is asked for. ``shown``: one of ``SHOWN``."""

    words: str = ""
    shown: str = ""
    has_email: bool = False

    @property
    def is_narrow(self) -> bool:
        return bool(self.words or self.shown or self.has_email)


@dataclass(frozen=True)
class Person:
    """``row``: a contact or a prospect; ``sync``: of a contact. ``is_loose``: a contact of no account yet."""

    row: Any
    place: int
    sync: SyncState | None = None

    @property
    def is_new(self) -> bool:
        return isinstance(self.row, Prospect)

    @property
    def is_loose(self) -> bool:
        return not self.is_new and self.row.account_id is None

    @property
    def is_on_the_way(self) -> bool:
        return self.sync is not None and self.sync.state == State.WAITING

    @property
    def seen(self) -> str:
        """By it their mark knows whether it would tell another thing."""
        sync = self.sync
        return digest(self.is_new, self.is_loose, bool(self.row.crm_id), sync and (sync.state, sync.reason))

    @property
    def key(self) -> str:
        return f"{PROSPECT if self.is_new else CONTACT}-{self.row.pk}"

    @property
    def at(self) -> Key:
        return self.row.sort_name, self.place, self.row.pk


@dataclass(frozen=True)
class Page:
    people: Sequence[Person]
    next: str = ""


class AccountPeople:
    """The people of one account that one user sees."""

    def __init__(self, account: Account, user: User) -> None:
        self.account = account
        contacts = Contact.objects.visible_to(user).listed().select_related("owner")
        companies = Company.objects.filter(account_id=account.pk).order_by("pk").values_list("pk", flat=True)
        ids = list(companies[:COMPANIES])
        self.places: list[QuerySet[Any]] = [
            contacts.filter(account=account),
            self._loose(contacts),
            Prospect.objects.net_new().filter(company__in=any_of(ids, "bigint")).select_related("company"),
        ]

    def _loose(self, contacts: Any) -> QuerySet[Any]:
        """Who writes from the account's domain. Words find few; the address itself decides."""
        domain = self.account.domain
        if not domain or is_free_mail(domain):
            return contacts.none()
        return contacts.filter(matching(domain), account=None, email_key__endswith=f"@{domain}")

    def page(self, wanted: Wanted, after: str = "") -> Page:
        """The next people in the order of their names."""
        begin = read_cursor(after)
        found = [self._read(place, wanted, begin) for place in range(len(self.places))]
        merged = list(heapq.merge(*found, key=lambda one: one.at))[: PAGE + 1]
        shown = merged[:PAGE]
        return Page(with_sync(shown), cursor(shown[-1]) if len(merged) > PAGE else "")

    def _read(self, place: int, wanted: Wanted, begin: Key | None) -> list[Person]:
        rows = _asked(self.places[place], wanted, is_new=self._is_new(place))
        if begin:
            rows = rows.filter(_beyond(place, begin))
        return [Person(row, place) for row in rows.order_by("sort_name", "id")[: PAGE + 1]]

    def _is_new(self, place: int) -> bool:
        return self.places[place].model is Prospect

    def counts(self) -> dict[str, Count]:
        """How many there are of each, whatever is searched for."""
        own, loose, new = self.places
        unsynced = Q(crm_id="")
        return {
            "crm": _sum(honest_count(own.exclude(unsynced)), honest_count(loose.exclude(unsynced))),
            "saved": _sum(honest_count(own.filter(unsynced)), honest_count(loose.filter(unsynced))),
            "new": honest_count(new),
        }

    def chosen(self, keys: Iterable[str]) -> list[Person]:
        """Who is meant by the keys of a form, as far as they are the account's people."""
        keys = list(keys)
        contacts, prospects = _ids(keys, CONTACT), _ids(keys, PROSPECT)
        found = []
        for place, rows in enumerate(self.places):
            ids = prospects if self._is_new(place) else contacts
            if ids:
                found += [Person(row, place) for row in rows.filter(pk__in=any_of(ids, "bigint"))]
        return sorted(found, key=lambda one: one.at)

    def rows(self, keys: Iterable[str]) -> list[Person]:
        """The same, with what the sync says of them."""
        return with_sync(self.chosen(keys))


def with_sync(people: Sequence[Person]) -> list[Person]:
    """With what the sync says of the contacts among them."""
    contacts = [one.row for one in people if not one.is_new]
    states: Mapping[int, SyncState] = services.sync_states(contacts)
    return [one if one.is_new else Person(one.row, one.place, states.get(one.row.pk)) for one in people]


def _asked(rows: QuerySet[Any], wanted: Wanted, *, is_new: bool) -> QuerySet[Any]:
    if is_new != (wanted.shown == "new") and wanted.shown:
        return rows.none()
    if wanted.shown in ("crm", "saved"):
        rows = rows.exclude(crm_id="") if wanted.shown == "crm" else rows.filter(crm_id="")
    if wanted.has_email:
        rows = rows.exclude(email="")
    return rows.filter(matching(wanted.words)) if matching(wanted.words) else rows


def _beyond(place: int, begin: Key) -> Q:
    """What of a place comes after somebody of any place."""
    name, their_place, their_id = begin
    if place == their_place:
        return Q(sort_name__gt=name) | Q(sort_name=name, id__gt=their_id)
    return Q(sort_name__gte=name) if place > their_place else Q(sort_name__gt=name)


def cursor(person: Person) -> str:
    name, place, pk = person.at
    return f"{place}.{pk}.{name}"


def read_cursor(text: str) -> Key | None:
    """None for what is none: the list then begins at its beginning."""
    place, _, rest = text.replace("\x00", "").partition(".")
    pk, dot, name = rest.partition(".")
    is_good = dot and place.isdecimal() and pk.isdecimal() and len(place) == 1 and len(pk) <= LONGEST_NUMBER
    return (name, int(place), int(pk)) if is_good else None


def _ids(keys: Iterable[str], kind: str) -> list[int]:
    parts = (key.partition("-") for key in keys)
    return [number(pk) for word, _, pk in parts if word == kind and number(pk)]


def _sum(one: Count, other: Count) -> Count:
    is_least = one.is_least or other.is_least
    return Count(one.number + other.number, one.is_exact and other.is_exact, is_least=is_least)
