"""Pages by key: page N costs what page 1 costs, and nothing is skipped or shown twice when rows come and go.

A cursor says where a page ends: the values of the last row's order, which ends in ``id`` and so has no ties.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import BooleanField, F, Func, GeneratedField, Model, Q, QuerySet, Value
from django.http import HttpRequest, QueryDict
from rest_framework.exceptions import NotFound
from rest_framework.exceptions import ValidationError as ParameterError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

PAGE_SIZE = 50
MAX_PAGE_SIZE = 500
EXACT_COUNT = 10_000
READ_COUNT = 5_000  # where no index tells, and to count a row is to read it
PLENTY = 10 * READ_COUNT  # where PostgreSQL expects so many, that there are more than are counted needs no look

Row = TypeVar("Row", bound=Model)
Order = tuple[str, ...]  # column names, all rising or all ("-…") falling, the last one unique
NEWEST: Order = ("-id",)


class BadCursorError(ValueError):
    """The cursor was not made by a page of this order."""


@dataclass(frozen=True)
class Count:
    """How many rows there are, and whether that was counted or estimated; ``is_least``: so many were seen, of more."""

    number: int
    is_exact: bool = True
    is_least: bool = False

    def __str__(self) -> str:
        if self.is_exact:
            return f"{self.number:,}"
        return f"{'over' if self.is_least else 'about'} {self.number:,}"


@dataclass
class Page(Generic[Row]):
    rows: list[Row]
    next: str = ""
    previous: str = ""
    sort: str = ""
    query: QueryDict = field(default_factory=QueryDict)
    count: Count | None = None

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Row:
        return self.rows[index]

    @property
    def next_url(self) -> str:
        return self._url(after=self.next) if self.next else ""

    @property
    def previous_url(self) -> str:
        return self._url(before=self.previous) if self.previous else ""

    def _url(self, **cursor: str) -> str:
        query = self.query.copy()
        for name in ("after", "before"):
            query.pop(name, None)
        query.update(cursor)
        return f"?{query.urlencode()}"


def paged(
    queryset: QuerySet[Row],
    request: HttpRequest,
    orders: Mapping[str, Order] | None = None,
    size: int = PAGE_SIZE,
    count: Count | None = None,
) -> Page[Row]:
    """The page that ``?sort=&after=&before=`` asks for; the first order is the default, a bad cursor is page one."""
    orders = orders or {"": NEWEST}
    sort = request.GET.get("sort", "")
    sort = sort if sort in orders else next(iter(orders))
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    count = count or honest_count(queryset)
    with nullcontext() if count.is_exact else _in_order():
        try:
            page = keyset_page(queryset, orders[sort], after=after, before=before, size=size)
        except BadCursorError:
            page = keyset_page(queryset, orders[sort], size=size)
    page.sort, page.query, page.count = sort, request.GET.copy(), count
    return page


@contextmanager
def _in_order() -> Iterator[None]:
    """Of very many rows the first are found soonest by walking the index of the order.

    PostgreSQL does not know how many rows words or custom values find: it would collect and sort them all.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        yield


def keyset_page(
    queryset: QuerySet[Row], order: Order, *, after: str = "", before: str = "", size: int = PAGE_SIZE
) -> Page[Row]:
    """Rows after one cursor or before another. Raises BadCursorError.

    Their ids are found within: that can be read from an index alone, and nothing is joined to rows that are not shown.
    """
    backwards = bool(before)
    wanted = _reverse(order) if backwards else order
    rows = queryset.order_by(*wanted)
    if cursor := before or after:
        rows = rows.filter(_beyond(queryset.model, wanted, _read(cursor, queryset.model, order)))
    # Put in order here: asked for an order PostgreSQL could walk an index past all other rows to find these.
    found = list(queryset.filter(pk__in=rows.values("pk")[: size + 1]).order_by())
    found.sort(key=lambda row: _place(row, wanted), reverse=wanted[0].startswith("-"))
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    page = Page(found)
    if found and (more or backwards):
        page.next = _cursor(found[-1], order)
    if found and (more if backwards else after):
        page.previous = _cursor(found[0], order)
    return page


def first_page(found: list[Row], order: Order, size: int) -> Page[Row]:
    """The page that was read from the beginning, with one row more to tell whether there are others."""
    page = Page(found[:size])
    if len(found) > size:
        page.next = _cursor(page.rows[-1], order)
    return page


def neighbours(queryset: QuerySet[Row], order: Order, row: Row, count: Count) -> tuple[Row | None, Row | None]:
    """The rows before and after one in an order, of so many."""
    place = _place(row, order)
    with nullcontext() if count.is_exact else _in_order():
        before, after = (
            queryset.order_by(*wanted).filter(_beyond(queryset.model, wanted, place)).first()
            for wanted in (_reverse(order), order)
        )
    return before, after


def honest_count(queryset: QuerySet[Any], parts: Sequence[Q] = ()) -> Count:
    """Exact up to ten thousand; above that what PostgreSQL's planner expects.

    ``parts``: conditions of which every row meets one, each with an index of its own, which an OR would not use.
    """
    first, *others = [queryset.filter(part).order_by().values("pk")[: EXACT_COUNT + 1] for part in parts or [Q()]]
    number = first.union(*others, all=True)[: EXACT_COUNT + 1].count() if others else first.count()
    return Count(number) if number <= EXACT_COUNT else estimate(queryset, number)


def estimate(queryset: QuerySet[Any], seen: int) -> Count:
    """What PostgreSQL's planner expects, unless more were ``seen`` than it does: of words it knows little."""
    return _at_least(seen, expected(queryset))


def _at_least(seen: int, number: int) -> Count:
    return Count(seen - 1, is_exact=False, is_least=True) if number < seen else Count(number, is_exact=False)


def all_of(queryset: QuerySet[Any], *, by_one: bool) -> list[int] | Count:
    """The ids of rows that are counted by reading them; of more than ``READ_COUNT`` how many there may be.

    ``by_one``: one condition finds them, so that PostgreSQL knows how many there are; it takes several to have nothing
    to do with each other, and may expect plenty where they exclude each other.
    """
    number = expected(queryset)
    if by_one and number > PLENTY:
        return _at_least(READ_COUNT + 1, number)
    ids = list(queryset.order_by().values_list("pk", flat=True)[: READ_COUNT + 1])
    return ids if len(ids) <= READ_COUNT else _at_least(READ_COUNT + 1, number)


def count_of(found: list[int] | Count) -> Count:
    return found if isinstance(found, Count) else Count(len(found))


def expected(queryset: QuerySet[Any]) -> int:
    """How many rows PostgreSQL's planner expects, without a look at any."""
    plan = json.loads(queryset.order_by().values("pk").explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])


class _Row(Func):
    """``(a, b)``: PostgreSQL compares such rows column by column and finds the place in an index."""

    template = "(%(expressions)s)"


def _beyond(model: type[Model], order: Order, values: Sequence[Any]) -> Func:
    columns = [name.removeprefix("-") for name in order]
    bounds = [Value(value, output_field=_column(model, name)) for name, value in zip(columns, values, strict=True)]
    return Func(
        _Row(*map(F, columns), output_field=BooleanField()),
        _Row(*bounds, output_field=BooleanField()),
        template="%(expressions)s",
        arg_joiner=" < " if order[0].startswith("-") else " > ",
        output_field=BooleanField(),
    )


def _place(row: Model, order: Order) -> list[Any]:
    return [getattr(row, name.removeprefix("-")) for name in order]


def _reverse(order: Order) -> Order:
    return tuple(name[1:] if name.startswith("-") else f"-{name}" for name in order)


def _column(model: type[Model], name: str) -> Any:
    column = model._meta.get_field(name)
    return column.output_field if isinstance(column, GeneratedField) else column


def _cursor(row: Model, order: Order) -> str:
    values = _place(row, order)
    texts = [value.isoformat() if isinstance(value, date | datetime) else str(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(texts, ensure_ascii=False).encode()).decode().rstrip("=")


def _read(cursor: str, model: type[Model], order: Order) -> list[Any]:
    try:
        texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        pairs = list(zip(order, texts, strict=True))
        values = [_column(model, name.removeprefix("-")).to_python(text) for name, text in pairs]
    except (binascii.Error, ValueError, TypeError, ValidationError) as error:
        raise BadCursorError(cursor) from error
    if any(value is None or "\x00" in str(value) for value in values):
        raise BadCursorError(cursor)
    return values


class KeysetPagination(BasePagination):
    """``{"results", "next", "previous"}``, up to ``?limit=`` rows.

    A view may offer ``orders``, of which ``?ordering=`` picks one; the first is the default.
    """

    page_size = 100

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        order = self._order(request, view)
        after, before = request.query_params.get("after", ""), request.query_params.get("before", "")
        try:
            page = keyset_page(queryset, order, after=after, before=before, size=self._size(request))
        except BadCursorError as error:
            raise NotFound("The cursor does not belong to this list.") from error
        page.query = request.query_params.copy()
        self.page, self.here = page, request.build_absolute_uri(request.path)
        return page.rows

    def get_paginated_response(self, data: Any) -> Response:
        page = self.page
        return Response(
            {
                "results": data,
                "next": (page.next_url and self.here + page.next_url) or None,
                "previous": (page.previous_url and self.here + page.previous_url) or None,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        texts = {
            "after": ("Rows after this cursor.", {"type": "string"}),
            "before": ("Rows before this cursor.", {"type": "string"}),
            "limit": (
                f"Rows a page. More than {MAX_PAGE_SIZE} is read as {MAX_PAGE_SIZE}, 0 as 1.",
                {"type": "integer", "default": self.page_size},
            ),
            "ordering": ("What comes first.", {"type": "string", "enum": list(_orders(view))}),
        }
        return [
            {"name": name, "in": "query", "description": text, "schema": schema}
            for name, (text, schema) in texts.items()
            if name != "ordering" or len(_orders(view)) > 1
        ]

    def _order(self, request: Request, view: APIView | None) -> Order:
        orders = _orders(view)
        name = request.query_params.get("ordering") or next(iter(orders))
        if name not in orders:
            raise ParameterError({"ordering": [f"Choose one of: {', '.join(orders)}."]})
        return orders[name]

    def _size(self, request: Request) -> int:
        limit = request.query_params.get("limit") or str(self.page_size)
        if not (limit.isascii() and limit.isdecimal()):
            raise ParameterError({"limit": [f"Give a number from 1 to {MAX_PAGE_SIZE}."]})
        return min(max(int(limit[:9]), 1), MAX_PAGE_SIZE)


def _orders(view: APIView | None) -> Mapping[str, Order]:
    return getattr(view, "orders", {"": NEWEST})
