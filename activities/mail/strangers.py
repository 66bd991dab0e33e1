"""People whom nobody here knows. E-mails and meetings with nobody else are not stored, unless somebody wants them.

@strangers.wanted
def even_strangers(kind: str) -> Judge | None:
    ...  # what says of which e-mails, or meetings, people are made; None where of none
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from accounts.models import Account
from activities.mail.parsing import Address
from activities.mail.team import Team
from common.bulk import any_of
from common.domains import is_free_mail, registrable_domain
from common.models import Origin
from contacts.models import Contact
from contacts.services import create_contact
from users.models import User


@dataclass(frozen=True)
class Occasion:
    """What an e-mail says before it is stored; a meeting says nothing."""

    sender: str = ""
    recipients: Sequence[str] = ()
    subject: str = ""
    is_incoming: bool = False
    is_sent_here: bool = False
    is_reply: bool = False
    is_internal: bool = False


Judge = Callable[[Occasion], bool]
Asker = Callable[[str], Judge | None]
_askers: list[Asker] = []


def wanted(asker: Asker) -> Asker:
    """Register who says of which e-mails and meetings people are made; one who says so is enough."""
    _askers.append(asker)
    return asker


def judge_of(kind: str) -> Judge:
    """Asks for the settings once, for however many e-mails or meetings."""
    judges = [judge for ask in _askers if (judge := ask(kind))]
    return lambda occasion: any(judge(occasion) for judge in judges)


def make_people(found: Iterable[Address], team: Team, owner: User) -> dict[str, Contact]:
    """Contacts by address, of whoever is not of the team; addresses that no contact can have are left out."""
    new = {person.address: person for person in found if not team.has(person.address)}
    new = {key: person for key, person in new.items() if not team.is_internal([key])}
    domains = {registrable_domain(key) for key in new} - {""}
    own = [domain for domain in domains if not is_free_mail(domain)]
    rows = Account.objects.filter(domain__in=any_of(own)).order_by("-pk") if own else Account.objects.none()
    accounts = {account.domain: account for account in rows}
    made = {}
    for key, person in new.items():
        first, last = _names(person)
        try:
            made[key] = create_contact(
                first_name=first,
                last_name=last,
                email=key,
                account=accounts.get(registrable_domain(key)),
                owner=owner,
                origin=Origin.EMAIL,
            )
        except ValidationError:
            continue
    return made


def _names(person: Address) -> tuple[str, str]:
    """“Roe, Ann” and “Ann Roe”; without a name what stands before the @."""
    name = person.name if person.name and "@" not in person.name else person.address.partition("@")[0]
    if "," in name:
        last, first = name.split(",", maxsplit=1)
    else:
        first, _, last = name.rpartition(" ")
    return (first.strip(), last.strip()) if last.strip() else ("", name.strip(" ,") or person.address)
