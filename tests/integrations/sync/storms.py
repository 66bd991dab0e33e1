"""Storms: random deeds on both sides under random faults; then quiet, after which both sides hold the same."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.db.models import Model, QuerySet
from django.utils import timezone

from common import merging, trash
from common.models import DeletedRecord
from contacts.models import Contact
from contacts.services import delete_contact
from integrations.models import Connection, Cursor, DeletionSettings, ErrorEntry, IngestJob, Outbox, RecordLink
from integrations.sync import own
from tests.conftest import pull_all, push_all
from tests.integrations.sync.sides import CALLS, FAULTS, LOCAL_FIELDS, REMOTE_FIELDS, values_here, values_there
from tests.salesforce_org import Org

Row = TypeVar("Row", bound=Model)
EDITS = ("create_here", "edit_here", "edit_here", "create_there", "edit_there", "edit_there")
DELETIONS = ("delete_here", "delete_there", "restore_here", "undelete_there")
SYNC = ("break_something", "pull", "push", "push")
CALM = 4  # rounds of pull and push until both sides are equal, at most


class Storm:
    """Deeds on both sides; ``chance`` makes the choices, so that its seed repeats them."""

    def __init__(self, org: Org, chance: random.Random) -> None:
        self.org = org
        self.chance = chance
        self.number = 0
        self.faults: list[dict[str, Any]] = []

    def do(self, deed: str) -> None:
        getattr(self, deed)()

    def next(self) -> int:
        self.number += 1
        return self.number

    def value(self) -> str:
        number = self.next()
        return self.chance.choice(["", f"value {number}", f" padded {number} ", f"Ünïcode {number} 🚲"])

    def any_here(self, rows: QuerySet[Row]) -> Row | None:
        """One of the rows; always the same one with the same seed."""
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        return rows.get(pk=self.chance.choice(keys)) if keys else None

    def any_there(self, name: str, where: str = "", *, many: int = 1, with_deleted: bool = False) -> list[str]:
        """Ids of as many records; of none, where there are fewer."""
        soql = f"SELECT Id FROM {name} {where} ORDER BY Id"
        ids = [row["Id"] for row in self.org.query(soql, with_deleted=with_deleted)]
        return self.chance.sample(ids, many) if len(ids) >= many else []

    def create_here(self) -> None:
        number = self.next()
        email = self.chance.choice([f"here{number}@storm.example", ""])
        Contact.objects.create(first_name="Here", last_name=f"Storm {number}", email=email)

    def create_there(self) -> None:
        number = self.next()
        self.org.create("Contact", LastName=f"Storm {number}", Email=f"there{number}@storm.example")

    def create_lead_there(self) -> None:
        number = self.next()
        email = f"lead{number}@storm.example"
        self.org.create("Lead", LastName=f"Storm {number}", Company=f"Company {number}", Email=email)

    def edit_here(self) -> None:
        if contact := self.any_here(Contact.objects.all()):
            name = self.chance.choice(LOCAL_FIELDS)
            setattr(contact, name, self.value())
            contact.save(update_fields=[name])

    def edit_there(self) -> None:
        self._edit_there("Contact", "")

    def edit_lead_there(self) -> None:
        self._edit_there("Lead", "WHERE IsConverted = false")

    def _edit_there(self, name: str, where: str) -> None:
        for remote_id in self.any_there(name, where):
            self.org.update(name, remote_id, **{self.chance.choice(REMOTE_FIELDS[name]): self.value()})

    def delete_here(self) -> None:
        if contact := self.any_here(Contact.objects.filter(last_name__startswith="Storm")):
            delete_contact(contact.pk)

    def restore_here(self) -> None:
        if row := self.any_here(DeletedRecord.objects.filter(merged_into=None)):
            trash.restore(row.record_kind, row.record_id)

    def merge_here(self) -> None:
        if keep := self.any_here(Contact.objects.filter(crm_object="Contact")):
            others = Contact.objects.filter(last_name__startswith="Storm", crm_object__in=["Contact", ""])
            if other := self.any_here(others.exclude(pk=keep.pk)):
                merging.merge(keep, other)

    def delete_there(self) -> None:
        for remote_id in self.any_there("Contact", "WHERE LastName LIKE 'Storm%'"):
            self.org.delete("Contact", remote_id)

    def delete_lead_there(self) -> None:
        for remote_id in self.any_there("Lead", "WHERE LastName LIKE 'Storm%' AND IsConverted = false"):
            self.org.delete("Lead", remote_id)

    def undelete_there(self) -> None:
        where = "WHERE IsDeleted = true AND MasterRecordId = null"
        for remote_id in self.any_there("Contact", where, with_deleted=True):
            self.org.control("undelete", ids=[remote_id])

    def merge_there(self) -> None:
        if ids := self.any_there("Contact", "WHERE LastName LIKE 'Storm%'", many=2):
            self.org.control("merge", object="Contact", master=ids[0], losers=[ids[1]])

    def convert_there(self) -> None:
        for lead in self.any_there("Lead", "WHERE LastName LIKE 'Storm%' AND IsConverted = false"):
            self.org.control("convert", lead=lead)

    def break_something(self) -> None:
        """Something that will hit Tandem's next calls, and not those of these tests."""
        fault = {**self.chance.choice(FAULTS), "times": self.chance.randint(1, 3)}
        self.faults.append({"match": {"path": self.chance.choice(CALLS)}, **fault})

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


def weather(org: Org, connection: Connection, deeds: Sequence[str], steps: int, seed: int) -> None:
    """A storm of so many steps, calm, and a look at both sides. The seed that a failure tells repeats it."""
    chance = random.Random(seed)
    storm = Storm(org, chance)
    for _ in range(steps):
        storm.do(chance.choice(deeds))
    told = f"seed {seed}, {steps} steps"
    calm(org)
    check(org, connection, told)


def calm(org: Org) -> None:
    """Rounds without faults until nothing is left to do."""
    org.faults()
    for _ in range(CALM):
        time_passes()
        pull_all()
        push_all()


def check(org: Org, connection: Connection, told: str = "") -> None:
    """Both sides hold the same, each record linked once, nothing waits, and nothing more is asked of the org."""
    for name in ("Contact", "Lead"):
        here = values_here(connection, name)
        there = values_there(connection, org, name)
        assert here == {remote_id: there[remote_id] for remote_id in there if remote_id not in _ours_to_leave()}, told
        links = RecordLink.objects.live().filter(remote_object=name)
        assert set(links.values_list("remote_id", flat=True)) == set(here), told
        assert set(links.values_list("record_id", flat=True)) <= set(Contact.objects.values_list("pk", flat=True)), told
        assert not links.exclude(gone_at=None).exists(), told
    assert not Contact.objects.filter(crm_id="").exists(), told
    assert not Outbox.objects.exists(), told
    assert not ErrorEntry.objects.open().exists(), told
    org.forget_calls()
    push_all()
    assert not org.calls(), told


def _ours_to_leave() -> set[str]:
    """What was merged away here stays there."""
    tombstones = RecordLink.objects.tombstones().filter(gone_at=None)
    merged = DeletedRecord.objects.exclude(merged_into=None).values_list("record_id", flat=True)
    links = RecordLink.objects.live()
    beside = set(links.exclude(also_lead_id="").values_list("also_lead_id", flat=True))
    return beside | set(tombstones.filter(deleted_id__in=merged).values_list("remote_id", flat=True))


def follow_deletions(connection: Connection) -> None:
    """Deletions and merges are synced, however many they are."""
    for name in ("Contact", "Lead", "Account"):
        DeletionSettings.objects.create(
            connection=connection, remote_object=name, sync_deletes=True, sync_merges=True, most=1000, most_percent=100
        )


def join_no_accounts(connection: Connection) -> None:
    connection.object_settings.filter(record_kind="contact").update(match_accounts=False)


def time_passes() -> None:
    Outbox.objects.update(next_attempt_at=timezone.now(), claimed_until=timezone.now())
    Cursor.objects.update(leased_until=None)
    IngestJob.objects.update(leased_until=timezone.now(), due_at=timezone.now())
    Connection.objects.update(paused_until=None)


def is_sending() -> bool:
    """Whether a worker holds something; what the dead hold has run out."""
    return Outbox.objects.filter(claimed_until__gt=timezone.now()).exists()


def let_time_pass(org: Org) -> None:
    """After workers were killed: what they held is free, and what they had sent has arrived."""
    org.wait_for_the_dead()
    time_passes()


def be_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost creates are looked for at once."""
    monkeypatch.setattr(own, "patience", timedelta)
    monkeypatch.setattr(own, "SECOND_LOOK", 0)
