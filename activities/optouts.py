"""Who does not want to be written to or called: why not, and the link by which people say so themselves."""

from collections.abc import Collection

import pghistory
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from common.models import DeletedRecord, RecordKind
from contacts.models import Contact
from contacts.services import update_contact

SIGNER = signing.Signer(salt="unsubscribe")  # for good: a link in an old e-mail still works


def email_refusal(contact: Contact) -> str:
    """Why this person must not be written to; "" when they may."""
    return "does not want e-mail: “No e-mail” is set" if contact.no_email else _stage_refusal(contact)


def call_refusal(contact: Contact) -> str:
    """Why this person must not be called; "" when they may."""
    return "does not want calls: “Do not call” is set" if contact.do_not_call else _stage_refusal(contact)


def _stage_refusal(contact: Contact) -> str:
    stage = contact.stage
    return f"is at the stage “{stage}”, at which nobody is contacted" if stage and stage.no_contact else ""


def unsubscribe_url(contact: Contact) -> str:
    token = SIGNER.sign_object([contact.pk, contact.email])
    return settings.SITE_URL + reverse("unsubscribe", args=[token])


def read_token(token: str) -> tuple[int, str]:
    """The contact and the address that a link was made for. Raises BadSignature."""
    pk, address = SIGNER.unsign_object(token)
    return pk, address


def unsubscribe(pk: int, address: str) -> None:
    """No e-mail any more, for the contact and for whoever else has this address; may be said twice."""
    with pghistory.context(source="Unsubscribed by a link in an e-mail"):
        for contact_id in _meant(pk, address):
            try:
                update_contact(contact_id, {"no_email": True})
            except Contact.DoesNotExist:  # deleted at this very moment
                continue
        _remember_of_deleted(pk)


def _meant(pk: int, address: str) -> Collection[int]:
    same = Contact.objects.having_email([address.lower()]) if address else Contact.objects.none()
    ids = set(same.values_list("pk", flat=True))
    return sorted(ids | set(Contact.objects.filter(pk=_survivor(pk)).values_list("pk", flat=True)))


def _survivor(pk: int) -> int:
    """Whom a contact was merged into, and that one again; a merge leads to a higher or lower id, never in a circle."""
    seen = {pk}
    while True:
        merges = DeletedRecord.objects.filter(record_kind=RecordKind.CONTACT, record_id=pk)
        into = merges.values_list("merged_into", flat=True).first()
        if into is None or into in seen:
            return pk
        pk = into
        seen.add(pk)


@transaction.atomic
def _remember_of_deleted(pk: int) -> None:
    """A deleted contact that is restored still wants no e-mail."""
    rows = DeletedRecord.objects.select_for_update(of=("self",)).filter(record_kind=RecordKind.CONTACT, record_id=pk)
    for row in rows:
        row.values["no_email"] = True
        row.save(update_fields=["values"])
