"""Tree -> SQL and the shape of the answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localorg.errors import refuse
from localorg.schema import Child, Field, Schema, SObject
from localorg.soql import complaints
from localorg.soql.conditions import NOT_IN_SUBQUERIES, Conditions
from localorg.soql.functions import expression, is_aggregate
from localorg.soql.scope import Scope, Source, numbering, sql_of, type_sql
from localorg.soql.shape import Node
from localorg.soql.tree import Column, Function, Operand, Order, Path, Query, Typeof

FARTHEST_OFFSET = 2000
HIGHEST_LIMIT = 2**31
MOST_AGGREGATE_ROWS = 2000
MOST_ROWS_OF_ALL_FIELDS = 200
WIDE = 2  # long text areas


@dataclass(frozen=True, slots=True)
class Output:
    """One column of a plain query, told by its path: Account.Name. An address has no SQL of its own."""

    name: str
    field: Field
    sql: str = ""


@dataclass(slots=True)
class Compiled:
    """Everything needed to run a query and to build its records."""

    sobject: SObject
    node: Node
    selects: list[str]
    from_sql: str
    where_sql: str
    params: list[Any]
    tail_sql: str = ""  # GROUP BY, HAVING
    tail_params: list[Any] = field(default_factory=list)
    order_sql: str = ""
    limit: int | None = None
    offset: int = 0
    children: dict[str, "Compiled"] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)  # in the order of SELECT, parents' fields in their place
    aggregate: bool = False
    count_only: bool = False
    names: list[str] = field(default_factory=list)  # of an aggregate's columns
    booleans: set[str] = field(default_factory=set)
    parent_key: int = 0  # of a child query: where its row tells the parent

    @property
    def is_wide(self) -> bool:
        """Whether rows are so long that pages get short."""
        names = self.node.values if not self.aggregate else ()
        return sum(not f.filterable for n in names if (f := self.sobject.find(n)) and f.type == "textarea") >= WIDE

    @property
    def base(self) -> str:
        return self.from_sql.split(" ", 2)[1]

    def rows_sql(self, extra_where: str = "") -> str:
        where = f"{self.where_sql} AND {extra_where}" if extra_where else self.where_sql
        return f"SELECT {', '.join(self.selects)} FROM {self.from_sql} WHERE {where}{self.tail_sql}{self.order_sql}"

    def numbers_sql(self) -> str:
        return f"SELECT {self.base}._n FROM {self.from_sql} WHERE {self.where_sql}{self.order_sql}"

    def count_sql(self) -> str:
        return f"SELECT count(*) FROM {self.from_sql} WHERE {self.where_sql}"


def compile_query(schema: Schema, query: Query, text: str, deleted: bool) -> Compiled:
    """Raises Refused where the org would. ``deleted``: whether rows in the recycle bin are seen, as by queryAll."""
    sobject = schema.find(query.source)
    if sobject is None:
        raise complaints.no_such_object(text, query.source_position, query.source)
    return _Compiler(schema, text, deleted, numbering()).query(query, sobject)


class _Compiler:
    def __init__(self, schema: Schema, text: str, deleted: bool, aliases: Callable[[], int]) -> None:
        self.schema = schema
        self.text = text
        self.deleted = deleted
        self.aliases = aliases

    def query(self, query: Query, sobject: SObject) -> Compiled:
        self._check_paging(query)
        scope = Scope(self.schema, sobject, self.text, query.alias, self.aliases)
        if query.group or any(isinstance(c, Column) and is_aggregate(c.operand) for c in query.columns):
            return self._aggregate(query, scope)
        return self._plain(query, scope)

    def _plain(self, query: Query, scope: Scope) -> Compiled:
        select = _Select(self, scope)
        for column in _expanded(query, scope, self.text):
            select.add(column)
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
        )

    def _aggregate(self, query: Query, scope: Scope) -> Compiled:
        count_only = self._is_count(query)
        if query.limit is not None and not query.group and not count_only:
            message = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
            raise refuse("MALFORMED_QUERY", message)
        names, selects, booleans = self._aggregate_columns(query, scope)
        group = [self._group(operand, scope) for operand in query.group]
        having = Conditions(scope, self._subquery, grouped=True)
        tail = f" GROUP BY {', '.join(group)}" if group else ""
        tail += f" HAVING {having.sql(query.having)}" if query.having else ""
        order = self._order(query.order, scope, grouped=True)
        where, params = self._where(query, scope)
        return Compiled(
            scope.base.sobject,
            Node("AggregateResult"),
            selects,
            scope.from_sql,
            where,
            params,
            tail,
            having.params,
            order,
            query.limit,
            query.offset or 0,
            aggregate=True,
            count_only=count_only,
            names=names,
            booleans=booleans,
        )

    def _is_count(self, query: Query) -> bool:
        first = query.columns[0]
        if not (isinstance(first, Column) and isinstance(first.operand, Function) and not first.operand.arguments):
            return False
        if query.order or len(query.columns) > 1 or query.group:
            raise refuse(
                "MALFORMED_QUERY", "Count() query cannot be used with other select columns, order by or group by"
            )
        return True

    def _aggregate_columns(self, query: Query, scope: Scope) -> tuple[list[str], list[str], set[str]]:
        grouped = {str(g).lower() for g in query.group if isinstance(g, Path)}
        names: list[str] = []
        selects: list[str] = []
        booleans: set[str] = set()
        for column in query.columns:
            if not isinstance(column, Column):
                raise refuse("MALFORMED_QUERY", "Only aggregate expressions use field aliasing")
            if isinstance(column.operand, Path) and str(column.operand).lower() not in grouped:
                raise self._ungrouped(column.operand)
            found = expression(scope, column.operand)
            unnamed = sum(name.startswith("expr") for name in names)
            default = found.field.name if isinstance(column.operand, Path) else f"expr{unnamed}"
            names.append(column.alias or default)
            selects.append(found.sql)
            if found.field.type == "boolean":
                booleans.add(names[-1])
        return names, selects, booleans

    def _ungrouped(self, path: Path) -> Exception:
        message = f"Field must be grouped or aggregated: {path.names[-1]}"
        return complaints.at(self.text, path.position, "MALFORMED_QUERY", message)

    def _group(self, operand: Operand, scope: Scope) -> str:
        found = expression(scope, operand)
        if not found.field.groupable:
            message = f"field '{found.field.name}' can not be grouped in a query call"
            raise complaints.at(self.text, operand.position, "MALFORMED_QUERY", message)
        return found.collated

    def _where(self, query: Query, scope: Scope) -> tuple[str, list[Any]]:
        conditions = Conditions(scope, self._subquery)
        parts = [conditions.sql(query.where)] if query.where else []
        if not self.deleted:
            hidden = (name for name in ("IsDeleted", "IsArchived") if scope.base.sobject.has(name))
            parts += [f'{scope.base.alias}."{name}" = 0' for name in hidden]
        if seen := self.schema.condition(scope.base.sobject, scope.base.alias):
            parts.append(seen)
        return " AND ".join(parts) or "1", conditions.params

    def _order(self, orders: tuple[Order, ...], scope: Scope, grouped: bool = False) -> str:
        parts = []
        for order in orders:
            if is_aggregate(order.operand) and not grouped:
                raise refuse("MALFORMED_QUERY", f"unexpected token: '{order.operand}'")
            found = expression(scope, order.operand)
            if not found.field.sortable and not grouped:
                message = f"field '{found.field.name}' can not be sorted in a query call"
                raise complaints.at(self.text, order.operand.position, "MALFORMED_QUERY", message)
            direction = " DESC" if order.descending else ""
            nulls = " NULLS LAST" if order.nulls_last else " NULLS FIRST" if order.descending else ""
            parts.append(found.collated + direction + nulls)
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _check_paging(self, query: Query) -> None:
        if query.offset is not None and query.offset > FARTHEST_OFFSET:
            message = f"SOQL OFFSET maximum value is {FARTHEST_OFFSET}"
            raise refuse("NUMBER_OUTSIDE_VALID_RANGE", message)
        if query.limit is not None and not 0 <= query.limit < HIGHEST_LIMIT:
            raise refuse("MALFORMED_QUERY", f"unexpected token: '{query.limit}'")
        if query.having is not None and not query.group:
            raise refuse("MALFORMED_QUERY", "unexpected token: 'HAVING'")

    def _subquery(self, query: Query) -> tuple[str, list[Any], Field]:
        """The inner query of a semi-join."""
        sobject = self.schema.find(query.source)
        if sobject is None:
            raise complaints.no_such_object(self.text, query.source_position, query.source)
        self._check_semi_join(query, sobject)
        scope = Scope(self.schema, sobject, self.text, query.alias, self.aliases)
        column = query.columns[0]
        assert isinstance(column, Column)
        found = expression(scope, column.operand)
        if found.field.type not in ("id", "reference"):
            message = f"Semi join sub-selects can only query id fields, cannot use: '{found.field.name}'"
            raise complaints.at(self.text, column.operand.position, "MALFORMED_QUERY", message)
        where, params = self._where(query, scope)
        return (
            f"SELECT {found.sql} FROM {scope.from_sql} WHERE {where} AND {found.sql} IS NOT NULL",
            params,
            found.field,
        )

    def _check_semi_join(self, query: Query, sobject: SObject) -> None:
        column = query.columns[0]
        plain = len(query.columns) == 1 and isinstance(column, Column) and isinstance(column.operand, Path)
        if not plain or query.order or query.limit is not None or query.group:
            raise refuse(
                "MALFORMED_QUERY", "Semi join sub-selects can only have one plain id field and no other clause"
            )
        if sobject.name in NOT_IN_SUBQUERIES:
            message = f"Entity '{sobject.name}' is not supported for semi join inner selects"
            raise complaints.at(self.text, query.source_position, "MALFORMED_QUERY", message)


class _Select:
    """The columns of a plain query: SQL, and where each value stands in the answer."""

    def __init__(self, compiler: _Compiler, scope: Scope) -> None:
        self.compiler = compiler
        self.scope = scope
        base = scope.base
        self.sql = [f"{base.alias}._n", f'{base.alias}."Id"']
        self.node = Node(base.sobject.name)
        self.children: dict[str, Compiled] = {}
        self.outputs: list[Output] = []

    def add(self, column: Column | Query | Typeof) -> None:
        match column:
            case Query():
                self._child(column)
            case Typeof():
                self._typeof(column)
            case Column(Function() as function, _):
                self._function(column, function)
            case Column(Path() as path, _):
                self._path(path)

    def _path(self, path: Path) -> None:
        source, name = self.scope.walk(path)
        node = self._node(source)
        if not source.polymorphic and (found := source.sobject.find(name)) and found.type == "address":
            self._address(node, source, found)
            self.outputs.append(Output(".".join((*source.via, found.name)), found))
            return
        value = self.scope.column(source, name, path)
        if value.field.name in node.values:
            message = f"duplicate field selected: {value.field.name}"
            raise refuse("INVALID_FIELD", message)
        self._value(node, value.field.name, value.sql, value.field)
        self.outputs.append(Output(".".join((*source.via, value.field.name)), value.field, value.sql))

    def _value(self, node: Node, name: str, sql: str, of: Field) -> None:
        node.values[name] = self._position(sql)
        node.place(name)
        kinds = {"boolean": node.booleans, "base64": node.blobs, "complexvalue": node.lists}
        if of.type in kinds:
            kinds[of.type].add(name)

    def _address(self, node: Node, source: Source, address: Field) -> None:
        parts = source.sobject.address_columns(address)
        node.addresses[address.name] = {key: self._position(f'{source.alias}."{c}"') for key, c in parts.items()}
        node.place(address.name)

    def _function(self, column: Column, function: Function) -> None:
        found = expression(self.scope, function)
        shown = column.alias or (found.field.name if function.name.upper() == "TOLABEL" else self._unnamed())
        self._value(self.node, shown, found.sql, found.field)
        self.outputs.append(Output(shown, found.field, found.sql))

    def _unnamed(self) -> str:
        return f"expr{sum(name.startswith('expr') for name in self.node.order)}"

    def _node(self, source: Source) -> Node:
        """The place of a source in the answer; made with its parents when first mentioned."""
        node, reached = self.node, self.scope.base
        for relationship in source.via:
            reached = reached.parents[relationship]
            if relationship not in node.parents:
                node.parents[relationship] = self._parent(reached)
                node.place(relationship)
            node = node.parents[relationship]
        return node

    def _parent(self, source: Source) -> Node:
        key = self._position(f'{source.alias}."Id"' if not source.polymorphic else source.key)
        kind = self._position(type_sql(source)) if source.polymorphic else None
        return Node(source.sobject.name, key, kind)

    def _position(self, sql: str) -> int:
        self.sql.append(sql)
        return len(self.sql) - 1

    def _child(self, query: Query) -> None:
        child = _find_child(self.scope.base.sobject, query.source)
        if child is None:
            raise complaints.no_such_child(self.scope.text, query.source_position, query.source)
        sobject = self.compiler.schema[child.sobject]
        compiled = self.compiler.query(query, sobject)
        if compiled.aggregate:
            raise refuse("MALFORMED_QUERY", "Aggregate functions are not supported in a nested query")
        compiled.parent_key = len(compiled.selects)
        compiled.selects.append(f'{compiled.base}."{child.field.name}"')
        self.children[str(child.relationship)] = compiled
        self.node.place(str(child.relationship))
        self.node.values[str(child.relationship)] = 1  # filled in when the children are read

    def _typeof(self, column: Typeof) -> None:
        path = Path((column.relationship, "Id"), column.position)
        source = self.scope.parent(self.scope.base, column.relationship, path)
        node = self._node(source)
        node.choices = {"": self._choice(source, None, column.otherwise, node)}
        for name, paths in column.branches:
            sobject = self.compiler.schema.find(name)
            if sobject is None or sobject not in source.tables.values():
                raise complaints.no_such_object(self.scope.text, column.position, name)
            node.choices[sobject.name] = self._choice(source, sobject, paths, node)

    def _choice(self, source: Source, sobject: SObject | None, paths: tuple[Path, ...], parent: Node) -> Node:
        choice = Node(sobject.name if sobject else "Name", parent.key, parent.kind)
        for path in paths:
            if sobject is None:
                value = self.scope.column(source, path.names[-1], path)
                self._value(choice, value.field.name, value.sql, value.field)
                continue
            alias = next(alias for alias, s in source.tables.items() if s is sobject)
            found = sobject.find(path.names[-1])
            if found is None:
                raise complaints.no_such_column(self.scope.text, path.position, path.names[-1], sobject.name)
            self._value(choice, found.name, sql_of(found, alias), found)
        return choice


def _find_child(sobject: SObject, relationship: str) -> Child | None:
    wanted = relationship.lower()
    return next((c for c in sobject.children if c.relationship and c.relationship.lower() == wanted), None)


def _expanded(query: Query, scope: Scope, text: str) -> list[Column | Query | Typeof]:
    """The columns, with FIELDS(ALL) and its kin spelled out."""
    columns: list[Column | Query | Typeof] = []
    for column in query.columns:
        if (
            isinstance(column, Column)
            and isinstance(column.operand, Function)
            and column.operand.name.upper() == "FIELDS"
        ):
            columns += _all_fields(column.operand, query, scope.base.sobject, text)
        else:
            columns.append(column)
    return columns


def _all_fields(function: Function, query: Query, sobject: SObject, text: str) -> list[Column]:
    which = str(function.arguments[0]).upper() if function.arguments else ""
    if which not in ("ALL", "STANDARD", "CUSTOM"):
        raise complaints.at(text, function.position, "MALFORMED_QUERY", f"unexpected token: '{function.name}'")
    if which != "STANDARD" and (query.limit is None or query.limit > MOST_ROWS_OF_ALL_FIELDS):
        raise refuse(
            "MALFORMED_QUERY", f"The SOQL FIELDS function must have a LIMIT of at most {MOST_ROWS_OF_ALL_FIELDS}"
        )
    chosen = (f for f in sobject.fields.values() if which == "ALL" or f.custom == (which == "CUSTOM"))
    return [Column(Path((f.name,), function.position), None) for f in chosen]
