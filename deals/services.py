"""Writes of deals, by people and by the REST API."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from common.acting import acting_user
from common.records import assign, locked, save_changes, save_new
from contacts.models import Contact
from deals.models import Deal, DealContact, Stage


@transaction.atomic
def create_deal(**values: Any) -> Deal:
    """Whoever makes a deal owns it; without a stage it starts in the first one. Raises ValidationError."""
    return save_new(Deal(**{"owner": acting_user(), "stage": Stage.objects.first_open(), **values}))


@transaction.atomic
def update_deal(deal_id: int, changes: Mapping[str, Any]) -> Deal:
    """Write these fields and no other; custom values are merged. Raises ValidationError and DoesNotExist."""
    deal = locked(Deal, deal_id)
    return save_changes(deal, assign(deal, changes))


@transaction.atomic
def delete_deal(deal_id: int) -> None:
    locked(Deal, deal_id).delete()


@transaction.atomic
def add_contact(deal_id: int, contact: Contact, *, role: str = "") -> DealContact:
    """Raises ValidationError when the contact takes part already."""
    deal = locked(Deal, deal_id)
    if deal.roles.filter(contact=contact).exists():
        raise ValidationError(f"{contact} takes part in this deal already.")
    return deal.roles.create(contact=contact, role=role, is_primary=not deal.roles.exists())


@transaction.atomic
def remove_contact(deal_id: int, contact_id: int) -> None:
    for role in locked(Deal, deal_id).roles.filter(contact_id=contact_id):
        role.delete()


@transaction.atomic
def change_role(deal_id: int, contact_id: int, *, role: str | None = None, is_primary: bool | None = None) -> None:
    """What a contact is in a deal; a new primary one takes that from the one before. Raises DoesNotExist."""
    rows = locked(Deal, deal_id).roles
    row = rows.get(contact_id=contact_id)
    for other in rows.filter(is_primary=True).exclude(pk=row.pk) if is_primary else ():
        other.is_primary = False
        other.save(update_fields=["is_primary"])
    row.role = row.role if role is None else role
    row.is_primary = row.is_primary if is_primary is None else is_primary
    row.full_clean()
    row.save(update_fields=["role", "is_primary"])
