"""What a query would cost: ``query?explain=``."""

from typing import Any

from localorg.api.call import Call, Reply
from localorg.soql import run
from localorg.soql.compile import Compiled

SELECTIVE = 0.1  # of the rows: from there on an index is not worth its while

_NOT_DELETED = {
    "description": "Not considering filter for optimization because unindexed",
    "fields": ["IsDeleted"],
}


def explain(call: Call, soql: str) -> Reply:
    """The plan of a query that is not run; mistakes in it are told as those of any query. Numbers are estimates."""
    compiled = run.prepare(call.schema, soql, deleted=False)
    return Reply(body={"plans": [_plan(call, compiled)], "sourceQuery": soql})


def _plan(call: Call, compiled: Compiled) -> dict[str, Any]:
    name = compiled.sobject.name
    rows = int(call.db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])
    matching = int(run.execute(call.db, compiled.count_sql(), compiled.params).fetchone()[0])
    share = matching / rows if rows else 0.0
    return {
        "cardinality": matching,
        "fields": [],
        "leadingOperationType": "Index" if share < SELECTIVE else "TableScan",
        "notes": [_NOT_DELETED | {"tableEnumOrId": name}],
        "relativeCost": round(share / SELECTIVE, 3),
        "sobjectCardinality": rows,
        "sobjectType": name,
    }
