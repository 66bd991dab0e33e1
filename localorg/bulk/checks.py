"""What either Bulk API asks before it takes a job. Codes are those of 1.0; 2.0 writes them in capitals."""

from typing import Any

from localorg.api.call import Call
from localorg.bulk import jobs
from localorg.bulk.refusals import UNSUPPORTED
from localorg.errors import refuse
from localorg.schema import SObject

MOST_BATCHES = 15_000  # a day


def sobject_of(call: Call, name: Any) -> SObject:
    found = call.schema.find(name) if name else None
    if found is None:
        raise refuse("InvalidJob", f"Unable to find object: {name}" if name else "object must be specified")
    if found.name in UNSUPPORTED:
        raise refuse("InvalidEntity", f"Entity '{found.name}' is not supported by the Bulk API.")
    return found


def external_id(sobject: SObject, operation: str, name: Any) -> str:
    """The field that an upsert goes by; "" for other operations."""
    if operation != "upsert":
        return ""
    if not name:
        message = f"External ID was blank for {sobject.name}. An External ID must be specified for upsert."
        raise refuse("InvalidJob", message)
    field = sobject.find(name)
    if field is None or not (field.external_id or field.id_lookup):
        message = (
            f"Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field for "
            f"{sobject.name}"
        )
        raise refuse("InvalidJob", message)
    return field.name


def operation(call: Call, name: str) -> None:
    if name == "hardDelete" and not may(call, "BulkApiHardDelete"):
        message = "hardDelete operation requires special user profile permission, please contact your administrator"
        raise refuse("FeatureNotEnabled", message)


def allowance(call: Call) -> None:
    """Whether another batch may be made today."""
    if jobs.spent(call.db)[jobs.BATCHES] >= MOST_BATCHES:
        raise refuse("ExceededQuota", "ApiBatchItems Limit exceeded.")


def may(call: Call, permission: str) -> bool:
    """Whether the caller has a system permission."""
    access = call.schema.access
    return access is None or access.may(permission)
