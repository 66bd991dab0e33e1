"""Contacts whose entry in the directory went to another company: noticed when it is loaded, decided by people."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pghistory
from django.db import transaction
from django.utils import timezone

from accounts.prospecting import accounts_of, lock_companies
from common.acting import acting_user
from common.bulk import any_of, copy_in, create_rows, rows_created, write_columns, write_rows
from common.folding import fold
from common.models import Origin
from contacts.enriching import PEOPLE
from contacts.models import Contact, JobChange
from contacts.prospecting import TAKEN_OVER
from directory.enriching import offers, take
from directory.models import Company, Move, Prospect

State = JobChange.State
ORIGIN = Origin.JOB_CHANGE_ENRICHMENT
RULE = "Job change: taken from the directory."
DECIDED = "decided already"
NOWHERE = "whose new company the directory lacks"
NAMES = {"first_name", "last_name"}


# --- noticing -----------------------------------------------------------------------------------------------------


def notice(sender: type[Move], rows: Sequence[Move], **kwargs: Any) -> None:
    """Moves were loaded: those of contacts who still are with the former company here are to be decided.

    The latest counts: an older one of the same contact that nobody decided is gone.
    """
    related = ("from_company", "prospect__company")
    moves = list(Move.objects.filter(pk__in=any_of((row.pk for row in rows), "bigint")).select_related(*related))
    known = _contacts_of(moves)
    found = {known[move.pk].pk: move for move in moves if move.pk in known and _is_news(known[move.pk], move)}
    moved = {contact.pk for contact in known.values()}
    JobChange.objects.to_decide().filter(contact__in=any_of(moved, "bigint")).delete()
    copy_in([JobChange(contact_id=pk, move=move) for pk, move in sorted(found.items())])


def _contacts_of(moves: Sequence[Move]) -> dict[int, Contact]:
    """By the moves: whom the entry is marked as, else who has the address that it had."""
    marked = {move.prospect.contact_id for move in moves} - {None}
    contacts = Contact.objects.select_related("account")
    by_id = contacts.in_bulk(list(marked)) if marked else {}
    emails = {email for move in moves if move.prospect.contact_id not in by_id and (email := move.from_email.lower())}
    by_email: dict[str, Contact] = {}
    for contact in contacts.having_email(list(emails)).order_by("-pk") if emails else ():
        by_email |= dict.fromkeys([contact.email_key, *contact.other_emails], contact)
    found = {move.pk: by_id.get(move.prospect.contact_id) or by_email.get(move.from_email.lower()) for move in moves}
    return {pk: contact for pk, contact in found.items() if contact}


def _is_news(contact: Contact, move: Move) -> bool:
    """Not where only the entry of the company is another one, nor where the contact is there already."""
    company = move.prospect.company
    if company is None or (move.from_company and _is_same(company, move.from_company.domain, move.from_company.name)):
        return False
    account = contact.account
    name = account.name if account else contact.company_name
    return not _is_same(company, account.domain if account else "", name)


def _is_same(company: Company, domain: str, name: str) -> bool:
    return (bool(domain) and company.domain == domain) or fold(company.name) == fold(name)


rows_created.connect(notice, sender=Move, dispatch_uid="notice job changes")


# --- deciding -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decisions:
    """What is to be decided, locked, so that of two people one decides; and where those are by now whom it is about."""

    changes: list[JobChange]
    people: dict[int, Prospect]
    accounts: dict[int, int]
    counts: Counter[str]

    def person(self, change: JobChange) -> Prospect:
        return self.people[change.move.prospect_id]

    def account_id(self, change: JobChange) -> int:
        return self.accounts[self.person(change).company_id or 0]


@transaction.atomic
def make_contacts(ids: Collection[int]) -> Counter[str]:
    """A new contact at the new company for each; who is known there already is taken. The contact here stays."""
    found = _to_decide(ids)
    known = {one.email_key: one for one in _by_email(found.people.values())}
    new: dict[str | int, Contact] = {}
    for change in found.changes:
        prospect = found.person(change)
        is_taken = bool(prospect.email) and prospect.email_key in {
            change.contact.email_key,
            *change.contact.other_emails,
        }
        contact = None if is_taken else known.get(prospect.email_key)
        if contact is None:
            key = prospect.pk if is_taken else prospect.email_key or prospect.pk
            contact = new.setdefault(key, _contact(prospect, found.account_id(change), has_email=not is_taken))
        change.new_contact, change.state = contact, State.NEW
        found.counts["new contacts" if contact.pk is None else "known already"] += 1
    create_rows(list(new.values()))
    for change in found.changes:
        change.new_contact_id = found.person(change).contact_id = change.new_contact.pk  # type: ignore[union-attr]
    write_columns([found.person(change) for change in found.changes], ["contact_id"])
    _decide(found.changes)
    return +found.counts


@transaction.atomic
def update_contacts(ids: Collection[int]) -> Counter[str]:
    """The contacts are with the new company from now on; their former address stays known."""
    found = _to_decide(ids)
    rows = Contact.objects.filter(pk__in=any_of((change.contact_id for change in found.changes), "bigint"))
    contacts = {one.pk: one for one in rows.select_for_update(of=("self",)).order_by("pk")}
    for change in found.changes:
        contact, prospect = contacts[change.contact_id], found.person(change)
        told = [offer.name for offer in offers(PEOPLE, contact, prospect) if offer.name not in NAMES]
        take(PEOPLE, contact, prospect, told)
        contact.account_id, change.state = found.account_id(change), State.UPDATED
        found.counts["updated"] += 1
    with pghistory.context(rule=RULE):
        write_rows(list(contacts.values()), {*PEOPLE.columns, "account"} - NAMES)
    _decide(found.changes)
    return +found.counts


@transaction.atomic
def dismiss(ids: Collection[int]) -> Counter[str]:
    rows = JobChange.objects.visible_to(acting_user()).to_decide().filter(pk__in=any_of(ids, "bigint"))
    changes = list(rows.select_for_update(of=("self",)).order_by("pk"))
    for change in changes:
        change.state = State.DISMISSED
    _decide(changes)
    return +Counter({"dismissed": len(changes), DECIDED: len(ids) - len(changes)})


def _to_decide(ids: Collection[int]) -> Decisions:
    """Companies are locked before people, and these before what is to be decided: so does a load, which notices it."""
    rows = JobChange.objects.visible_to(acting_user()).to_decide().filter(pk__in=any_of(ids, "bigint"))
    people = Prospect.objects.filter(pk__in=rows.values("move__prospect_id"))
    companies = list(Company.objects.filter(pk__in=people.values("company_id")))
    lock_companies(company.pk for company in companies)
    accounts = accounts_of(companies, origin=ORIGIN)
    locked = {one.pk: one for one in people.select_for_update(of=("self",), no_key=True).order_by("pk")}
    present = list(rows.select_for_update(of=("self",)).select_related("contact", "move").order_by("pk"))
    changes = [
        change
        for change in present
        if change.move.prospect_id in locked and locked[change.move.prospect_id].company_id in accounts
    ]
    counts = Counter({DECIDED: len(ids) - len(present), NOWHERE: len(present) - len(changes)})
    return Decisions(changes, locked, accounts, counts)


def _by_email(people: Iterable[Prospect]) -> Sequence[Contact]:
    emails = [prospect.email_key for prospect in people if prospect.email]
    return list(Contact.objects.having_email(emails).order_by("-pk")) if emails else []


def _contact(prospect: Prospect, account_id: int, *, has_email: bool) -> Contact:
    """An address that the contact has who stays is not given to two."""
    values = {name: getattr(prospect, name) for name in TAKEN_OVER}
    values |= {} if has_email else {"email": "", "email_status": ""}
    return Contact(owner=acting_user(), origin=ORIGIN, account_id=account_id, **values)


def _decide(changes: Sequence[JobChange]) -> None:
    now = timezone.now()
    for change in changes:
        change.decided_by, change.decided_at, change.updated_at = acting_user(), now, now
    write_columns(changes, ["state", "new_contact", "decided_by", "decided_at", "updated_at"])


DECISIONS = {"new": make_contacts, "update": update_contacts, "dismiss": dismiss}
