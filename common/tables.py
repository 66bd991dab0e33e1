"""Tables of records: what the list page of any kind shows, filters and sorts. Each app registers those of its kinds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.html import format_html, format_html_join

from common import custom
from common.custom import from_json
from common.filters import PageFilter
from common.forms import RecordForm
from common.lines import Line, as_html, as_text
from common.models import CustomField
from common.paging import Order
from common.visibility import seen_of

Shown = Callable[[Any], str]


@dataclass(frozen=True)
class Cell:
    """A column of a sheet: its head, and what a row has there."""

    head: str
    value: Callable[[Any], Any]


@dataclass(frozen=True)
class Column:
    """``order``: the sort that its head offers."""

    key: str
    label: str
    shown: Shown
    cells: tuple[Cell, ...]
    order: str = ""
    classes: str = ""

    @property
    def begin(self) -> str:
        """How its cells begin."""
        return format_html("<td{}>", format_html(' class="{}"', self.classes) if self.classes else "")


@dataclass(frozen=True)
class RecordTable:
    """``chosen``: the columns at first. ``named``: what a sheet has for the name, which every list begins with."""

    kind: str
    model: Any  # a class of models
    filters: type[PageFilter]
    orders: Mapping[str, Order]
    sorts: Mapping[str, str]
    chosen: tuple[str, ...]
    columns: Callable[[], list[Column]]
    related: tuple[str, ...] = ("owner", "stage")
    under_name: Shown = lambda row: ""
    named: tuple[Cell, ...] = ()
    badges: str = "record.badges"  # the slot of its last column
    list_name: str = "list"  # of its address, in the app's urls

    @property
    def address(self) -> str:
        return f"{self.model._meta.app_label}:{self.list_name}"

    @property
    def one(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def many(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    def rows(self, user: Any) -> QuerySet[Any]:
        return seen_of(self.model, user).select_related(*self.related)

    def asked(self, query: QueryDict, user: Any) -> PageFilter:
        """The filters of an address, over what the user sees."""
        return self.filters(query, self.rows(user))

    def choose(self, every: Sequence[Column], keys: Sequence[str]) -> list[Column]:
        """Of ``every`` column these, as far as there are any, in this order; without any those at first."""
        by_key = {column.key: column for column in every}
        known = [by_key[key] for key in keys if key in by_key]
        return known or [by_key[key] for key in self.chosen if key in by_key]


_tables: dict[str, RecordTable] = {}


def register(table: RecordTable) -> RecordTable:
    _tables[table.kind] = table
    return table


def table_of(kind: str) -> RecordTable | None:
    return _tables.get(kind)


def record_columns(
    form: type[RecordForm],
    shown: Mapping[str, Shown],
    *,
    without: Sequence[str],
    orders: Mapping[str, str] | None = None,
) -> list[Column]:
    """A column for each line of a record's page, custom fields included, and for how the record came to be.

    ``shown`` shows a line in another way than the page does; ``without``: what the table's first column has already;
    ``orders``: the sorts that columns offer.
    """
    definitions = custom.definitions(form.kind)
    lines = [line for section in form.sections for line in section.lines if line.key not in without]
    model = form._meta.model
    own = [_column(line, model, shown.get(line.key), (orders or {}).get(line.key, "")) for line in lines]
    return [*own, *map(_custom_column, definitions), *_of_every_record(model)]


def _column(line: Line, model: Any, shown: Shown | None, order: str) -> Column:
    cells = tuple(field_cell(model, name) for name in line.names)
    classes = "amount" if line.key == "amount" else ""
    return Column(line.key, line.label, shown or line.shown, cells, order, classes)


def _custom_column(definition: CustomField) -> Column:
    line = Line.custom(definition)
    cell = Cell(definition.label, lambda row: plain(from_json(definition, row.custom.get(definition.key))))
    return Column(line.key, line.label, line.shown, (cell,))


def _of_every_record(model: Any) -> list[Column]:
    cells = {name: field_cell(model, name) for name in ("origin", "created_at", "updated_at", "crm_id")}
    return [
        Column("origin", "Origin", lambda row: row.get_origin_display(), (cells["origin"],)),
        Column("created_at", "Added", lambda row: as_text(row.created_at), (cells["created_at"],), "newest"),
        Column("updated_at", "Changed", lambda row: as_text(row.updated_at), (cells["updated_at"],), "changed"),
        Column("crm_id", "CRM ID", lambda row: as_html(row.crm_id), (cells["crm_id"],)),
    ]


def field_cell(model: Any, name: str) -> Cell:
    """A column of a sheet for a column of the model."""
    column = model._meta.get_field(name)
    head = str(column.verbose_name)

    def value(row: Any) -> Any:
        if column.choices:
            return getattr(row, f"get_{name}_display")() if getattr(row, name) else ""
        return plain(getattr(row, name))

    return Cell(head[:1].upper() + head[1:], value)


def plain(value: Any) -> str:
    """A value as spreadsheets read it: numbers without separators, dates as ISO writes them."""
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case list() | tuple():
            return "; ".join(map(plain, value))
        case _ if hasattr(value, "isoformat"):
            return value.isoformat(sep=" ", timespec="seconds") if hasattr(value, "hour") else value.isoformat()
    return str(value)


@dataclass(frozen=True)
class ShownRow:
    """What a page shows of a row. ``under``: what stands under its name."""

    row: Any
    under: str
    cells: str
    badges: str = ""


def shown_rows(
    table: RecordTable, columns: Sequence[Column], rows: Sequence[Any], badges: Sequence[str]
) -> list[ShownRow]:
    """Cells are put together here: a template takes several times as long, and a page has hundreds."""
    ways = [(column.begin, column.shown) for column in columns]
    return [
        ShownRow(
            row,
            table.under_name(row),
            format_html_join("", "{}{}</td>", ((begin, shown(row)) for begin, shown in ways)),
            badge,
        )
        for row, badge in zip(rows, badges, strict=True)
    ]
