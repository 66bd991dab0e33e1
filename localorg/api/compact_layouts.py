"""Compact and approval layouts. Every object has the compact layout that Salesforce gives it; none has approvals."""

from functools import lru_cache
from typing import Any

from localorg.api import record_types
from localorg.api.call import Call, Reply
from localorg.api.layouts import item
from localorg.api.lookups import sobject_of
from localorg.schema import RecordType, SObject

Json = dict[str, Any]

SHOWN = (
    "Title",
    "Company",
    "Phone",
    "Email",
    "StageName",
    "CloseDate",
    "Amount",
    "Status",
    "OwnerId",
)  # after the name
MOST_SHOWN = 5


def compact_layouts(call: Call, name: str) -> Reply:
    sobject = sobject_of(call, name)
    base = f"{call.data_url}/sobjects/{sobject.name}/describe/compactLayouts"
    profile = call.work.profile
    body = {
        "compactLayouts": [_system_layout(sobject)],
        "defaultCompactLayoutId": None,  # the system's own has no id
        "recordTypeCompactLayoutMappings": [_mapping(t, profile, base) for t in record_types.offered(sobject)],
        "urls": {"primary": f"{base}/primary"},
    }
    return Reply(body=body)


def primary(call: Call, name: str) -> Reply:
    return Reply(body=_system_layout(sobject_of(call, name)))


def approval_layouts(call: Call, name: str) -> Reply:
    sobject_of(call, name)
    return Reply(body={"approvalLayouts": []})


@lru_cache(maxsize=256)
def _system_layout(sobject: SObject) -> Json:
    named = [sobject.name_field] if sobject.name_field else []
    fields = named + [f for name in SHOWN if (f := sobject.find(name))]
    return {
        "actions": [],
        "fieldItems": [item(sobject, field, order) for order, field in enumerate(fields[:MOST_SHOWN], 1)],
        "id": None,
        "imageItems": [],
        "label": "System Default",
        "name": "SYSTEM",
        "objectType": sobject.name,
    }


def _mapping(each: RecordType, profile: str, base: str) -> Json:
    return {
        "available": each.is_available(profile),
        "compactLayoutId": None,
        "compactLayoutName": "SYSTEM",
        "recordTypeId": each.id,
        "recordTypeName": each.label,
        "urls": {"compactLayout": f"{base}/{each.id}"},
    }
