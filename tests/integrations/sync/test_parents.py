"""Accounts that are joined or made for contacts that have none."""

from threading import Barrier, Thread

import pytest
from django.db import connections

from accounts.models import Account
from contacts.models import Contact
from integrations.sync.parents import join_accounts
from tests.factories import AccountFactory, ContactFactory


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_one_account_for_one_company() -> None:
    contacts = [ContactFactory(email=f"p{number}@one.example", company_name="One", account=None) for number in range(8)]
    ready = Barrier(2)

    def work(mine: list[Contact]) -> None:
        ready.wait()
        join_accounts(mine)
        connections.close_all()

    workers = [Thread(target=work, args=[contacts[number::2]]) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert Account.objects.filter(name="One").count() == 1
    assert Contact.objects.filter(account__name="One").count() == len(contacts)


@pytest.mark.django_db
def test_an_account_that_a_person_chose_meanwhile_stays() -> None:
    contact = ContactFactory(email="p@one.example", company_name="One", account=None)
    chosen = AccountFactory(name="Chosen")
    Contact.objects.filter(pk=contact.pk).update(account=chosen)

    join_accounts([contact])

    assert contact.account_id == chosen.pk
    assert Contact.objects.get(pk=contact.pk).account_id == chosen.pk
    assert not Account.objects.filter(name="One").exists()
