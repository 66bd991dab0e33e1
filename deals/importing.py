"""How deals come from a file: matched by name and account."""

from typing import Any

from django.db.models import Q

from common.bulk import any_of
from common.folding import fold
from common.importing.kinds import Kind, Likeness, Values, register
from common.models import RecordKind
from deals.forms import DealForm
from deals.models import Stage


def _name_and_account(values: Values) -> tuple[str, int | None] | None:
    name, account = fold(values.get("name", "")), values.get("account")
    if not name or (account is not None and account.pk is None):  # an account that is made has no deals
        return None
    return name, account.pk if account is not None else None


def _first() -> dict[str, Any]:
    return {"stage": Stage.objects.first_open()}


register(
    Kind(
        RecordKind.DEAL,
        DealForm,
        likenesses=(
            Likeness(
                _name_and_account,
                lambda deal: [(fold(deal.name), deal.account_id)],
                lambda keys: [Q(sort_name__in=any_of({name for name, _ in keys}))],
            ),
        ),
        matched="its name and account",
        aliases={
            "name": ("deal name", "deal", "opportunity", "opportunity name", "title"),
            "account": ("account name", "company", "company name", "account domain"),
            "amount": ("value", "deal value", "deal size"),
            "currency": ("currency code",),
            "close_on": ("close date", "closing date", "expected close date", "closes"),
            "stage": ("deal stage", "status", "pipeline stage"),
            "owner": ("owner email", "deal owner", "opportunity owner"),
            "source": ("lead source",),
            "probability": ("probability percent",),
        },
        first=_first,
    )
)
