"""A query ready to run."""

from dataclasses import dataclass, field
from typing import Any

from localorg.schema import Field, SObject
from localorg.soql.shape import Node

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
    order_sql: str = ""
    limit: int | None = None
    offset: int = 0
    children: dict[str, "Compiled"] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)  # in the order of SELECT, parents' fields in their place
    parent_key: int = 0  # of a child query: where its row tells the parent
    groups: "Groups | None" = None  # of an aggregate query
    count_only: bool = False
    looks: bool = False  # FOR VIEW or FOR REFERENCE: the user looks at what is found

    @property
    def aggregate(self) -> bool:
        return self.groups is not None

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
        return f"SELECT {', '.join(self.selects)} FROM {self.from_sql} WHERE {where}{self.order_sql}"

    def numbers_sql(self, extra_where: str = "") -> str:
        where = f"{self.where_sql} AND {extra_where}" if extra_where else self.where_sql
        return f"SELECT {self.base}._n FROM {self.from_sql} WHERE {where}{self.order_sql}"

    def count_sql(self) -> str:
        return f"SELECT count(*) FROM {self.from_sql} WHERE {self.where_sql}"


@dataclass(frozen=True, slots=True)
class Groups:
    """What an aggregate query answers: the statement, and its columns by name."""

    sql: str
    params: list[Any]
    names: list[str]
    booleans: frozenset[str]
