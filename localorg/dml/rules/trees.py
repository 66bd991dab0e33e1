"""Records above records of the same kind: nobody is above oneself."""

from localorg.dml.work import Row, Work
from localorg.errors import refuse_record
from localorg.schema import SObject


def refuse_circle(work: Work, sobject: SObject, name: str, row: Row, old: Row | None) -> None:
    """``name``: the lookup that leads up. Raises RecordRefused when the way up would come back to the record."""
    parent, seen = row.get(name), set[str]()
    while old is not None and parent is not None and parent not in seen:
        if parent == old["Id"]:
            message = f"{sobject.label} hierarchies cannot be circular: {old['Id'][:15]}"
            raise refuse_record("CIRCULAR_DEPENDENCY", message, name)
        seen.add(parent)
        parent = (work.fetch(sobject, parent) or {}).get(name)
