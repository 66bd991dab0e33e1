"""Counts for overviews, which stop where the number is large enough to be called so."""

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery

COUNTED = 1_000


class BoundedCount(Subquery):
    """How many rows there are for each row outside, without counting the longest to its end."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any, Any]) -> None:
        super().__init__(rows.order_by().values("pk")[: COUNTED + 1])
