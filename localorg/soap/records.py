"""Operations on records. What REST has, too, is done by its handlers; the rest is SOAP's own."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from localorg.api import collections, desk, queries
from localorg.api.call import Call
from localorg.api.lookups import attribute
from localorg.dml import convert, remove
from localorg.dml import merge as merging
from localorg.dml.work import Work
from localorg.errors import refuse
from localorg.soap import sobjects, xml
from localorg.soap.operation import Operation

Item = dict[str, Any]

TRUE = ("true", "1")


def query(operation: Operation) -> str:
    return _page(operation, queries.query(operation.rest({"q": _raw(operation, "queryString")})).body)


def query_all(operation: Operation) -> str:
    return _page(operation, queries.query_all(operation.rest({"q": _raw(operation, "queryString")})).body)


def query_more(operation: Operation) -> str:
    return _page(operation, queries.more(operation.rest(), _raw(operation, "queryLocator")).body)


def retrieve(operation: Operation) -> str:
    fields = [name.strip() for name in _raw(operation, "fieldList").split(",")]
    body = {"ids": _ids(operation), "fields": fields}
    found = collections.retrieve_posted(operation.rest(body=body), _raw(operation, "sObjectType")).body
    dialect, schema = operation.request.dialect, operation.call.schema
    shown = (sobjects.write("result", row, dialect, schema) if row else xml.leaf("result", None) for row in found)
    return "".join(shown)


def describe_tabs(operation: Operation) -> str:
    """One app with all tabs."""
    logo = f"{operation.call.origin}/img/logo.png"
    told = {"description": None, "label": desk.APP, "logoUrl": logo, "namespace": None, "selected": True}
    shown = "".join(xml.leaf(name, value) for name, value in told.items())
    tabs = "".join(xml.tag("tabs", _tree(tab)) for tab in desk.every_tab(operation.call))
    return xml.tag("result", shown + xml.leaf("tabSetId", desk.APP_ID) + tabs)


def create(operation: Operation) -> str:
    return _results(collections.create(operation.rest(body=_records(operation))).body)


def update(operation: Operation) -> str:
    return _results(collections.update(operation.rest(body=_records(operation))).body)


def upsert(operation: Operation) -> str:
    body = _records(operation)
    kind = str(attribute(body["records"][0], "type")) if body["records"] else ""
    field = _raw(operation, "externalIDFieldName")
    return _results(collections.upsert(operation.rest(body=body), kind, field).body)


def delete(operation: Operation) -> str:
    asked = {"ids": ",".join(_ids(operation)), "allOrNone": str(operation.all_or_none)}
    return _results(collections.delete(operation.rest(asked)).body)


def undelete(operation: Operation) -> str:
    return _each_id(operation, remove.undelete)


def empty_recycle_bin(operation: Operation) -> str:
    return _each_id(operation, remove.erase)


def merge(operation: Operation) -> str:
    return _each_request(operation, _merge)


def convert_lead(operation: Operation) -> str:
    return _each_request(operation, _convert)


def _each_id(operation: Operation, act: Callable[[Work, str], None]) -> str:
    def step(text: str) -> Item:
        record_id = collections.given_id(text)
        act(operation.call.work, record_id)
        return {"id": record_id, "success": True}

    steps = [partial(step, text) for text in _ids(operation)]
    return _results(collections.run(operation.call, steps, operation.all_or_none).body)


def _each_request(operation: Operation, act: Callable[[Call, Element], Item]) -> str:
    steps = [partial(act, operation.call, request) for request in operation.request.body]
    return _results(collections.run(operation.call, steps, all_or_none=False).body)


def _merge(call: Call, request: Element) -> Item:
    """The master's fields that come along are written as well."""
    master = xml.child(request, "masterRecord")
    record = sobjects.read(master) if master is not None else {}
    sobject = call.schema.find(str(attribute(record, "type")))
    if sobject is None:
        raise refuse("INVALID_TYPE", f"sObject type '{attribute(record, 'type')}' is not supported.")
    master_id = collections.given_id(record.pop("Id", None))
    losers = [collections.given_id(element.text) for element in xml.children(request, "recordToMergeIds")]
    values = {name: value for name, value in record.items() if name != "attributes"}
    moved = merging.merge(call.work, sobject, master_id, losers, values)
    return {"id": master_id, "mergedRecordIds": losers, "success": True, "updatedRelatedIds": moved}


def _convert(call: Call, request: Element) -> Item:
    def given(name: str) -> str | None:
        return xml.text(request, name) or None

    def given_id(name: str) -> str | None:
        text = given(name)
        return collections.given_id(text) if text else None

    lead = collections.given_id(given("leadId"))
    made = convert.convert(
        call.work,
        lead,
        given_id("accountId"),
        given_id("contactId"),
        given("doNotCreateOpportunity") not in TRUE,
        opportunity_name=given("opportunityName"),
        owner=given_id("ownerId"),
        status=given("convertedStatus") or "",
        overwrite_source=given("overwriteLeadSource") in TRUE,
    )
    return {
        "accountId": made["ConvertedAccountId"],
        "contactId": made["ConvertedContactId"],
        "leadId": lead,
        "opportunityId": made["ConvertedOpportunityId"],
        "success": True,
    }


def _page(operation: Operation, found: Mapping[str, Any]) -> str:
    content = sobjects.query_result(found, operation.request.dialect, operation.call.schema)
    return xml.tag("result", content, xsi_type="QueryResult")


def _results(items: Iterable[Item]) -> str:
    """What became of each row, its parts in the order of the alphabet as the org tells them."""
    return "".join(xml.tag("result", _result(item)) for item in items)


def _result(item: Item) -> str:
    parts = dict(item) if item["success"] else {"errors": item["errors"], "id": item.get("id"), "success": False}
    return "".join(_part(name, parts[name]) for name in sorted(parts))


def _part(name: str, value: Any) -> str:
    if name == "errors":
        return "".join(_error(error) for error in value)
    return "".join(xml.leaf(name, one) for one in value) if isinstance(value, list) else xml.leaf(name, value)


def _error(error: Mapping[str, Any]) -> str:
    fields = "".join(xml.leaf("fields", name) for name in error["fields"])
    return xml.tag(
        "errors", fields + xml.leaf("message", error["message"]) + xml.leaf("statusCode", error["statusCode"])
    )


def _tree(told: Mapping[str, Any]) -> str:
    """An object of REST as XML; lists repeat their element."""
    parts = []
    for name, value in told.items():
        if isinstance(value, list):
            parts += [xml.tag(name, _tree(one)) for one in value]
        else:
            parts.append(xml.leaf(name, value))
    return "".join(parts)


def _records(operation: Operation) -> dict[str, Any]:
    given = [sobjects.read(element) for element in xml.children(operation.request.body, "sObjects")]
    return {"allOrNone": operation.all_or_none, "records": given}


def _ids(operation: Operation) -> list[str]:
    return [(element.text or "").strip() for element in xml.children(operation.request.body, "ids")]


def _raw(operation: Operation, name: str) -> str:
    return xml.text(operation.request.body, name)
