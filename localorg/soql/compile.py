"""Tree -> SQL and the shape of the answer."""

from typing import Any

from localorg.errors import refuse
from localorg.schema import Child, Schema, SObject
from localorg.soql import clauses, complaints
from localorg.soql.calendar import GMT, Calendar
from localorg.soql.compiled import Compiled, Output
from localorg.soql.conditions import Conditions
from localorg.soql.context import Context
from localorg.soql.functions import ONLY_SHOWN, expression, is_aggregate
from localorg.soql.grouping import Grouping, is_count, is_grouped
from localorg.soql.scope import Expression, Scope
from localorg.soql.select import Select
from localorg.soql.shape import Node
from localorg.soql.tree import Function, Order, Query

__all__ = ["Compiled", "Output", "compile_query"]

MOST_PARENTS = 55  # relationships of one query
MOST_CHILDREN = 20  # sub-queries of one query
DEEPEST = 5  # sub-queries within sub-queries, the query itself included


def compile_query(schema: Schema, query: Query, text: str, deleted: bool, calendar: Calendar = GMT) -> Compiled:
    """Raises Refused where the org would. ``deleted``: whether rows in the recycle bin are seen, as by queryAll."""
    sobject = schema.find(query.source)
    if sobject is None:
        raise complaints.no_such_object(text, query.source_position, query.source)
    return _Compiler(Context(schema, text, deleted, calendar)).query(query, sobject)


class _Compiler:
    """Compiles a query and, by itself, the queries within."""

    def __init__(self, context: Context, depth: int = 1) -> None:
        self.context = context
        self.depth = depth

    def query(self, query: Query, sobject: SObject) -> Compiled:
        clauses.check(self.context, query, sobject)
        scope = Scope(self.context, sobject, query)
        compiled = self._aggregate(query, scope) if is_grouped(query) else self._plain(query, scope)
        if scope.parents > MOST_PARENTS:
            raise refuse("MALFORMED_QUERY", f"A query cannot have more than {MOST_PARENTS} parent relationships")
        return compiled

    def _plain(self, query: Query, scope: Scope) -> Compiled:
        select = Select(scope, self._child)
        for column in clauses.expanded(self.context, query, scope.base.sobject):
            select.add(column)
        if len(select.children) > MOST_CHILDREN:
            raise refuse("MALFORMED_QUERY", f"A query cannot have more than {MOST_CHILDREN} sub-queries")
        order = self._order(query.order, scope)
        where, params = self._where(query, scope)
        return Compiled(
            scope.base.sobject,
            select.node,
            select.sql,
            scope.from_sql,
            where,
            params,
            order_sql=order,
            limit=query.limit,
            offset=query.offset or 0,
            children=select.children,
            outputs=select.outputs,
            looks=any(word.text.upper() in ("VIEW", "REFERENCE") for word in query.purpose),
        )

    def _aggregate(self, query: Query, scope: Scope) -> Compiled:
        count_only = is_count(query)
        if query.limit is not None and not query.group and not count_only:
            message = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
            raise refuse("MALFORMED_QUERY", message)
        grouping = Grouping(query, scope, self._subquery)
        where, params = self._where(query, scope)
        groups = grouping.compile(where, params)
        return Compiled(
            scope.base.sobject,
            Node("AggregateResult"),
            [],
            scope.from_sql,
            where,
            params,
            limit=query.limit,
            offset=query.offset or 0,
            groups=groups,
            count_only=count_only,
        )

    def _where(self, query: Query, scope: Scope) -> tuple[str, list[Any]]:
        conditions = Conditions(scope, self._subquery)
        parts = [conditions.sql(query.where)] if query.where else []
        sobject, alias = scope.base.sobject, scope.base.alias
        if not self.context.deleted:
            parts += [f'{alias}."{name}" = 0' for name in ("IsDeleted", "IsArchived") if sobject.has(name)]
        parts += clauses.scoped(self.context, query, sobject, alias)
        if seen := self.context.schema.condition(sobject, alias):
            parts.append(seen)
        return " AND ".join(parts) or "1", conditions.params

    def _order(self, orders: tuple[Order, ...], scope: Scope) -> str:
        parts = []
        for order in orders:
            operand = order.operand
            if is_aggregate(operand) or (isinstance(operand, Function) and operand.name.upper() in ONLY_SHOWN):
                raise refuse("MALFORMED_QUERY", f"unexpected token: '{operand}'")
            found = expression(scope, operand)
            if not found.field.sortable:
                message = f"field '{found.field.name}' can not be sorted in a query call"
                raise complaints.at(self.context.text, operand.position, "MALFORMED_QUERY", message)
            direction = " DESC" if order.descending else ""
            nulls = " NULLS LAST" if order.nulls_last else " NULLS FIRST" if order.descending else ""
            parts.append(found.collated + direction + nulls)
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _child(self, query: Query, child: Child) -> Compiled:
        """A sub-query of the SELECT clause; its last column tells the parent."""
        if self.depth >= DEEPEST:
            raise refuse("MALFORMED_QUERY", f"Sub-queries cannot be nested deeper than {DEEPEST} levels")
        sobject = self.context.schema[child.sobject]
        compiled = _Compiler(self.context, self.depth + 1).query(query, sobject)
        if compiled.aggregate:
            raise refuse("MALFORMED_QUERY", "Aggregate functions are not supported in a nested query")
        compiled.parent_key = len(compiled.selects)
        compiled.selects.append(f'{compiled.base}."{child.field.name}"')
        return compiled

    def _subquery(self, query: Query, outer: SObject, left: Expression) -> tuple[str, list[Any]]:
        """The inner query of a semi-join."""
        sobject = self.context.schema.find(query.source)
        if sobject is None:
            raise complaints.no_such_object(self.context.text, query.source_position, query.source)
        column = clauses.semi_joined(self.context, query, sobject)
        scope = Scope(self.context, sobject, query)
        found = expression(scope, column)
        clauses.check_kinds(outer, left, sobject, found)
        where, params = self._where(query, scope)
        return f"SELECT {found.sql} FROM {scope.from_sql} WHERE {where} AND {found.sql} IS NOT NULL", params
