"""What Bulk API says no to that other APIs do."""

from localorg.errors import Refused, refuse
from localorg.schema import Schema
from localorg.soql.compile import Compiled
from localorg.soql.functions import is_aggregate
from localorg.soql.parse import parse
from localorg.soql.run import prepare
from localorg.soql.tree import Column, Function, Query, Typeof

# Objects that Bulk API does not know, of those an org like this one may have.
UNSUPPORTED = frozenset({"RecentlyViewed", "TaskPriority", "TaskStatus", "UserRecordAccess"})
V2 = "Bulk V2 Query with CSV content type"
NOT_SELECTED = {"address": "compound", "location": "compound", "base64": "binary"}


def prepared(schema: Schema, text: str, deleted: bool, where: str = V2) -> Compiled:
    """A query that a bulk job may run. Raises Refused; ``where``: how the API calls itself then."""
    query = prepare(schema, text, deleted)
    if query.sobject.name in UNSUPPORTED:
        raise refuse("INVALIDENTITY", f"Entity '{query.sobject.name}' is not supported by the Bulk API.")
    _check(parse(text), where)
    for output in query.outputs:
        if output.field.type in NOT_SELECTED:
            raise _unsupported(f"Selecting {NOT_SELECTED[output.field.type]} data")
    return query


def _check(tree: Query, where: str) -> None:
    for column in tree.columns:
        match column:
            case Query():
                raise _unsupported("Aggregate Relationships", where)
            case Typeof():
                raise _unsupported("TYPEOF")
            case Column(Function() as function, _) if is_aggregate(function):
                raise _unsupported(function.name.upper())
            case Column(Function(name, [which, *_]), _) if (
                name.upper() == "FIELDS" and str(which).upper() != "STANDARD"
            ):
                message = "The SOQL FIELDS function is not supported with an unbounded set of fields in this API"
                raise refuse("MALFORMED_QUERY", message)
    if tree.group:
        raise _unsupported("GROUP BY")
    if tree.offset is not None:
        raise _unsupported("OFFSET")


def _unsupported(what: str, where: str = "Bulk Query") -> Refused:
    return refuse("FUNCTIONALITY_NOT_ENABLED", f"{what} not supported in {where}")
