"""What objects there are: describe global, basic information, full describe."""

from functools import lru_cache
from typing import Any

from localorg.api import conditions, recent, record_types
from localorg.api.call import Call, Reply
from localorg.api.fields import describe_field
from localorg.api.lookups import sobject_of
from localorg.schema import Child, SObject
from localorg.soql.scope import NAME_FIELDS

Json = dict[str, Any]

# What parents of several types have in common. It is described like an object, but has no rows of its own.
MOST_RECENT = 5
NAME = SObject("Name", "", "Name", "Names", frozenset(), NAME_FIELDS)


def everything(call: Call) -> Reply:
    known = sorted((NAME, *call.schema), key=lambda sobject: sobject.name)
    summaries = [_summary(sobject, call.data_url) for sobject in known]
    body = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": summaries}
    return conditions.answer(call, Reply(body=body), conditions.of_schema(call))


def basic(call: Call, name: str) -> Reply:
    sobject = sobject_of(call, name)
    items = recent.items(call, [sobject], MOST_RECENT)
    return Reply(body={"objectDescribe": _summary(sobject, call.data_url), "recentItems": items})


def full(call: Call, name: str) -> Reply:
    sobject = NAME if name.lower() == "name" else sobject_of(call, name)
    body = _build(sobject, call.work.profile, call.data_url, call.origin)
    return conditions.answer(call, Reply(body=body), conditions.of_schema(call))


def _summary(sobject: SObject, data_url: str) -> Json:
    rows = f"{data_url}/sobjects/{sobject.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": sobject.can("create"),
        "custom": sobject.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": sobject.can("delete"),
        "deprecatedAndHidden": False,
        "feedEnabled": sobject.can("feed"),
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix or None,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": sobject.can("layout"),
        "mergeable": sobject.can("merge"),
        "mruEnabled": sobject.can("layout"),
        "name": sobject.name,
        "queryable": sobject is not NAME,
        "replicateable": sobject.has("SystemModstamp"),
        "retrieveable": sobject is not NAME,
        "searchable": sobject.can("search"),
        "triggerable": sobject.can("layout"),
        "undeletable": sobject.can("undelete"),
        "updateable": sobject.can("update"),
        "urls": _urls(sobject, rows),
    }


def _urls(sobject: SObject, rows: str) -> Json:
    urls = {"rowTemplate": f"{rows}/{{ID}}", "describe": f"{rows}/describe", "sobject": rows}
    if sobject.can("layout"):
        names = ("compactLayouts", "approvalLayouts", "layouts")
        urls |= {name: f"{rows}/describe/{name}" for name in names}
        urls |= {"listviews": f"{rows}/listviews", "quickActions": f"{rows}/quickActions"}
    return urls


@lru_cache(maxsize=512)
def _build(sobject: SObject, profile: str, data_url: str, origin: str) -> Json:
    summary = _summary(sobject, data_url)
    ui = {
        "uiDetailTemplate": f"{origin}/{{ID}}",
        "uiEditTemplate": f"{origin}/{{ID}}/e",
        "uiNewRecord": f"{origin}/{sobject.prefix}/e",
    }
    return summary | {
        "actionOverrides": [],
        "childRelationships": [_child(child) for child in sobject.children],
        "compactLayoutable": sobject.can("layout"),
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(sobject, field) for field in sobject.fields.values()],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": record_types.infos(sobject, profile, data_url) if sobject.can("layout") else [],
        "searchLayoutable": sobject.can("search"),
        "sobjectDescribeOption": "FULL",
        "supportedScopes": _scopes(sobject),
        "urls": summary["urls"] | ui,
    }


def _scopes(sobject: SObject) -> list[Json]:
    """What USING SCOPE takes in a query."""
    scopes = {"everything": "All"} | ({"mine": "My"} if sobject.has("OwnerId") else {})
    return [{"label": f"{word} {sobject.plural.lower()}", "name": name} for name, word in scopes.items()]


def _child(child: Child) -> Json:
    return {
        "cascadeDelete": child.field.on_delete == "cascade",
        "childSObject": child.sobject,
        "deprecatedAndHidden": False,
        "field": child.field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.relationship,
        "restrictedDelete": child.field.on_delete == "restrict",
    }
