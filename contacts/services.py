"""Writes of contacts, by people and by the REST API."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction

from common import trash
from common.acting import acting_user
from common.records import assign, locked, save_changes, save_new
from contacts.models import Contact


@transaction.atomic
def create_contact(**values: Any) -> Contact:
    """Whoever makes a contact owns it. Raises ValidationError."""
    contact = Contact(**{"owner": acting_user(), **values})
    contact.other_emails = _lower(contact.other_emails)
    return save_new(contact)


@transaction.atomic
def update_contact(contact_id: int, changes: Mapping[str, Any]) -> Contact:
    """Write these fields and no other; custom values are merged. Raises ValidationError and DoesNotExist."""
    contact = locked(Contact, contact_id)
    changed = assign(contact, changes)
    told = {"email_status"} & set(changes)
    return save_changes(contact, follow_changes(contact, changed, told=told))


def follow_changes(contact: Contact, changed: set[str], *, told: Collection[str] = ()) -> set[str]:
    """Set what changed columns bring with them, unless it was ``told``; answer all that changed."""
    if "email" in changed and "email_status" not in told:
        contact.email_status = Contact.EmailStatus.UNKNOWN  # what was found out is about the old address
        changed = {*changed, "email_status"}
    contact.other_emails = _lower(contact.other_emails)
    return changed


@transaction.atomic
def delete_contact(contact_id: int) -> None:
    trash.bury([locked(Contact, contact_id)])


def _lower(addresses: list[str]) -> list[str]:
    return list(dict.fromkeys(address.strip().lower() for address in addresses))
