"""Which person of the directory a contact is: by an e-mail address, else the only one of that name at that company."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from common.bulk import any_of
from common.domains import company_domain
from common.models import RecordKind
from contacts.models import Contact
from contacts.prospecting import TAKEN_OVER
from directory.enriching import Enrichable, freshest, register
from directory.models import Company, Prospect
from directory.providers import look_up_people

NEEDED = ("email_key", "other_emails", "first_name", "sort_name", "account__domain")


def entries_of(ids: Collection[int]) -> dict[int, Prospect]:
    """The entries of contacts by the contacts' ids. Nobody of the directory is found by name for two of them."""
    if not ids or not Prospect.objects.exists():
        return {}
    contacts = list(Contact.objects.filter(pk__in=any_of(ids, "bigint")).order_by("pk").values("pk", *NEEDED))
    found = _by_email(contacts)
    return found | _by_name([contact for contact in contacts if contact["pk"] not in found], found)


def _by_email(contacts: list[dict[str, Any]]) -> dict[int, Prospect]:
    """The main address counts before the others."""
    wanted = {email for contact in contacts for email in _emails(contact)}
    rows = Prospect.objects.filter(email_key__in=any_of(wanted)).exclude(email="")
    people = freshest(rows, lambda prospect: prospect.email_key)
    known = {contact["pk"]: [people[one] for one in _emails(contact) if one in people] for contact in contacts}
    return {pk: entries[0] for pk, entries in known.items() if entries}


def _emails(contact: Mapping[str, Any]) -> list[str]:
    return [email for email in [contact["email_key"], *contact["other_emails"]] if email]


def _by_name(contacts: list[dict[str, Any]], taken: Mapping[int, Prospect]) -> dict[int, Prospect]:
    """Who is known as another contact already is not meant; of several namesakes nobody is."""
    places = {contact["pk"]: set(_domains(contact)) for contact in contacts if contact["first_name"]}
    known = Company.objects.filter(domain__in=any_of(set().union(*places.values()))).exclude(domain="")
    domains = dict(known.values_list("pk", "domain")) if any(places.values()) else {}
    if not domains:
        return {}
    names = {contact["sort_name"] for contact in contacts}
    people = Prospect.objects.filter(company__in=any_of(domains, "bigint"), sort_name__in=any_of(names))
    namesakes: dict[tuple[str, str], list[Prospect]] = defaultdict(list)
    for prospect in people:
        namesakes[prospect.sort_name, domains[prospect.company_id or 0]].append(prospect)
    given = {prospect.pk for prospect in taken.values()}
    found = {}
    for contact in contacts:
        same = {
            one.pk: one for place in places.get(contact["pk"], ()) for one in namesakes[contact["sort_name"], place]
        }
        free = [one for one in same.values() if one.contact_id in (None, contact["pk"]) and one.pk not in given]
        if len(same) == 1 and free:
            found[contact["pk"]] = free[0]
            given.add(free[0].pk)
    return found


def _domains(contact: Mapping[str, Any]) -> Iterator[str]:
    """Where somebody works, as far as it is told."""
    if contact["account__domain"]:
        yield contact["account__domain"]
    yield from filter(None, map(company_domain, _emails(contact)))


def _ask(contact: Contact) -> list[str]:
    return look_up_people([contact.email, *contact.other_emails])


def _follow(contact: Contact, prospect: Prospect, before: Mapping[str, Any]) -> set[str]:
    """What is known of an address comes with it; the one that it takes the place of stays known."""
    if "email" not in before:
        return set()
    contact.email_status = prospect.email_status
    contact.keep_address(before["email"])
    return {"email_status", "other_emails"}


def _moved(contact: Contact) -> Prospect | None:
    return Prospect.objects.filter(contact_id=contact.pk).exclude(company=None).order_by("-updated_at").first()


PEOPLE = register(
    Enrichable(
        RecordKind.CONTACT,
        names=tuple(name for name in TAKEN_OVER if name != "email_status"),
        entries_of=entries_of,
        ask=_ask,
        along=("email_status", "other_emails"),
        follow=_follow,
        moved=_moved,
    )
)
