"""What deals add to other pages."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model, QuerySet
from django.template.loader import render_to_string

from accounts.models import Account
from common import slots
from common.http import Request
from contacts.models import Contact
from deals.models import Deal

SHOWN = 10


@slots.fill("record.related")
def related_deals(request: Request, records: Sequence[Model]) -> list[str]:
    return [_deals(request, record) for record in records]


def _deals(request: Request, record: Model) -> str:
    match record:
        case Deal():
            context: dict[str, Any] = {"deal": record, "people": record.people(request.user)}
            return render_to_string("deals/_contacts.html", context, request)
        case Account() | Contact():
            deals: QuerySet[Deal] = record.deals.visible_to(request.user).listed()
            shown = list(deals.select_related("stage").order_by("stage__is_closed", "-id")[: SHOWN + 1])
            account = record if isinstance(record, Account) else None
            context = {"account": account, "deals": shown[:SHOWN], "has_more": len(shown) > SHOWN}
            return render_to_string("deals/_of_record.html", context, request)
    return ""
