"""How many of what is found have which seniority, industry and so on: PostgreSQL counts some thousands that match."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from common.paging import READ_COUNT
from directory.filters import SIZES, EntryFilter, by_indexes
from directory.models import Company

SHOWN = 8
TOTAL = ""


@dataclass(frozen=True)
class Value:
    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    name: str
    label: str
    values: list[Value]
    has_more: bool


@dataclass(frozen=True)
class Facets:
    """``is_exact``: whether everything that matches was counted."""

    facets: list[Facet]
    is_exact: bool
    counted: int = READ_COUNT


def facets_of(filters: EntryFilter) -> Facets:
    counts = _counted(filters)
    facets = [_facet(filters, name, counts[name]) for name in filters.facets]
    return Facets(facets, counts[TOTAL][TOTAL] <= READ_COUNT)


def _counted(filters: EntryFilter) -> Mapping[str, Mapping[str, int]]:
    """By facet and value. Companies are joined to those that are counted, not to all that there are."""
    columns = [column.removeprefix("company__") for column in filters.facets.values()]
    own = [column for column in filters.facets.values() if not column.startswith("company__")]
    is_joined = len(own) < len(columns)
    some = filters.found.order_by().values(*own, *(["company_id"] if is_joined else []))[: READ_COUNT + 1]
    sql, params = some.query.sql_with_params()
    company = f"LEFT JOIN {Company._meta.db_table} AS company ON company.id = company_id" if is_joined else ""
    each = " UNION ALL ".join(
        f"SELECT '{name}', {_size() if name == 'size' else column}, COUNT(*) FROM told GROUP BY 2"  # noqa: S608
        for name, column in zip(filters.facets, columns, strict=True)
    )
    told = ", ".join(f"{'matched' if column in own else 'company'}.{column}" for column in columns)
    with by_indexes(), connection.cursor() as cursor:
        cursor.execute(
            f"""WITH matched AS MATERIALIZED ({sql}),
                told AS MATERIALIZED (SELECT {told} FROM matched {company})
            {each} UNION ALL SELECT '{TOTAL}', '{TOTAL}', COUNT(*) FROM matched""",  # noqa: S608 - names of ours
            params,
        )
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        for name, value, number in cursor.fetchall():
            counts[name][value or ""] = number
    return counts


def _size() -> str:
    """The word for a number of employees."""
    cases = [f"WHEN employees >= {low} THEN '{word}'" for word, (low, _) in reversed(SIZES.items())]
    return f"CASE {' '.join(cases)} END"


def _facet(filters: EntryFilter, name: str, counts: Mapping[str, int]) -> Facet:
    """The chosen values and the most frequent ones; sizes in their order."""
    chosen = filters.form.cleaned_data.get(name) or []
    known = {value: count for value, count in counts.items() if value}
    order = list(SIZES) if name == "size" else sorted(known, key=lambda value: (-known[value], value))
    offered = [value for value in order if value in known or value in chosen]
    shown = [value for place, value in enumerate(offered) if place < SHOWN or value in chosen]
    shown += [value for value in chosen if value not in shown]
    values = [Value(value, _label(name, value), known.get(value, 0), value in chosen) for value in shown]
    return Facet(name, str(filters.filters[name].label), values, len(offered) > len(shown))


def _label(name: str, value: str) -> str:
    return value.capitalize() if name == "email_status" else value
