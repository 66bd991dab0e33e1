"""Who the people of e-mails and meetings are here."""

from collections.abc import Collection, Iterable

from activities.mail.parsing import Address
from activities.mail.team import Team
from activities.models import Activity, Participant
from contacts.models import Contact


def people_by_address(addresses: Collection[str], owner_id: int | None) -> dict[str, Contact]:
    """One query. Of several with one address: whose main one it is, whom ``owner_id`` owns, who is in the CRM."""
    if not addresses:
        return {}
    rows = sorted(
        Contact.objects.having_email(sorted(addresses)).only("email", "other_emails", "owner", "crm_id", "account"),
        key=lambda contact: (contact.owner_id != owner_id, not contact.crm_id, contact.pk),
    )
    found: dict[str, Contact] = {}
    for contact in rows:
        if contact.email:
            found.setdefault(contact.email.lower(), contact)
    for contact in rows:
        for address in contact.other_emails:
            found.setdefault(address, contact)
    return {address: contact for address, contact in found.items() if address in addresses}


def first_known(found: Iterable[Address], people: dict[str, Contact], team: Team) -> Contact | None:
    """Whom it is about: the first who is known, one's own people last."""
    known = [person.address for person in found if person.address in people]
    known.sort(key=team.has)
    return people[known[0]] if known else None


def participants(
    activity: Activity, found: Iterable[Address], people: dict[str, Contact], team: Team
) -> list[Participant]:
    return [
        Participant(
            activity=activity,
            role=person.role,
            address=person.address,
            name=person.name,
            contact=people.get(person.address),
            user_id=team.users.get(person.address),
        )
        for person in found
    ]
