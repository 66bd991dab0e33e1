"""Recognising one person or company on both sides. Deterministic, and never by guess: several candidates are a
question.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from common.domains import is_free_mail, registrable_domain
from common.models import Record, RecordKind
from integrations.models import RecordLink
from integrations.sync.provider import RemoteRecord, Wanted

CONTACT, LEAD = "Contact", "Lead"
LOOKED_THROUGH = {RecordKind.CONTACT: (CONTACT, LEAD), RecordKind.ACCOUNT: ("Account",)}


@dataclass(frozen=True)
class Twins:
    """What Salesforce has of a record that we are about to create there."""

    unlinked: tuple[RemoteRecord, ...] = ()
    linked: tuple[RemoteRecord, ...] = ()

    @property
    def only(self) -> RemoteRecord | None:
        """The one record to link: a contact goes before the lead of the same person."""
        contacts = [twin for twin in self.unlinked if twin.remote_object != LEAD]
        leads = [twin for twin in self.unlinked if twin.remote_object == LEAD]
        if len(contacts) <= 1 and len(leads) <= 1:
            return next(iter(contacts or leads), None)
        return None

    @property
    def also_lead_id(self) -> str:
        only = self.only
        leads = [twin.id for twin in self.unlinked if twin.remote_object == LEAD]
        return leads[0] if only and leads and only.remote_object != LEAD else ""

    @property
    def are_several(self) -> bool:
        return bool(self.unlinked) and self.only is None


def wanted(record: Record) -> Wanted:
    """How to recognise a record of ours on the other side."""
    if hasattr(record, "email_key"):
        own = [record.email.lower(), *record.other_emails] if record.email else record.other_emails  # type: ignore[attr-defined]
        return Wanted(emails=tuple(own))
    return Wanted(domain=getattr(record, "domain", ""), name=getattr(record, "name", ""))


def sort_out(found: Sequence[RemoteRecord], links: dict[str, RecordLink], taken: set[str]) -> Twins:
    """Split candidates by whether they are linked. Converted leads and records taken in this batch count as linked."""
    live = [twin for twin in found if not twin.is_deleted and not twin.converted_to]
    unlinked = [twin for twin in live if twin.id not in links and twin.id not in taken]
    return Twins(tuple(unlinked), tuple(twin for twin in live if twin not in unlinked))


def links_by_remote_id(ids: Sequence[str]) -> dict[str, RecordLink]:
    """Live links by every remote id that they cover: their own, and that of the lead beside a contact."""
    own = {link.remote_id: link for link in RecordLink.objects.live().filter(remote_id__in=ids)}
    beside = {link.also_lead_id: link for link in RecordLink.objects.live().filter(also_lead_id__in=ids)}
    return beside | own


def company_domain(email: str) -> str:
    """The domain that says where somebody works; "" for an address that anybody can have."""
    domain = registrable_domain(email) if "@" in email else ""
    return "" if is_free_mail(domain) else domain
