"""How accounts are listed."""

from accounts.filters import ORDERS, AccountFilter
from accounts.forms import AccountForm
from accounts.models import Account
from common.filters import RecordPageFilter
from common.models import RecordKind
from common.tables import RecordTable, field_cell, record_columns, register


class AccountPageFilter(RecordPageFilter, AccountFilter):
    kind = RecordKind.ACCOUNT

    class Meta(AccountFilter.Meta):
        pass


def _place(account: Account) -> str:
    return ", ".join(filter(None, [account.city, account.country]))


def _under_name(account: Account) -> str:
    return " · ".join(filter(None, [account.domain, account.industry]))


ACCOUNTS = register(
    RecordTable(
        kind=RecordKind.ACCOUNT,
        model=Account,
        filters=AccountPageFilter,
        orders=ORDERS,
        sorts={"name": "By name", "newest": "Newest first", "changed": "Changed last"},
        chosen=("street", "stage", "owner"),
        columns=lambda: record_columns(AccountForm, {"street": _place}, without=["name"]),
        related=("owner", "stage", "parent"),
        under_name=_under_name,
        named=(field_cell(Account, "name"),),
    )
)
