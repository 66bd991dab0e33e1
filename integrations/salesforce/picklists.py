"""Which values of a picklist a record may have: fewer than its field has, where the record's type narrows them."""

from dataclasses import dataclass

from integrations.salesforce import soql
from integrations.salesforce.client import Client


@dataclass(frozen=True)
class Allowed:
    """``record_type``: its label; "" where the object has none."""

    record_type: str
    values: tuple[str, ...]


def allowed(client: Client, remote_object: str, field: str, remote_id: str = "") -> Allowed:
    """For a record, or for a new one that this login would create. Two calls, or three."""
    types = client.describe(remote_object)["recordTypeInfos"]
    chosen = next((one for one in types if one["defaultRecordTypeMapping"]), types[-1])
    if remote_id and len(types) > 1:
        question = f"SELECT RecordTypeId FROM {soql.name(remote_object)} WHERE Id = {soql.quote(remote_id)}"
        own = next((row["RecordTypeId"] for row in client.query(question)), None)
        chosen = next((one for one in types if one["recordTypeId"] == own or (not own and one["master"])), chosen)
    path = f"ui-api/object-info/{remote_object}/picklist-values/{chosen['recordTypeId']}/{field}"
    values = tuple(one["value"] for one in client.get(path)["values"])
    return Allowed("" if chosen["master"] else chosen["name"], values)
