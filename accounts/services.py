"""Writes of accounts, by people and by the REST API."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import Account
from common.acting import acting_user
from common.records import assign, locked, save_changes, save_new


@transaction.atomic
def create_account(**values: Any) -> Account:
    """Whoever makes an account owns it. Raises ValidationError."""
    return save_new(Account(**{"owner": acting_user(), **values}))


@transaction.atomic
def update_account(account_id: int, changes: Mapping[str, Any]) -> Account:
    """Write these fields and no other; custom values are merged. Raises ValidationError and DoesNotExist."""
    account = locked(Account, account_id)
    changed = assign(account, changes)
    if "parent" in changed:
        account.check_parent()
    return save_changes(account, changed)


@transaction.atomic
def delete_account(account_id: int) -> None:
    locked(Account, account_id).delete()
