"""People of the directory become contacts, with their accounts. Saved twice, by two people at once, they are one."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.prospecting import accounts_of, lock_companies
from common.acting import acting_user
from common.bulk import any_of, create_rows, write_columns
from common.models import Origin
from contacts.models import Contact
from directory.models import Prospect

TAKEN_OVER = (
    "first_name", "last_name", "title", "seniority", "department", "headline", "email", "email_status", "phone",
    "mobile_phone", "linkedin_url", "city", "state", "country", "time_zone", "company_name",
)  # fmt: skip


@dataclass(frozen=True)
class Saved:
    """The ids of contacts by those of the prospects, and which prospects were not in the CRM before."""

    contacts: Mapping[int, int]
    new: Collection[int]


@transaction.atomic
def save_prospects(ids: Collection[int], *, origin: str = Origin.PROSPECTING) -> Saved:
    """Of whom the CRM has already no new contact is made.

    Whoever saves somebody owns the contact, and the account if that is new.
    """
    rows = Prospect.objects.filter(pk__in=any_of(ids, "bigint"))
    lock_companies(rows.exclude(company=None).values_list("company", flat=True))
    prospects = list(rows.select_for_update(of=["self"], no_key=True).select_related("company").order_by("pk"))
    new = [prospect for prospect in prospects if prospect.contact_id is None]
    _save(new, origin)
    contacts = {prospect.pk: prospect.contact_id for prospect in prospects if prospect.contact_id}
    return Saved(contacts, {prospect.pk for prospect in new})


def _save(prospects: Sequence[Prospect], origin: str) -> None:
    """Two entries of the same address are one person."""
    accounts = accounts_of([prospect.company for prospect in prospects if prospect.company], origin=origin)
    owner = acting_user()
    people: dict[str | int, Contact] = {}
    for prospect in prospects:
        contact = people.setdefault(prospect.email_key or prospect.pk, Contact(owner=owner, origin=origin))
        for name in TAKEN_OVER:
            setattr(contact, name, getattr(contact, name) or getattr(prospect, name))
        contact.account_id = contact.account_id or accounts.get(prospect.company_id or 0)
    create_rows(list(people.values()))
    for prospect in prospects:
        prospect.contact_id = people[prospect.email_key or prospect.pk].pk
    write_columns(prospects, ["contact_id"])
