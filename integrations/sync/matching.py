"""Recognising one person or company on both sides. Deterministic, and never by guess: several candidates are a
question.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import Account
from common.bulk import any_of, is_any_of
from common.domains import company_domain, registrable_domain
from common.folding import fold
from common.models import Record, RecordKind
from contacts.models import Contact
from integrations.models import RecordLink
from integrations.sync.linking import PLEASE_CHECK
from integrations.sync.provider import RemoteRecord, Wanted
from integrations.sync.scope import Scope

CONTACT, LEAD = "Contact", "Lead"
BY_CRM_ID = "Linked by its CRM ID."
LOOKED_THROUGH: dict[str, tuple[str, ...]] = {RecordKind.CONTACT: (CONTACT, LEAD), RecordKind.ACCOUNT: ("Account",)}


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
    def oldest(self) -> RemoteRecord | None:
        """The first that was made; a contact goes before a lead. Ids are given out in order."""
        return min(self.unlinked, key=lambda twin: (twin.remote_object == LEAD, twin.id), default=None)

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
    live = [twin for twin in found if not twin.is_deleted and not twin.is_converted]
    unlinked = [twin for twin in live if twin.id not in links and twin.id not in taken]
    return Twins(tuple(unlinked), tuple(twin for twin in live if twin not in unlinked))


def links_by_remote_id(ids: Sequence[str]) -> dict[str, RecordLink]:
    """Live links by every remote id that they cover: their own, and that of the lead beside a contact."""
    own = {link.remote_id: link for link in RecordLink.objects.live().filter(remote_id__in=any_of(ids))}
    beside = {
        link.also_lead_id: link
        for link in RecordLink.objects.live().exclude(also_lead_id="").filter(also_lead_id__in=any_of(ids))
    }
    return beside | own


class Matches:
    """Our records that the unlinked records of a page may be, found with a few queries for all of them."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.by_email: dict[str, list[int]] = defaultdict(list)
        self.by_domain: dict[str, list[int]] = defaultdict(list)
        self.by_name: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.by_crm_id: dict[str, int] = {}
        self.faces: dict[str, RecordLink] = {}
        self.taken: set[int] = set()

    @classmethod
    def load(cls, scope: Scope, unknown: Sequence[RemoteRecord]) -> "Matches":
        matches = cls(scope)
        matches._load_identified(unknown)
        if scope.kind == RecordKind.CONTACT:
            matches._load_people(unknown)
        elif scope.kind == RecordKind.ACCOUNT:
            matches._load_companies(unknown)
        return matches

    def _load_identified(self, unknown: Sequence[RemoteRecord]) -> None:
        """Records that say which one they are there, but have no link: imported, restored, or set by hand."""
        ids = any_of(remote.id for remote in unknown)
        rows = self.scope.type.model._default_manager.filter(crm_id__in=ids)
        found = dict(rows.values_list("crm_id", "pk"))
        links = RecordLink.objects.live().of(self.scope.kind, list(found.values())) if found else ()
        linked = {link.record_id for link in links}
        self.by_crm_id = {crm_id: pk for crm_id, pk in found.items() if pk not in linked}

    def _read(self, remote: RemoteRecord, name: str) -> str:
        value = remote.values.get(self.scope.by_field.get(name, ""))
        return str(value).strip() if value else ""

    def _full_name(self, remote: RemoteRecord) -> str:
        return " ".join(fold(f"{self._read(remote, 'last_name')} {self._read(remote, 'first_name')}").split())

    def _load_people(self, unknown: Sequence[RemoteRecord]) -> None:
        emails = {email.lower() for remote in unknown if (email := self._read(remote, "email"))}
        self._load_faces(emails)
        if not Contact.objects.filter(crm_id="").exists():
            return
        known = Contact.objects.having_email(list(emails)).filter(crm_id="")
        for pk, key, others in known.order_by("pk").values_list("pk", "email_key", "other_emails"):
            for email in emails.intersection([key, *others]):
                self.by_email[email].append(pk)
        names = {self._full_name(remote) for remote in unknown}
        sort_names = [*names, *(f"{name} " for name in names)]  # ours ends with a blank where there is no first name
        rows = Contact.objects.filter(crm_id="", sort_name__in=any_of(sort_names)).order_by("pk")
        for pk, name, account_crm_id, email in rows.values_list("pk", "sort_name", "account__crm_id", "email"):
            for place in {account_crm_id or "", company_domain(email)} - {""}:
                self.by_name[name.strip(), place].append(pk)

    def _load_faces(self, emails: Iterable[str]) -> None:
        """Links of the other people-object with the same address: the other face of one person."""
        other = CONTACT if self.scope.remote_object == LEAD else LEAD
        known = Contact.objects.filter(~Q(email=""), email_key__in=any_of(emails), crm_object=other)
        people = dict(known.values_list("pk", "email_key"))
        if not people:
            return
        links = RecordLink.objects.live().of(self.scope.kind, list(people)).filter(remote_object=other, also_lead_id="")
        for link in links.order_by("-pk"):
            self.faces[people[link.record_id or 0]] = link

    def _load_companies(self, unknown: Sequence[RemoteRecord]) -> None:
        unlinked = Account.objects.filter(crm_id="")
        if not unlinked.exists():
            return
        domains = {registrable_domain(self._read(remote, "website")) for remote in unknown} - {""}
        names = {fold(self._read(remote, "name")) for remote in unknown} - {""}
        is_of_domain = Q(is_any_of("domain", domains, "varchar")) & ~Q(domain="")
        rows = unlinked.filter(is_of_domain | Q(is_any_of("sort_name", names, "varchar"))).order_by("pk")
        for pk, domain, name in rows.values_list("pk", "domain", "sort_name"):
            self.by_domain[domain].append(pk)
            self.by_name[name, ""].append(pk)

    def other_face(self, remote: RemoteRecord) -> RecordLink | None:
        return self.faces.pop(self._read(remote, "email").lower(), None) if self.faces else None

    def identified(self, remote: RemoteRecord) -> tuple[int, str] | None:
        """The record that has their id already, and what to say of its link."""
        pk = self.by_crm_id.get(remote.id)
        return (pk, BY_CRM_ID) if pk else None

    def take(self, remote: RemoteRecord) -> tuple[int, str] | None:
        """The record to link and what to say of it. No record is given away twice."""
        found = self._of_person(remote) if self.scope.kind == RecordKind.CONTACT else self._of_company(remote)
        if found:
            self.taken.add(found[0])
        return found

    def _free(self, candidates: Iterable[int]) -> list[int]:
        return [pk for pk in candidates if pk not in self.taken]

    def _of_person(self, remote: RemoteRecord) -> tuple[int, str] | None:
        if not self.by_email and not self.by_name:
            return None
        email = self._read(remote, "email").lower()
        if same := self._free(self.by_email.get(email, ())):
            return same[0], "Linked by its e-mail address."
        places = {self._read(remote, "account"), company_domain(email)} - {""}
        namesakes = {
            pk for place in places for pk in self._free(self.by_name.get((self._full_name(remote), place), ()))
        }
        return (namesakes.pop(), f"Linked by its name and company: {PLEASE_CHECK}") if len(namesakes) == 1 else None

    def _of_company(self, remote: RemoteRecord) -> tuple[int, str] | None:
        if not self.by_domain and not self.by_name:
            return None
        domain = registrable_domain(self._read(remote, "website"))
        same = self._free(self.by_domain.get(domain, ())) if domain else []
        if len(same) == 1:
            return same[0], "Linked by its domain."
        namesakes = self._free(self.by_name.get((fold(self._read(remote, "name")), ""), ()))
        return (namesakes[0], f"Linked by its name: {PLEASE_CHECK}") if len(namesakes) == 1 and not same else None
