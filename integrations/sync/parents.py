"""Accounts for contacts that have none: joined when the company is known here, made when it is not."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from accounts.models import Account
from common.bulk import any_of, copy_in, write_columns
from common.domains import company_domain
from common.folding import fold
from contacts.models import Contact


@transaction.atomic
def join_accounts(contacts: Sequence[Contact]) -> None:
    """Set the account of each contact by its company's name, else its e-mail domain; make those that are missing.

    Free-mail domains say nothing. Among several accounts: the same owner's, then the latest changed, then the oldest.
    One worker at a time does so: two would make two accounts for one company.
    """
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [join_accounts.__name__])
    known = _known(contacts)
    for contact in _still_without(contacts):
        name, domain = _keys(contact)
        contact.account = _best(known.get(name) or known.get(domain) or (), contact.owner_id)
        if contact.account is None and (name or domain):
            contact.account = _new(contact, domain)
            known |= {key: [contact.account] for key in (name, domain) if key and key not in known}
    _save([contact for contact in contacts if contact.account])


def _still_without(contacts: Sequence[Contact]) -> list[Contact]:
    """Lock the contacts; those that were given an account meanwhile, or deleted, keep what they have."""
    ids = any_of((contact.pk for contact in contacts), "bigint")
    rows = Contact.objects.filter(pk__in=ids).select_for_update().order_by("pk")
    present = dict(rows.values_list("pk", "account_id"))
    for contact in contacts:
        contact.account_id = present.get(contact.pk)
    return [contact for contact in contacts if contact.pk in present and contact.account_id is None]


class Person(NamedTuple):
    email: str
    owner_id: int | None


def accounts_by_domain(people: Sequence[Person]) -> dict[int, tuple[Account, int]]:
    """For each person (by position) the account of the e-mail domain, and how many there were to choose from."""
    domains = {number: company_domain(person.email) for number, person in enumerate(people)}
    known: dict[str, list[Account]] = {}
    for account in Account.objects.filter(domain__in=any_of(set(domains.values()) - {""})):
        known.setdefault(account.domain, []).append(account)
    chosen = {
        number: (_best(known[domain], people[number].owner_id), len(known[domain]))
        for number, domain in domains.items()
        if domain in known
    }
    return {number: (account, count) for number, (account, count) in chosen.items() if account}


def _keys(contact: Contact) -> tuple[str, str]:
    return fold(contact.company_name.strip()), company_domain(contact.email)


def _known(contacts: Sequence[Contact]) -> dict[str, list[Account]]:
    keys = [_keys(contact) for contact in contacts]
    found: dict[str, list[Account]] = {}
    for account in Account.objects.filter(sort_name__in=any_of({name for name, _ in keys if name})):
        found.setdefault(fold(account.name), []).append(account)
    for account in Account.objects.filter(domain__in=any_of({domain for _, domain in keys if domain})):
        found.setdefault(account.domain, []).append(account)
    return found


def _best(candidates: Iterable[Account], owner_id: int | None) -> Account | None:
    return min(
        candidates,
        key=lambda account: (account.owner_id != owner_id, -account.updated_at.timestamp(), account.pk or 0),
        default=None,
    )


def _new(contact: Contact, domain: str) -> Account:
    account = Account(
        name=contact.company_name.strip() or domain,
        website=domain,
        owner_id=contact.owner_id,
        origin=contact.origin,
        updated_at=timezone.now(),
    )
    account.derive()
    return account


def _save(contacts: Sequence[Contact]) -> None:
    accounts = {id(contact.account): contact.account for contact in contacts if contact.account}
    copy_in([account for account in accounts.values() if account.pk is None])
    for contact in contacts:
        contact.account = contact.account  # takes over the id that the account has just got
    write_columns(contacts, ["account"])
