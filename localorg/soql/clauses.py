"""What single clauses may say: FIELDS(), scopes, paging, the inner queries of semi-joins."""

from localorg.errors import refuse
from localorg.schema import SObject
from localorg.soql import complaints
from localorg.soql.context import Context
from localorg.soql.scope import Expression
from localorg.soql.tree import Chain, Column, Condition, Function, Path, Query, SemiJoin, Typeof, Within, Word

FARTHEST_OFFSET = 2000
HIGHEST_LIMIT = 2**31
MOST_ROWS_OF_ALL_FIELDS = 200
NOT_IN_SUBQUERIES = {"Task", "Event", "Note", "Attachment"}
SCOPES = {"EVERYTHING", "MINE"}  # of those that Salesforce knows, what an org without teams and territories has
SECURITY = {"SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"}  # a REST query obeys the user's rights in any case
PURPOSES = {"VIEW", "REFERENCE", "UPDATE"}

Item = Column | Query | Typeof


def check(context: Context, query: Query, sobject: SObject) -> None:
    """Raises Refused for values that the grammar leaves open and SOQL does not."""
    if query.offset is not None and query.offset > FARTHEST_OFFSET:
        raise refuse("NUMBER_OUTSIDE_VALID_RANGE", f"SOQL OFFSET maximum value is {FARTHEST_OFFSET}")
    if (query.offset or 0) < 0:
        raise refuse("MALFORMED_QUERY", f"unexpected token: '{query.offset}'")
    if query.limit is not None and not 0 <= query.limit < HIGHEST_LIMIT:
        raise refuse("MALFORMED_QUERY", f"unexpected token: '{query.limit}'")
    if query.having is not None and not query.group:
        raise refuse("MALFORMED_QUERY", "unexpected token: 'HAVING'")
    _check_word(context, query.security, SECURITY)
    for word in query.purpose:
        _check_word(context, word, PURPOSES)
    if query.scope is not None and (query.scope.text.upper() not in SCOPES or not _has_scope(query.scope, sobject)):
        message = f"The scope '{query.scope.text}' is not supported for {sobject.name}"
        raise complaints.at(context.text, query.scope.position, "MALFORMED_QUERY", message)


def _check_word(context: Context, word: Word | None, known: set[str]) -> None:
    if word is not None and word.text.upper() not in known:
        raise complaints.at(context.text, word.position, "MALFORMED_QUERY", f"unexpected token: '{word.text}'")


def _has_scope(scope: Word, sobject: SObject) -> bool:
    return scope.text.upper() == "EVERYTHING" or sobject.has("OwnerId")


def scoped(context: Context, query: Query, sobject: SObject, alias: str) -> list[str]:
    """SQL for USING SCOPE."""
    access = context.schema.access
    if query.scope is None or query.scope.text.upper() != "MINE" or access is None:
        return []
    return [f"{alias}.\"OwnerId\" = '{access.user_id}'"]


def expanded(context: Context, query: Query, sobject: SObject) -> list[Item]:
    """The columns, with FIELDS(ALL) and its kin spelled out."""
    columns: list[Item] = []
    for column in query.columns:
        match column:
            case Column(Function() as function) if function.name.upper() == "FIELDS":
                columns += _all_fields(context, function, query, sobject)
            case _:
                columns.append(column)
    return columns


def _all_fields(context: Context, function: Function, query: Query, sobject: SObject) -> list[Column]:
    which = str(function.arguments[0]).upper() if function.arguments else ""
    if which not in ("ALL", "STANDARD", "CUSTOM"):
        message = f"unexpected token: '{function.name}'"
        raise complaints.at(context.text, function.position, "MALFORMED_QUERY", message)
    if which != "STANDARD" and not _is_bounded(query):
        message = f"The SOQL FIELDS function must have a LIMIT of at most {MOST_ROWS_OF_ALL_FIELDS}"
        raise refuse("MALFORMED_QUERY", message)
    chosen = (f for f in sobject.fields.values() if which == "ALL" or f.custom == (which == "CUSTOM"))
    return [Column(Path((f.name,), function.position), None) for f in chosen]


def _is_bounded(query: Query) -> bool:
    """Whether the rows are limited by LIMIT or by a list of ids."""
    if query.limit is not None:
        return query.limit <= MOST_ROWS_OF_ALL_FIELDS
    return query.where is not None and any(_names_ids(part) for part in _all_of(query.where))


def _all_of(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, Chain) and condition.operator == "AND" else (condition,)


def _names_ids(condition: Condition) -> bool:
    return (
        isinstance(condition, Within)
        and condition.operator == "IN"
        and str(condition.operand).lower() == "id"
        and len(condition.values) <= MOST_ROWS_OF_ALL_FIELDS
    )


def semi_joined(context: Context, query: Query, sobject: SObject) -> Path:
    """The column of the inner query of a semi-join. Raises Refused for what such a query may not be."""
    column = query.columns[0]
    operand = column.operand if isinstance(column, Column) else None
    is_plain = len(query.columns) == 1 and isinstance(operand, Path) and len(operand.names) == 1
    if not is_plain or query.order or query.limit is not None or query.offset is not None or query.group:
        message = "Semi join sub-selects can only have one plain id field and no other clause"
        raise refuse("MALFORMED_QUERY", message)
    assert isinstance(operand, Path)
    if sobject.name in NOT_IN_SUBQUERIES:
        message = f"Entity '{sobject.name}' is not supported for semi join inner selects"
        raise complaints.at(context.text, query.source_position, "MALFORMED_QUERY", message)
    if any(isinstance(part, SemiJoin) for part in _parts(query.where)):
        raise refuse("MALFORMED_QUERY", "Nesting of semi join sub-selects is not supported")
    return operand


def _parts(condition: Condition | None) -> list[Condition]:
    """The conditions that a condition is made of, at any depth."""
    if condition is None:
        return []
    inner = getattr(condition, "parts", ()) or (getattr(condition, "part", None),)
    return [condition, *(part for child in inner for part in _parts(child))]


def check_kinds(outer: SObject, left: Expression, sobject: SObject, inner: Expression) -> None:
    """Both sides of a semi-join must be ids of the same object, and the queries of different ones."""
    message = ""
    if inner.field.type not in ("id", "reference"):
        message = f"Semi join sub-selects can only query id fields, cannot use: '{inner.field.name}'"
    elif sobject.name == outer.name:
        message = "The inner and outer selects should not be on the same object type"
    elif not set(left.kinds) & set(inner.kinds):
        message = (
            f"The selected field '{inner.field.name}' in the subquery and the left operand field '{left.field.name}' "
            "in the where expression in the outer query should point to the same object type"
        )
    if message:
        raise refuse("MALFORMED_QUERY", message)
