"""What contacts add to other pages."""

from collections.abc import Sequence

from django.db.models import Model
from django.template.loader import render_to_string

from accounts.models import Account
from common import slots
from common.http import Request

SHOWN = 10


@slots.fill("record.related")
def contacts_of_account(request: Request, records: Sequence[Model]) -> list[str]:
    return [_contacts(request, record) if isinstance(record, Account) else "" for record in records]


def _contacts(request: Request, account: Account) -> str:
    contacts = account.contacts.visible_to(request.user).listed().select_related("stage").order_by("sort_name", "id")
    shown = list(contacts[: SHOWN + 1])
    context = {"account": account, "contacts": shown[:SHOWN], "has_more": len(shown) > SHOWN}
    return render_to_string("contacts/_of_account.html", context, request)
