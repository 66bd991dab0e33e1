"""A workspace of the size that Tandem is built for: a million contacts unless told otherwise, made by COPY.

``python -m benchmarks.with_django filling 1000000`` fills the database of DATABASE_URL, which must be empty. The same
number gives the same records. Only a chunk of rows is in memory at a time, and of each record its id.
"""

import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from random import Random
from typing import Any

from django.db import connection as database
from django.db.models import Model, QuerySet

from accounts.models import Account
from accounts.models import Stage as AccountStage
from activities.models import Activity, ListMember, RecordList
from benchmarks import invented
from benchmarks.invented import NOW, shares
from common import custom
from common.bulk import copy_columns
from common.folding import fold
from common.models import CustomField, Origin, RecordKind
from contacts.models import Contact
from contacts.models import Stage as ContactStage
from deals.models import Deal, DealContact, Pipeline, Stage
from integrations.logins import the_connection
from integrations.models import ErrorEntry, Lane, Outbox, RecordLink, SkippedRecord, SyncEvent
from users.models import User

CONTACTS = 1_000_000
CHUNK = 20_000
SELLERS = 50
BUSY = 2_000  # activities of the contact that has most
LINKED, HIDDEN = 0.8, 0.02  # shares, of the records
LOGGED = 0.6  # of activities
PREFIXES = {"email": "00T", "call": "00T", "task": "00T", "meeting": "00U", "note": "069"}
DIRECTIONS = ("in", "out")
AT_WORK, UNDER_WAY, TO_DO = 0.9, 0.4, 0.1  # of contacts, deals, tasks
COPIED = (Account, Contact, Deal, DealContact, Activity, ListMember, RecordLink, SyncEvent)


def work(contacts: str = str(CONTACTS)) -> Iterator[str]:
    yield from Filling(int(contacts)).run()


class Filling:
    """Accounts are a fifth of the contacts, deals a tenth, activities five times as many."""

    def __init__(self, contacts: int) -> None:
        self.contacts, self.accounts, self.deals = contacts, contacts // 5, contacts // 10
        self.random = Random(contacts)
        self.moments = invented.moments(days=1_000)
        self.texts = invented.texts(self.random)
        self.account_ids, self.contact_ids, self.deal_ids = array("q"), array("q"), array("q")
        self.account_of = array("q")  # by the contact's place

    def run(self) -> Iterator[str]:
        assert not Contact.objects.exists(), "There are contacts already: give an empty database."
        self._people()
        self._fields()
        with without_indexes(*COPIED):
            for make in (self._accounts, self._contacts, self._deals, self._activities, self._lists, self._sync):
                began = time.perf_counter()
                yield f"{make.__name__.strip('_'):<12}{make():>12,} rows in {time.perf_counter() - began:.0f} s"
            began = time.perf_counter()
        yield f"indexes in {time.perf_counter() - began:.0f} s"
        self._edits()
        self._troubles()
        with database.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def _people(self) -> None:
        names = list(zip(self.random.choices(invented.FIRST, k=SELLERS), invented.LAST[:SELLERS], strict=True))
        User.objects.bulk_create(
            User(email=f"seller{number}@example.com", name=f"{first} {last}", password="!")  # noqa: S106 - no password
            for number, (first, last) in enumerate(names, 1)
        )
        if not User.objects.filter(role=User.Role.ADMIN).exists():
            User.objects.create(email="admin@example.com", role=User.Role.ADMIN, password="!")  # noqa: S106
        self.sellers = list(User.objects.filter(role=User.Role.MEMBER).values_list("pk", flat=True))

    def _fields(self) -> None:
        kind = CustomField.Type
        for label, type_, choices in (
            ("Region", kind.PICKLIST, ["North", "East", "South", "West", "Islands"]),
            ("Score", kind.NUMBER, []),
            ("Renewal", kind.DATE, []),
            ("Newsletter", kind.BOOLEAN, []),
        ):
            for record_kind in (RecordKind.CONTACT, RecordKind.ACCOUNT):
                custom.add(CustomField(record_kind=record_kind, label=label, type=type_, choices=choices))
        regions = self.random.choices(["North", "East", "South", "West", "Islands"], [30, 30, 25, 14.9, 0.1], k=2_000)
        self.custom: list[dict[str, Any]] = [
            {"region": region, "score": number % 100, "newsletter": number % 3 == 0}
            | ({"renewal": str(NOW.date() + timedelta(number % 700))} if number % 4 == 0 else {})
            for number, region in enumerate(regions)
        ]

    def _accounts(self) -> int:
        def columns(first: int, count: int) -> dict[str, Any]:
            names = self.random.choices(invented.COMPANIES, k=count)
            domains = [f"{name.lower().replace(' ', '-')}-{first + n}.example" for n, name in enumerate(names)]
            places = self.random.choices(invented.PLACES, k=count)
            return {
                "name": [f"{name} {self.random.choice(invented.FORMS)}" for name in names],
                "domain": domains,
                "website": [f"https://www.{domain}" for domain in domains],
                "phone": [f"+1 555 {first + n:07}" for n in range(count)],
                "industry": self.random.choices(invented.INDUSTRIES, k=count),
                "employees": shares(self.random, [12, 80, 450, 3_000], None, 0.7, count),
                "city": [city for city, _ in places],
                "country": [country for _, country in places],
                "stage_id": shares(self.random, _ids(AccountStage), None, 0.8, count),
                **self._of_record("001", first, count),
            }

        return self._copied(Account, self.accounts, self.account_ids, columns)

    def _contacts(self) -> int:
        def columns(first: int, count: int) -> dict[str, Any]:
            names = self.random.choices(invented.FIRST, k=count), self.random.choices(invented.LAST, k=count)
            at = [self._account() if self.random.random() < AT_WORK else None for _ in range(count)]
            self.account_of.extend(account or 0 for account in at)
            titles = self.random.choices(invented.TITLES, k=count)
            for place in range(0, count, 10_000):  # a word that few have
                titles[place] = invented.RARE_TITLE
            mailed = zip(map(fold, names[0]), map(fold, names[1]), range(first, first + count), strict=True)
            return {
                "first_name": names[0],
                "last_name": names[1],
                "email": [f"{one}.{other}{n}@mail.example" if n % 8 else "" for one, other, n in mailed],
                "title": titles,
                "phone": [f"+1 555 {first + n:07}" for n in range(count)],
                "city": [city for city, _ in self.random.choices(invented.PLACES, k=count)],
                "account_id": at,
                "stage_id": shares(self.random, _ids(ContactStage), None, 0.8, count),
                **self._of_record("003", first, count),
            }

        return self._copied(Contact, self.contacts, self.contact_ids, columns)

    def _deals(self) -> int:
        if not Stage.objects.exists():
            pipeline = Pipeline.objects.create(name="Sales", is_default=True)
            for place, (name, closed) in enumerate([("Talks", False), ("Offer", False), ("Won", True), ("Lost", True)]):
                values = {"position": place, "is_closed": closed, "is_won": name == "Won"}
                Stage.objects.create(pipeline=pipeline, name=name, **values)
        opened, ended = (_ids(Stage.objects.filter(is_closed=is_closed)) for is_closed in (False, True))

        def columns(first: int, count: int) -> dict[str, Any]:
            stages = [self.random.choice(opened if self.random.random() < UNDER_WAY else ended) for _ in range(count)]
            return {
                "name": [f"{work} {first + n}" for n, work in enumerate(self.random.choices(invented.WORK, k=count))],
                "account_id": [self._account() for _ in range(count)],
                "stage_id": stages,
                "amount": shares(self.random, range(500, 250_000, 500), None, 0.95, count),
                "currency": self.random.choices(["USD", "EUR", "GBP"], [80, 15, 5], k=count),
                "close_on": [self._day(0, 200) if stage in opened else self._day(-1_000, 0) for stage in stages],
                **self._of_record("006", first, count),
            }

        made = self._copied(Deal, self.deals, self.deal_ids, columns)
        for start in range(0, self.deals, CHUNK):
            deals = list(self.deal_ids[start : start + CHUNK])
            for is_primary in (True, False):  # two people each, of different halves
                half = self.contacts // 2
                people = [self.contact_ids[self.random.randrange(half) + half * is_primary] for _ in deals]
                copy_columns(DealContact, {"deal_id": deals, "contact_id": people}, is_primary=is_primary)
        return made

    def _activities(self) -> int:
        kinds = ["email", "call", "meeting", "note", "task"]

        def columns(first: int, count: int) -> dict[str, Any]:
            places = [self._place(first + n) for n in range(count)]
            kind = self.random.choices(kinds, [45, 15, 10, 10, 20], k=count)
            is_open = [one == "task" and self.random.random() < TO_DO for one in kind]
            happened = self.random.choices(self.moments, k=count)
            linked = [self.random.random() < LOGGED and not todo for todo in is_open]
            return {
                "kind": kind,
                "direction": [self.random.choice(DIRECTIONS) if one in ("email", "call") else "" for one in kind],
                "crm_id": [
                    f"{PREFIXES[one]}Tb{first + n:010}AAA" if is_linked else ""
                    for n, (one, is_linked) in enumerate(zip(kind, linked, strict=True))
                ],
                "subject": self.random.choices(invented.SUBJECTS, k=count),
                "body": self.random.choices(self.texts, k=count),
                "owner_id": self.random.choices(self.sellers, k=count),
                "contact_id": [self.contact_ids[place] for place in places],
                "account_id": [self.account_of[place] or None for place in places],
                "deal_id": shares(self.random, self.deal_ids, None, 0.1, count),
                "happened_at": happened,
                "due_on": [self._day(-20, 60) if one else None for one in is_open],
                "completed_at": [
                    at if one == "task" and not todo else None
                    for one, todo, at in zip(kind, is_open, happened, strict=True)
                ],
            }

        return self._copied(Activity, self.contacts * 5, None, columns)

    def _lists(self) -> int:
        made = 0
        for number in range(1, 11):
            list_ = RecordList.objects.create(name=f"Invitations {number}", owner_id=self.sellers[number])
            people = self.random.sample(self.contact_ids, self.contacts // 100)
            copy_columns(ListMember, {"contact_id": people}, list_id=list_.pk)
            made += len(people)
        return made

    def _sync(self) -> int:
        """The links of what has a CRM ID, and what the pulls told of some."""
        connection, made = the_connection(), 0
        for kind, model, name in (
            (RecordKind.ACCOUNT, Account, "Account"),
            (RecordKind.CONTACT, Contact, "Contact"),
            (RecordKind.DEAL, Deal, "Opportunity"),
        ):
            last = 0
            linked = model._default_manager.exclude(crm_id="").order_by("pk")
            while rows := list(linked.filter(pk__gt=last).values_list("pk", "crm_id")[:CHUNK]):
                ids, crm_ids = map(list, zip(*rows, strict=True))
                last, made = ids[-1], made + len(ids)
                base = [{"Id": crm_id, "Phone": "+1 555 0000000"} for crm_id in crm_ids]
                columns = {"record_id": ids, "remote_id": crm_ids, "base": base}
                same = {"connection_id": connection.pk, "record_kind": kind, "remote_object": name, "pulled_at": NOW}
                copy_columns(RecordLink, columns, **same)
                told = {"record_id": ids[::4], "at": self.random.choices(self.moments, k=len(ids[::4]))}
                copy_columns(SyncEvent, told, record_kind=kind, kind=SyncEvent.Kind.PULLED, summary="Pulled.")
        return made

    def _edits(self) -> None:
        """History: one change of some contacts, and very many of the busy one."""
        Contact.objects.filter(pk__in=list(self.contact_ids[::50])).update(department="Purchasing")
        for number in range(300):
            Contact.objects.filter(pk=self.contact_ids[0]).update(headline=f"Version {number}")

    def _troubles(self) -> None:
        """What waits, was refused, or is kept out by somebody."""
        connection, ids = the_connection(), self.contact_ids
        kind: Any = {"record_kind": RecordKind.CONTACT}
        Outbox.objects.bulk_create(
            Outbox(connection=connection, record_id=pk, lane=Lane.BACKGROUND, remote_object="Contact", **kind)
            for pk in ids[:500]
        )
        ErrorEntry.objects.bulk_create(
            ErrorEntry(
                connection=connection, record_id=pk, remote_object="Contact", code="INVALID", message="No.", **kind
            )
            for pk in ids[500:800]
        )
        SkippedRecord.objects.bulk_create(SkippedRecord(record_id=pk, **kind) for pk in ids[800:900])

    def _of_record(self, prefix: str, first: int, count: int) -> dict[str, Any]:
        linked = [self.random.random() < LINKED for _ in range(count)]
        return {
            "owner_id": self.random.choices(self.sellers, range(1, SELLERS + 1), k=count),
            "crm_id": [f"{prefix}Tb{first + n:010}AAA" if is_linked else "" for n, is_linked in enumerate(linked)],
            "origin": [Origin.CRM_PULL if is_linked else Origin.MANUAL for is_linked in linked],
            "is_hidden": [is_linked and self.random.random() < HIDDEN for is_linked in linked],
            "custom": shares(self.random, self.custom, {}, 0.6, count),
            "created_at": self.random.choices(self.moments, k=count),
            "updated_at": self.random.choices(self.moments, k=count),
        }

    def _account(self) -> int:
        """Few accounts have many, most have few."""
        return self.account_ids[int(self.random.random() ** 2 * self.accounts)]

    def _place(self, number: int) -> int:
        return 0 if number < BUSY else int(self.random.random() ** 2 * self.contacts)

    def _day(self, earliest: int, latest: int) -> date:
        return NOW.date() + timedelta(self.random.randint(earliest, latest))

    def _copied(self, model: Any, count: int, ids: array | None, columns: Callable[[int, int], dict[str, Any]]) -> int:
        for first in range(0, count, CHUNK):
            made = copy_columns(model, columns(first, min(CHUNK, count - first)))
            if ids is not None:
                ids.extend(made)
        return count


def _ids(rows: QuerySet[Any] | type[Model]) -> list[int]:
    return list((rows._default_manager if isinstance(rows, type) else rows).values_list("pk", flat=True))


@contextmanager
def without_indexes(*models: Any) -> Iterator[None]:
    """Indexes that forbid nothing are built at the end, and references are not checked: they come from here."""
    tables = [model._meta.db_table for model in models]
    sql = """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
             WHERE indrelid::regclass::text = ANY(%s) AND NOT indisunique"""
    with database.cursor() as cursor:
        cursor.execute(sql, [tables])
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
        yield
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET session_replication_role = DEFAULT")
