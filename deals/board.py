"""The board: a column for each stage of a pipeline, with its totals and its first deals.

Open deals stand by close date, the next one first; closed ones the other way round. Totals and columns are read from
one index, so a column costs what it shows, however long it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from operator import attrgetter

from django.db.models import Q

from common.paging import Order, Page, first_page, keyset_page
from deals.models import Deal, DealQuerySet, Pipeline, Stage

SHOWN = 10
NEXT_FIRST: Order = ("sort_close_on", "id")
LAST_FIRST: Order = ("-sort_close_on", "-id")
ON_CARDS = (
    "name", "stage_id", "amount", "currency", "close_on", "sort_close_on",
    "account__name", "owner__name", "owner__email",
)  # fmt: skip


@dataclass(frozen=True)
class Total:
    amount: Decimal
    currency: str


@dataclass
class Column:
    stage: Stage
    count: int = 0
    totals: list[Total] = field(default_factory=list)  # the greatest first
    page: Page[Deal] = field(default_factory=lambda: Page([]))


def columns(pipeline: Pipeline | None, deals: DealQuerySet, *, closed_since: date = date.min) -> list[Column]:
    """The stages with their totals. One that cannot be chosen any more stays while deals are at it."""
    found = {stage.pk: Column(stage) for stage in pipeline.stages.all()} if pipeline else {}
    opened = [pk for pk, column in found.items() if not column.stage.is_closed]
    shown = deals.filter(Q(stage__in=opened) | Q(sort_close_on__gte=closed_since), stage__in=list(found))
    for row in shown.totals_by_stage():
        column = found[row["stage_id"]]
        column.count += row["deals"]
        if row["total"] is not None:
            column.totals.append(Total(row["total"], row["currency"]))
    return [column for column in found.values() if column.stage.is_active or column.count]


def fill(shown: Sequence[Column], deals: DealQuerySet, *, closed_since: date = date.min) -> None:
    """Read the first deals of all columns with one query."""
    if not shown:
        return
    # One more than is shown tells whether there are more.
    parts = [_of(column.stage, deals, closed_since).order_by(*order_of(column.stage))[: SHOWN + 1] for column in shown]
    by_stage: dict[int, list[Deal]] = defaultdict(list)
    for deal in parts[0].union(*parts[1:], all=True):
        by_stage[deal.stage_id].append(deal)
    for column in shown:
        order = order_of(column.stage)
        rows = sorted(by_stage[column.stage.pk], key=attrgetter(*NEXT_FIRST), reverse=order is LAST_FIRST)
        column.page = first_page(rows, order, SHOWN)


def more(stage: Stage, deals: DealQuerySet, after: str, *, closed_since: date = date.min) -> Page[Deal]:
    """The deals of a stage after a cursor. Raises BadCursorError."""
    return keyset_page(_of(stage, deals, closed_since), order_of(stage), after=after, size=SHOWN)


def next_to_close(deals: DealQuerySet, stages: Iterable[int], count: int) -> list[Deal]:
    """Of deals at any of these stages those that close next: the first at each, which an index tells, and of them."""
    parts = [deals.filter(stage=stage).order_by(*NEXT_FIRST)[:count] for stage in stages]
    found = parts[0].union(*parts[1:], all=True) if parts else ()
    return sorted(found, key=attrgetter(*NEXT_FIRST))[:count]


def order_of(stage: Stage) -> Order:
    return LAST_FIRST if stage.is_closed else NEXT_FIRST


def _of(stage: Stage, deals: DealQuerySet, closed_since: date) -> DealQuerySet:
    rows = deals.filter(stage=stage).select_related("account", "owner").only(*ON_CARDS)
    return rows.filter(sort_close_on__gte=closed_since) if stage.is_closed else rows
