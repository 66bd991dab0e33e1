"""The FROM clause of one query: its table, the parents joined to it, and what names in it mean."""

from dataclasses import dataclass, field

from localorg.schema import Field, SObject
from localorg.soql import complaints
from localorg.soql.context import Context
from localorg.soql.tree import Path, Query

DEEPEST = 5  # parents above the record
NAME_FIELDS = {  # what every polymorphic parent shows, whatever it is
    name: Field(name, kind, name, length=length)
    for name, kind, length in (
        ("Id", "id", 18),
        ("Name", "string", 255),
        ("FirstName", "string", 40),
        ("LastName", "string", 80),
        ("Type", "picklist", 40),
        ("Alias", "string", 8),
        ("Email", "email", 128),
        ("Phone", "phone", 40),
        ("Title", "string", 128),
        ("Username", "string", 80),
        ("ProfileId", "reference", 18),
        ("UserRoleId", "reference", 18),
        ("IsActive", "boolean", 0),
    )
}
NAME_FIELDS_BY_LOWER_NAME = {name.lower(): f for name, f in NAME_FIELDS.items()}


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL for a value and the field whose type it has. ``bare``: a column, which brings its own collation."""

    sql: str
    field: Field
    bare: bool = True
    joined: bool = False
    kinds: tuple[str, ...] = ()  # of an id or reference: the objects it may lead to

    @property
    def collated(self) -> str:
        return self.sql if self.bare or not self.field.is_text else f"({self.sql}) COLLATE NOCASE"


@dataclass(slots=True)
class Source:
    """A record in reach: the queried one (no ``via``), or a parent. A polymorphic parent is any of several."""

    tables: dict[str, SObject]  # alias -> object
    via: tuple[str, ...] = ()
    key: str = ""  # SQL of the id that leads here
    polymorphic: bool = False
    parents: dict[str, "Source"] = field(default_factory=dict)

    @property
    def alias(self) -> str:
        return next(iter(self.tables))

    @property
    def sobject(self) -> SObject:
        return next(iter(self.tables.values()))

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(sobject.name for sobject in self.tables.values())

    @property
    def entity(self) -> str:
        return "Name" if self.polymorphic else self.sobject.name


class Scope:
    def __init__(self, context: Context, sobject: SObject, query: Query) -> None:
        self.context = context
        self.schema = context.schema
        self.text = context.text
        self.base = Source({f"t{context.next_alias()}": sobject})
        self.joins: list[str] = []
        self.parents = 0  # relationships joined
        # what the first name of a path may stand for: the queried object, or a parent that FROM gave a name
        self._aliases: dict[str, tuple[str, ...]] = {name.lower(): () for name in (sobject.name, query.alias) if name}
        for path, alias in query.joins:
            self.walk(Path((*path.names, "Id"), path.position))
            self._aliases[alias.lower()] = self._names(path)

    @property
    def from_sql(self) -> str:
        return " ".join([f'"{self.base.sobject.name}" {self.base.alias}', *self.joins])

    def resolve(self, path: Path) -> Expression:
        """What a path of names means. Raises Refused for a name that is unknown."""
        source, name = self.walk(path)
        return self.column(source, name, path)

    def walk(self, path: Path) -> tuple[Source, str]:
        """The record a path leads to, and its last name."""
        names = self._names(path)
        if len(names) > DEEPEST + 1:
            raise complaints.no_such_relationship(self.text, path.position, names[0])
        source = self.base
        for name in names[:-1]:
            source = self.parent(source, name, path)
        return source, names[-1]

    def parent(self, source: Source, name: str, path: Path) -> Source:
        reference = None if source.polymorphic else source.sobject.by_relationship.get(name.lower())
        if reference is None or not self.schema.sobjects.keys() & reference.targets:
            raise complaints.no_such_relationship(self.text, path.position, name)
        relationship = str(reference.relationship)
        if relationship not in source.parents:
            source.parents[relationship] = self._join(source, reference, relationship)
            self.parents += 1
        return source.parents[relationship]

    def column(self, source: Source, name: str, path: Path) -> Expression:
        if source.polymorphic:
            return self._name_column(source, name, path)
        found = source.sobject.find(name)
        if found is None:
            raise complaints.no_such_column(self.text, path.position, name, source.sobject.name)
        sql = sql_of(found, source.alias)
        if found.expression is not None and source.via:
            # what is computed of no parent is nothing, though there be nothing to count
            sql = f'(CASE WHEN {source.alias}."Id" IS NOT NULL THEN {sql} END)'
        return Expression(sql, found, found.expression is None, bool(source.via), found.targets or source.kinds)

    def coordinates(self, path: Path) -> tuple[Expression, Expression]:
        """Latitude and longitude of a compound address."""
        source, name = self.walk(path)
        found = None if source.polymorphic else source.sobject.find(name)
        if found is None or found.type != "address":
            raise complaints.no_such_column(self.text, path.position, name, source.entity)
        parts = source.sobject.address_columns(found)
        return self.column(source, parts["latitude"], path), self.column(source, parts["longitude"], path)

    def _names(self, path: Path) -> tuple[str, ...]:
        """The way from the queried record, aliases spelled out."""
        head = self._aliases.get(path.names[0].lower()) if len(path.names) > 1 else None
        return path.names if head is None else (*head, *path.names[1:])

    def _join(self, source: Source, reference: Field, relationship: str) -> Source:
        key = sql_of(reference, source.alias)
        visible = [self.schema[target] for target in reference.targets if target in self.schema.sobjects]
        tables = {f"t{self.context.next_alias()}": sobject for sobject in visible}
        is_partial = len(visible) < len(reference.targets)
        for alias, sobject in tables.items():
            seen = self.schema.and_seen(sobject, alias)
            is_partial = is_partial or bool(seen)
            self.joins.append(f'LEFT JOIN "{sobject.name}" {alias} ON {alias}."Id" = {key}{seen}')
        if is_partial and len(reference.targets) > 1:
            # what the user does not see is as if there were no parent
            key = f"coalesce({', '.join(sql_of(s.fields['Id'], alias) for alias, s in tables.items())}, NULL)"
        return Source(tables, (*source.via, relationship), key, polymorphic=len(reference.targets) > 1)

    def _name_column(self, source: Source, name: str, path: Path) -> Expression:
        found = NAME_FIELDS_BY_LOWER_NAME.get(name.lower())
        if found is None:
            raise complaints.no_such_column(self.text, path.position, name, "Name")
        return Expression(self._name_sql(source, found), found, bare=False, joined=True, kinds=source.kinds)

    def _name_sql(self, source: Source, wanted: Field) -> str:
        if wanted.name == "Id":
            return source.key
        if wanted.name == "Type":
            return type_sql(source).replace("'Group'", "'Queue'")  # of groups only queues own anything
        name = wanted.name
        choices = [sql_of(column, alias) for alias, s in source.tables.items() if (column := _named(s, name))]
        return f"coalesce({', '.join(choices)}, NULL)" if choices else "NULL"


def sql_of(column: Field, alias: str) -> str:
    if column.type == "base64":
        return f'{alias}."Id"'  # what is shown is an address made of the id
    if column.expression is not None:
        return column.expression.replace("{t}", alias)
    return f'{alias}."{column.name}"'


def type_sql(source: Source) -> str:
    """SQL for the object's name, told by the key prefix of the id."""
    cases = " ".join(f"WHEN '{s.prefix}' THEN '{s.name}'" for s in source.tables.values())
    return f"(CASE substr({source.key}, 1, 3) {cases} END)"


def _named(sobject: SObject, name: str) -> Field | None:
    # a task has no Name but a Subject; it is what Name shows
    return sobject.name_field if name == "Name" else sobject.find(name) if name != "Type" else None
