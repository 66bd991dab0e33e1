"""Random edits on both sides while everything fails at random; then quiet: both sides are equal, one record each.

``STORM_SEED`` repeats a run; the seed is in the message of what fails.
"""

import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db.models import Model, QuerySet
from django.utils import timezone

from contacts.models import Contact
from integrations.models import Connection, Cursor, ErrorEntry, Outbox, RecordLink
from integrations.sync import own
from integrations.sync.mapping import normal
from integrations.sync.scope import Scope
from tests.conftest import pull_all, push_all
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
Row = TypeVar("Row", bound=Model)
FAULTS = (
    {"do": "drop_after"},
    {"do": "drop_before"},
    {"do": "status", "status": 503},
    {"do": "status", "status": 500},
    {"do": "html"},
    {"do": "lock"},
    {"do": "limit"},
    {"do": "expire"},
    {"do": "duplicate_page"},
)
LOCAL_FIELDS = ("title", "phone", "city", "street", "department", "first_name")
REMOTE_FIELDS = ("Title", "Phone", "MailingCity", "MailingStreet", "Department", "FirstName")


class Storm:
    def __init__(self, org: Org, seed: int) -> None:
        self.org = org
        self.chance = random.Random(seed)
        self.number = 0
        self.faults: list[dict] = []

    def step(self) -> None:
        actions: list[Callable[[], None]] = [
            self.create_here,
            self.edit_here,
            self.edit_here,
            self.create_there,
            self.edit_there,
            self.edit_there,
            self.break_something,
            self.pull,
            self.push,
            self.push,
        ]
        self.chance.choice(actions)()

    def value(self) -> str:
        self.number += 1
        return self.chance.choice(["", f"value {self.number}", f" padded {self.number} ", f"Ünïcode {self.number} 🚲"])

    def create_here(self) -> None:
        self.number += 1
        email = self.chance.choice([f"here{self.number}@storm.example", ""])
        Contact.objects.create(first_name="Here", last_name=f"Storm {self.number}", email=email)

    def create_there(self) -> None:
        self.number += 1
        self.org.create("Contact", LastName=f"Storm {self.number}", Email=f"there{self.number}@storm.example")

    def any_of(self, rows: QuerySet[Row]) -> Row | None:
        """One of the rows; always the same one with the same seed."""
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        return rows.get(pk=self.chance.choice(keys)) if keys else None

    def edit_here(self) -> None:
        if contact := self.any_of(Contact.objects.all()):
            name = self.chance.choice(LOCAL_FIELDS)
            setattr(contact, name, self.value())
            contact.save(update_fields=[name])

    def edit_there(self) -> None:
        row = self.chance.choice(self.org.query("SELECT Id FROM Contact ORDER BY Id"))
        self.org.update("Contact", row["Id"], **{self.chance.choice(REMOTE_FIELDS): self.value()})

    def break_something(self) -> None:
        """Something that will hit the next pull or push, and not the calls of these tests."""
        fault = {**self.chance.choice(FAULTS), "times": self.chance.randint(1, 3)}
        self.faults.append({"match": {"path": self.chance.choice(["composite", "query", "data"])}, **fault})

    def under_faults(self, work: Callable[[], None]) -> None:
        time_passes()
        self.org.faults(*self.faults)
        work()
        self.org.faults()
        self.faults.clear()

    def pull(self) -> None:
        self.under_faults(pull_all)

    def push(self) -> None:
        self.under_faults(lambda: push_all(sleeper=lambda seconds: time_passes()))


def time_passes() -> None:
    Outbox.objects.update(next_attempt_at=timezone.now(), claimed_until=timezone.now())
    Cursor.objects.update(leased_until=None)
    Connection.objects.update(paused_until=None)


def values_here(connection: Connection) -> dict[str, dict]:
    scope = Scope.load(connection, "Contact")
    contacts = list(Contact.objects.filter(crm_object="Contact"))
    expressed = scope.express(contacts, scope.vocabulary(contacts))
    names = {pair.name for pair in scope.pairs if pair.field.name in {*LOCAL_FIELDS, "last_name", "email"}}
    return {contact.crm_id: {name: expressed[contact.pk].get(name) for name in names} for contact in contacts}


def values_there(connection: Connection, org: Org, names: set[str]) -> dict[str, dict]:
    scope = Scope.load(connection, "Contact")
    rows = org.query(f"SELECT Id, {', '.join(sorted(names))} FROM Contact")
    return {row["Id"]: {name: normal(scope.by_name[name].remote, row[name]) for name in names} for row in rows}


def weather(org: Org, synced: Connection, steps: int, seed: int) -> None:
    synced.object_settings.filter(record_kind="contact").update(match_accounts=False)
    storm = Storm(org, seed)
    for _ in range(steps):
        storm.step()
    org.faults()
    for _ in range(4):
        time_passes()
        pull_all()
        push_all()

    told = f"seed {seed}, {steps} steps"
    here = values_here(synced)
    there = values_there(synced, org, {name for values in here.values() for name in values})
    assert here == there, told
    assert not Outbox.objects.exists(), told
    assert not ErrorEntry.objects.open().exists(), told
    names = Counter(row["LastName"] for row in org.query("SELECT LastName FROM Contact WHERE LastName LIKE 'Storm %'"))
    assert set(names.values()) <= {1}, told
    assert RecordLink.objects.live().filter(remote_object="Contact").count() == len(there), told
    org.forget_calls()
    push_all()
    assert not org.calls(), told


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "patience", timedelta)
    monkeypatch.setattr(own, "SECOND_LOOK", 0)


@pytest.mark.parametrize("seed", [int(os.environ.get("STORM_SEED", "1")), 2, 3])
def test_after_a_storm_both_sides_are_equal(synced: Connection, org: Org, seed: int) -> None:
    weather(org, synced, 80, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 106))
def test_after_a_long_storm_both_sides_are_equal(synced: Connection, org: Org, seed: int) -> None:
    weather(org, synced, 500, seed)
