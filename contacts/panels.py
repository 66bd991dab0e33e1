"""What contacts add to other pages."""

from collections.abc import Sequence

from django.db.models import Model
from django.http import HttpRequest
from django.template.loader import render_to_string

from accounts.models import Account
from common import slots

SHOWN = 10


@slots.fill("record.related")
def contacts_of_account(request: HttpRequest, records: Sequence[Model]) -> list[str]:
    return [_contacts(request, record) if isinstance(record, Account) else "" for record in records]


def _contacts(request: HttpRequest, account: Account) -> str:
    contacts = list(account.contacts.visible().select_related("stage").order_by("sort_name", "id")[: SHOWN + 1])
    context = {"account": account, "contacts": contacts[:SHOWN], "has_more": len(contacts) > SHOWN}
    return render_to_string("contacts/_of_account.html", context, request)
