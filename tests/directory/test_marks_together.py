"""Marks hold when the directory, contacts and accounts are written at the same time, and nobody waits in a circle."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import Account
from common.bulk import create_rows
from contacts.models import Contact
from contacts.prospecting import save_prospects
from directory.loading import load_companies, load_prospects
from directory.models import Company, Prospect
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db(transaction=True)
LONG = 30.0  # seconds: only what hangs takes so long
ADA = "ada@acme.example"
ADDRESSES = [f"{number}@acme.example" for number in range(60)]


class Other(Thread):
    """Somebody else, with a connection of their own; ``end`` raises what they ran into."""

    def __init__(self, do: Callable[[], Any]) -> None:
        super().__init__()
        self.do = do
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.do()
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def end(self) -> None:
        self.join(LONG)
        assert not self.is_alive(), "It hangs."
        if self.error:
            raise self.error


@contextmanager
def held(do: Callable[[], Any]) -> Iterator[None]:
    """``do`` is done by somebody else, and committed at the end only."""
    done, may_commit = Event(), Event()

    def work() -> None:
        with transaction.atomic():
            do()
            done.set()
            assert may_commit.wait(LONG)

    other = Other(work)
    assert done.wait(LONG)
    yield
    may_commit.set()
    other.end()


def until(is_so: Callable[[], Any]) -> None:
    end = monotonic() + LONG
    while not is_so():
        assert monotonic() < end
        sleep(0.01)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
        return cursor.fetchone()[0]


def load(*addresses: str, **values: Any) -> None:
    load_prospects([{"key": one, "last_name": "Sample", "email": one, **values} for one in addresses])


def mark() -> int | None:
    return Prospect.objects.get().contact_id


def test_a_contact_that_was_not_committed_when_the_directory_was_loaded_is_known() -> None:
    with held(lambda: ContactFactory(email=ADA)):
        loading = Other(lambda: load(ADA))
        until(Prospect.objects.exists)
    loading.end()

    assert mark() == Contact.objects.get().pk


def test_a_contact_that_was_being_deleted_when_the_directory_was_loaded_is_not() -> None:
    contact = ContactFactory(email=ADA)
    with held(lambda: Contact.objects.filter(pk=contact.pk).delete()):
        loading = Other(lambda: load(ADA))
        until(Prospect.objects.exists)
    loading.end()

    assert mark() is None


@pytest.mark.parametrize("is_deletion_first", [True, False])
def test_one_contact_goes_while_another_of_the_address_comes(is_deletion_first: bool) -> None:
    load(ADA)
    first = ContactFactory(email=ADA)
    deeds = [lambda: Contact.objects.filter(pk=first.pk).delete(), lambda: ContactFactory(email=ADA)]
    before, after = deeds if is_deletion_first else reversed(deeds)

    with held(before):
        other = Other(after)
        until(somebody_waits)
    other.end()

    assert mark() == Contact.objects.get().pk


def test_two_contacts_of_one_address_go_at_once() -> None:
    load(ADA)
    first, second = ContactFactory(email=ADA), ContactFactory(email=ADA)

    with held(lambda: Contact.objects.filter(pk=first.pk).delete()):
        other = Other(lambda: Contact.objects.filter(pk=second.pk).delete())
        until(somebody_waits)
    other.end()

    assert mark() is None


def test_loads_and_contacts_in_bulk_get_through_together() -> None:
    """In whichever order each has its rows."""

    def come(addresses: list[str]) -> None:
        with transaction.atomic():
            create_rows([Contact(last_name="Sample", email=one) for one in addresses])

    load(*ADDRESSES[::2])
    others = [
        Other(lambda: come(ADDRESSES)),
        Other(lambda: load(*ADDRESSES, title="Head")),
        Other(lambda: come(ADDRESSES[::-1])),
        Other(lambda: load(*ADDRESSES[::-1], title="Chief")),
    ]
    for other in others:
        other.end()

    known = set(Contact.objects.values_list("pk", flat=True))
    assert Prospect.objects.count() == len(ADDRESSES)
    assert set(Prospect.objects.values_list("contact_id", flat=True)) <= known


def test_saving_people_and_pulling_the_same_companies_and_people_get_through_together() -> None:
    load_companies([{"key": "a", "name": "Acme", "domain": "acme.example"}])
    load(ADA, company_key="a")
    ada = Prospect.objects.get()

    def pull_the_person() -> None:
        with transaction.atomic():
            create_rows([Account(name="Acme", domain="acme.example")])
            pulled.set()
            until(somebody_waits)
            create_rows([Contact(last_name="Sample", email=ADA)])

    pulled = Event()
    pull = Other(pull_the_person)
    assert pulled.wait(LONG)
    save = Other(lambda: save_prospects([ada.pk]))
    pull.end()
    save.end()

    assert (Account.objects.count(), Contact.objects.count()) == (1, 1)
    assert (Company.objects.get().account_id, mark()) == (Account.objects.get().pk, Contact.objects.get().pk)
