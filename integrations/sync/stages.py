"""Stages that are the other side's own: known by its word for them, and made here when a record is at a new one."""

from collections.abc import Iterable

from deals.pipelines import learn_stages
from integrations.models import ObjectDescription
from integrations.sync.mapping import Problem
from integrations.sync.outcomes import Item
from integrations.sync.provider import RemoteRecord, Values
from integrations.sync.scope import LONG_AGO, Scope


def learn(scope: Scope, records: Iterable[RemoteRecord | None]) -> None:
    """Have a stage for every value that records have there; what it means is read from the org soon."""
    name = scope.by_field.get("stage", "")
    if not scope.type.stage_value or not name:
        return
    values = {str(value) for record in records if record and (value := record.values.get(name))}
    if learn_stages(values):
        stored = ObjectDescription.objects.filter(connection=scope.connection, remote_object=scope.remote_object)
        stored.update(fetched_at=LONG_AGO)


def stage_problems(scope: Scope, item: Item, values: Values) -> list[Problem]:
    """Why the other side would not understand the stage of a record of which ``values`` are to be sent."""
    name = scope.by_field.get("stage", "")
    if not scope.type.stage_value or not name:
        return []
    allowed = list(scope.description.fields[name].values)
    if name in item.local and (name not in values or values[name] in allowed):
        return []
    stage = item.record.stage  # type: ignore[attr-defined]
    where = "is not active there any more" if name in item.local else f"is one of the pipeline “{stage.pipeline}”"
    message = f"The stage “{stage}” {where}: choose one that Salesforce has."
    return [Problem("UNKNOWN_STAGE", name, message, {"value": str(stage), "allowed": allowed})]
