"""The forecast by month: what was won, what open deals are worth by their probability, and what they might bring."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, DateField, F, Q, Sum
from django.db.models.functions import TruncMonth

from deals.models import DealQuerySet, Pipeline, Stage

BEFORE, AFTER = 3, 9  # months, beside the present one
ZERO = Decimal(0)


@dataclass
class Sums:
    """In one currency."""

    won: Decimal = ZERO
    expected: Decimal = ZERO  # of open deals, by their probability
    open: Decimal = ZERO
    deals: int = 0

    @property
    def beyond(self) -> Decimal:
        """What open deals would bring beyond what is expected, if all were won."""
        return self.open - self.expected


@dataclass
class Forecast:
    """By currency. ``late`` are open deals that should have closed before this month."""

    months: dict[str, dict[date, Sums]] = field(default_factory=dict)
    late: dict[str, Sums] = field(default_factory=dict)
    undated: dict[str, Sums] = field(default_factory=dict)

    @property
    def currencies(self) -> list[str]:
        return sorted({*self.months, *self.late, *self.undated})


def forecast(pipeline: Pipeline | None, deals: DealQuerySet, today: date) -> Forecast:
    """Two questions to one index, however many deals there are."""
    stages = {stage.pk: stage for stage in pipeline.stages.all()} if pipeline else {}
    this_month = today.replace(day=1)
    months = [_month(this_month, step) for step in range(-BEFORE, AFTER + 1)]
    found = Forecast()
    still_open = [pk for pk, stage in stages.items() if not stage.is_closed]
    counted = [pk for pk, stage in stages.items() if not stage.is_closed or stage.is_won]
    inside = Q(stage__in=counted, sort_close_on__gte=months[0], sort_close_on__lt=_month(months[-1], 1))
    for row in _sums(deals.filter(inside), month=TruncMonth("sort_close_on", output_field=DateField())):
        stage = stages[row["stage_id"]]
        if stage.is_won or row["month"] >= this_month:
            of_currency = found.months.setdefault(row["currency"], {month: Sums() for month in months})
            _add(of_currency[row["month"]], row, stage)
    outside = Q(sort_close_on__lt=this_month) | Q(sort_close_on=date.max)
    for row in _sums(deals.filter(outside, stage__in=still_open), is_undated=Q(sort_close_on=date.max)):
        sums = found.undated if row["is_undated"] else found.late
        _add(sums.setdefault(row["currency"], Sums()), row, stages[row["stage_id"]])
    return found


def _sums(deals: DealQuerySet, **by: Any) -> Iterable[dict[str, Any]]:
    """By stage and currency; an own probability of a deal goes before its stage's, so the two are summed apart."""
    return (
        deals.order_by()
        .annotate(**by)
        .values("stage_id", "currency", *by)
        .annotate(
            deals=Count("id"),
            total=Sum("amount", default=ZERO),
            by_stage=Sum("amount", filter=Q(probability=None), default=ZERO),
            by_deal=Sum(F("amount") * F("probability"), default=ZERO),
        )
    )


def _add(sums: Sums, row: dict[str, Any], stage: Stage) -> None:
    sums.deals += row["deals"]
    if stage.is_won:
        sums.won += row["total"]
    else:
        sums.open += row["total"]
        sums.expected += (row["by_deal"] + row["by_stage"] * stage.probability) / 100


def _month(month: date, step: int) -> date:
    years, months = divmod(month.month - 1 + step, 12)
    return date(month.year + years, months + 1, 1)
