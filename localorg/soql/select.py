"""The columns of a plain query."""

from collections.abc import Callable

from localorg.errors import Refused, refuse
from localorg.schema import Child, Field, SObject
from localorg.soql import complaints
from localorg.soql.compiled import Compiled, Output
from localorg.soql.functions import DATE_PARTS, WRAPPERS, expression
from localorg.soql.scope import Scope, Source, sql_of, type_sql
from localorg.soql.shape import Node
from localorg.soql.tree import Column, Function, Path, Query, Typeof


class Select:
    """Their SQL, and where each value stands in the answer."""

    def __init__(self, scope: Scope, child_query: Callable[[Query, Child], Compiled]) -> None:
        self.scope = scope
        self.child_query = child_query
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
            case Column(Path() as path, None):
                self._path(path)
            case Column(Path() as path, _):
                message = "only aggregate expressions use field aliasing"
                raise complaints.at(self.scope.text, path.position, "MALFORMED_QUERY", message)
            case Column(Function() as function, alias):
                self._function(function, alias)

    def _path(self, path: Path) -> None:
        source, name = self.scope.walk(path)
        node = self._node(source)
        if not source.polymorphic and (found := source.sobject.find(name)) and found.type == "address":
            self._address(node, source, found)
            self.outputs.append(Output(".".join((*source.via, found.name)), found))
            return
        value = self.scope.column(source, name, path)
        self._value(node, value.field.name, value.sql, value.field)
        self.outputs.append(Output(".".join((*source.via, value.field.name)), value.field, value.sql))

    def _value(self, node: Node, name: str, sql: str, of: Field) -> None:
        self._place(node, name)
        node.values[name] = self._position(sql)
        kinds = {"boolean": node.booleans, "base64": node.blobs, "complexvalue": node.lists}
        if of.type in kinds:
            kinds[of.type].add(name)

    def _place(self, node: Node, name: str) -> None:
        if name in node.order:
            raise _duplicate(name)
        node.order.append(name)

    def _address(self, node: Node, source: Source, address: Field) -> None:
        parts = source.sobject.address_columns(address)
        self._place(node, address.name)
        node.addresses[address.name] = {key: self._position(f'{source.alias}."{c}"') for key, c in parts.items()}

    def _function(self, function: Function, alias: str | None) -> None:
        """Stands under its alias; else a wrapper stands where its field would, and others are numbered."""
        if function.name.upper() in DATE_PARTS:
            message = f"Field must be grouped or aggregated: {function}"
            raise complaints.at(self.scope.text, function.position, "MALFORMED_QUERY", message)
        found = expression(self.scope, function)
        wrapped = function.arguments[0] if function.name.upper() in WRAPPERS else None
        is_named = alias is None and isinstance(wrapped, Path)
        node = self._node(self.scope.walk(wrapped)[0]) if is_named and isinstance(wrapped, Path) else self.node
        shown = alias or (found.field.name if wrapped else self._unnamed())
        self._value(node, shown, found.sql, found.field)
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
        name = str(child.relationship)
        self.children[name] = self.child_query(query, child)
        self._place(self.node, name)
        self.node.values[name] = 1  # filled in when the children are read

    def _typeof(self, column: Typeof) -> None:
        path = Path((column.relationship, "Id"), column.position)
        source = self.scope.parent(self.scope.base, column.relationship, path)
        if not source.polymorphic:
            message = f"The relationship '{column.relationship}' is not polymorphic and cannot be used with TYPEOF"
            raise complaints.at(self.scope.text, column.position, "INVALID_FIELD", message)
        node = self._node(source)
        node.choices = {"": self._otherwise(source, column.otherwise, node)}
        for name, paths in column.branches:
            sobject = self.scope.schema.find(name)
            if sobject is None or sobject not in source.tables.values():
                raise complaints.no_such_object(self.scope.text, column.position, name)
            node.choices[sobject.name] = self._branch(source, sobject, paths, node)

    def _otherwise(self, source: Source, paths: tuple[Path, ...], parent: Node) -> Node:
        choice = Node("Name", parent.key, parent.kind)
        for path in paths:
            value = self.scope.column(source, str(path), path)
            self._value(choice, value.field.name, value.sql, value.field)
        return choice

    def _branch(self, source: Source, sobject: SObject, paths: tuple[Path, ...], parent: Node) -> Node:
        choice = Node(sobject.name, parent.key, parent.kind)
        alias = next(alias for alias, known in source.tables.items() if known is sobject)
        for path in paths:
            found = sobject.find(str(path))
            if found is None:
                raise complaints.no_such_column(self.scope.text, path.position, str(path), sobject.name)
            if found.type == "address":
                self._address(choice, Source({alias: sobject}), found)
            else:
                self._value(choice, found.name, sql_of(found, alias), found)
        return choice


def _duplicate(name: str) -> Refused:
    return refuse("INVALID_FIELD", f"duplicate field selected: {name}")


def _find_child(sobject: SObject, relationship: str) -> Child | None:
    wanted = relationship.lower()
    return next((c for c in sobject.children if c.relationship and c.relationship.lower() == wanted), None)
