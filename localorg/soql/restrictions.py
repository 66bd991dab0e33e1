"""Objects that may only be asked for in part: a query must say of which record or file.

Source: SOQL and SOSL Reference, "Object Limits"; the message is a recorded one.
"""

from collections.abc import Iterator

from localorg.errors import refuse
from localorg.schema import Schema
from localorg.soql.tree import Chain, Compare, Condition, Path, Query, SemiJoin, Within

KEYS = {"ContentDocumentLink": ("ContentDocumentId", "LinkedEntityId")}


def check(schema: Schema, query: Query) -> None:
    sobject = schema.find(query.source)
    keys = KEYS.get(sobject.name) if sobject else None
    if keys is None:
        return
    wanted = {"id", *(key.lower() for key in keys)}
    if not any(name.lower() in wanted for name in _fixed(query.where)):
        message = (
            f"Implementation restriction: {query.source} requires a filter by a single Id on {' or '.join(keys)} "
            "using the equals operator or multiple Id's using the IN operator."
        )
        raise refuse("MALFORMED_QUERY", message)


def _fixed(condition: Condition | None) -> Iterator[str]:
    """Last names of the fields that must have one of some given values for the condition to hold."""
    match condition:
        case Chain("AND", parts):
            for part in parts:
                yield from _fixed(part)
        case Compare(Path(names), "=") | Within(Path(names), "IN") | SemiJoin(Path(names), False):
            yield names[-1]
