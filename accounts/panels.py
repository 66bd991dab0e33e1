"""What accounts add to other pages."""

from collections.abc import Sequence

from django.db.models import Model
from django.template.loader import render_to_string

from accounts.models import Account
from common import slots
from common.http import Request

SHOWN = 10


@slots.fill("record.related")
def accounts_below(request: Request, records: Sequence[Model]) -> list[str]:
    return [_below(request, record) if isinstance(record, Account) else "" for record in records]


def _below(request: Request, account: Account) -> str:
    """Nothing for an account that stands above none."""
    children = account.children.visible_to(request.user).listed().select_related("stage").order_by("sort_name", "id")
    shown = list(children[: SHOWN + 1])
    context = {"accounts": shown[:SHOWN], "has_more": len(shown) > SHOWN, "count": SHOWN}
    return render_to_string("accounts/_below.html", context, request) if shown else ""
