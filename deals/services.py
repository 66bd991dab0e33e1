"""Writes of deals, by people and by the REST API."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from common.acting import acting_user
from common.models import Workspace
from common.records import assign, locked, save_changes, save_new
from contacts.models import Contact
from deals.models import Deal, DealContact, Stage

# Who takes part: ``contact``, and perhaps ``role`` and ``is_primary``.
Part = Mapping[str, Any]


@transaction.atomic
def create_deal(*, people: Sequence[Part] = (), **values: Any) -> Deal:
    """Whoever makes a deal owns it; without a stage it starts in the first one, without a currency in the workspace's.

    Raises ValidationError.
    """
    if "currency" not in values:
        values["currency"] = Workspace.load().currency_of_deals
    deal = save_new(Deal(**{"owner": acting_user(), "stage": Stage.objects.first_open(), **values}))
    _cast(deal, people)
    return deal


@transaction.atomic
def update_deal(deal_id: int, changes: Mapping[str, Any]) -> Deal:
    """Write these fields and no other; custom values are merged. Raises ValidationError and DoesNotExist.

    ``people`` replaces all who take part, as far as the acting user sees them.
    """
    deal, fields = locked(Deal, deal_id), dict(changes)
    if "people" in fields:
        _cast(deal, fields.pop("people"))
    return save_changes(deal, assign(deal, fields))


def _cast(deal: Deal, people: Sequence[Part]) -> None:
    wanted = {part["contact"].pk: part for part in people}
    if len(wanted) < len(people):
        raise ValidationError({"people": "Somebody is named twice."})
    if sum(bool(part.get("is_primary")) for part in people) > 1:
        raise ValidationError({"people": "Only one of them is the primary contact."})
    present = {row.contact_id: row for row in deal.people(acting_user())}
    for contact_id, row in present.items():
        if contact_id not in wanted:
            row.delete()
    if any(part.get("is_primary") for part in people):
        _clear_primary(deal, besides=wanted)
    for contact_id, part in wanted.items():
        values = {"role": part.get("role", ""), "is_primary": bool(part.get("is_primary"))}
        row = present.get(contact_id) or DealContact(deal=deal, contact_id=contact_id)
        if row.pk is None or any(getattr(row, name) != value for name, value in values.items()):
            row.role, row.is_primary = values["role"], values["is_primary"]
            row.save()


def _clear_primary(deal: Deal, *, besides: Collection[int]) -> None:
    """A new primary contact takes that from the one before, whom the acting user may not see."""
    for row in deal.roles.filter(is_primary=True).exclude(contact__in=besides):
        row.is_primary = False
        row.save(update_fields=["is_primary"])


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
    deal = locked(Deal, deal_id)
    row = deal.roles.get(contact_id=contact_id)
    if is_primary:
        _clear_primary(deal, besides=[contact_id])
    row.role = row.role if role is None else role
    row.is_primary = row.is_primary if is_primary is None else is_primary
    row.full_clean()
    row.save(update_fields=["role", "is_primary"])
