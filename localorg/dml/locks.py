"""Rows that somebody else holds.

Writes come one at a time here, and a real org waits ten seconds for a lock before it gives up: only a fault makes
these refusals. What it holds is as in a real org, though: whoever writes a record locks its parents too.
"""

from collections.abc import Mapping
from typing import Any

from localorg.dml.work import Work
from localorg.schema import SObject

PARENTS = {"Account", "Campaign", "Contact", "Lead", "Opportunity"}  # these are locked along with their children


def require(work: Work, sobject: SObject, record_id: str, *rows: Mapping[str, Any]) -> None:
    """``record_id``: empty for a new record; ``rows``: whose lookups lead to the parents. Raises RecordRefused."""
    if work.refusal is None:
        return
    if refused := work.refusal(sobject.name, record_id):
        raise refused
    for field in sobject.references:
        for name in PARENTS.intersection(field.targets):
            for parent_id in {str(row.get(field.name) or "") for row in rows}:
                if parent_id.startswith(work.schema[name].prefix) and (refused := work.held(name, parent_id)):
                    raise refused
