"""How deals are listed."""

from django.utils.html import format_html

from common.filters import RecordPageFilter
from common.lines import as_html
from common.models import RecordKind
from common.tables import RecordTable, field_cell, record_columns, register
from common.words import money
from deals.filters import ORDERS, DealFilter
from deals.forms import DealForm
from deals.models import Deal


class DealPageFilter(RecordPageFilter, DealFilter):
    kind = RecordKind.DEAL
    first = ("owner", "stage", "open", "synced")

    class Meta(DealFilter.Meta):
        pass


def _stage(deal: Deal) -> str:
    look = "bg-green-lt" if deal.stage.is_won else "bg-secondary-lt" if deal.stage.is_closed else "bg-blue-lt"
    return format_html('<span class="badge {}">{}</span>', look, deal.stage)


def _amount(deal: Deal) -> str:
    return money(deal.amount, deal.currency)


DEALS = register(
    RecordTable(
        kind=RecordKind.DEAL,
        model=Deal,
        filters=DealPageFilter,
        orders=ORDERS,
        sorts={
            "newest": "Newest first",
            "name": "By name",
            "close": "By close date",
            "changed": "Changed last",
        },
        chosen=("stage", "amount", "close_on", "owner"),
        columns=lambda: record_columns(
            DealForm, {"stage": _stage, "amount": _amount}, without=["name"], orders={"close_on": "close"}
        ),
        related=("account", "owner", "stage"),
        under_name=lambda deal: as_html(deal.account) if deal.account else "",
        named=(field_cell(Deal, "name"),),
    )
)
