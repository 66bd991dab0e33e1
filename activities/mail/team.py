"""The team's own addresses: which way an e-mail went, and whether it left the team."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from activities.models import Mailbox
from common.domains import is_free_mail, registrable_domain
from users.models import User


@dataclass(frozen=True)
class Team:
    """``users``: by address, lower case. ``domains``: of the connected mailboxes, never one where anybody has some."""

    users: dict[str, int] = field(default_factory=dict)
    domains: frozenset[str] = frozenset()

    @classmethod
    def load(cls) -> Self:
        boxes = [(address.lower(), pk) for address, pk in Mailbox.objects.values_list("address", "user")]
        people = {email.lower(): pk for email, pk in User.objects.filter(is_active=True).values_list("email", "pk")}
        domains = {registrable_domain(address) for address, _ in boxes}
        own = frozenset(domain for domain in domains if domain and not is_free_mail(domain))
        return cls(people | dict(boxes), own)

    def has(self, address: str) -> bool:
        return address in self.users

    def is_internal(self, addresses: Iterable[str]) -> bool:
        """Whether every address is on a domain of the team's mailboxes."""
        domains = {registrable_domain(address) for address in addresses}
        return bool(domains) and domains <= self.domains
