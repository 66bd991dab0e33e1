"""sObjects between the XML of SOAP and the JSON of REST."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from localorg.schema import Schema
from localorg.soap import xml

Record = dict[str, Any]


def read(element: Element) -> Record:
    """A record as a REST body tells it. Empty fields come by their names in fieldsToNull; xsi:nil changes nothing."""
    record: Record = {"attributes": {"type": xml.text(element, "type")}}
    for child in element:
        name = xml.name_of(child)
        if name == "fieldsToNull":
            record[(child.text or "").strip()] = None
        elif name != "type" and not xml.is_nil(child):
            record[name] = read(child) if len(child) else child.text or ""
    return record


def write(tag: str, record: Mapping[str, Any], dialect: str, schema: Schema) -> str:
    """A queried record. The partner dialect tells its type and, first of all, its id, asked for or not."""
    kind = str(record["attributes"]["type"])
    shown = "".join(_field(name, record[name], kind, dialect, schema) for name in record if name != "attributes")
    if dialect == "partner":
        head = xml.leaf("sf:type", kind) + xml.leaf("sf:Id", record.get("Id"))
        return xml.tag(tag, head + shown, xsi_type="sf:sObject")
    return xml.tag(tag, shown, xsi_type=f"sf:{kind}")


def _field(name: str, value: Any, kind: str, dialect: str, schema: Schema) -> str:
    tag = f"sf:{name}"
    if not isinstance(value, dict):
        return xml.leaf(tag, _moment(value, name, kind, schema))
    if "records" in value:
        return xml.tag(tag, query_result(value, dialect, schema), xsi_type="QueryResult")
    if "attributes" in value:
        return write(tag, value, dialect, schema)
    parts = "".join(xml.leaf(part, value[part]) for part in value)
    return xml.tag(tag, parts, xsi_type="address")


def _moment(value: Any, name: str, kind: str, schema: Schema) -> Any:
    sobject = schema.find(kind)
    field = sobject.find(name) if sobject else None
    if field is None or field.type != "datetime" or not isinstance(value, str):
        return value
    return value.replace("+0000", "Z")  # as XML Schema has it


def query_result(found: Mapping[str, Any], dialect: str, schema: Schema) -> str:
    """A page of a query; its locator is the last part of REST's nextRecordsUrl."""
    url = found.get("nextRecordsUrl")
    locator = url.rsplit("/", 1)[1] if url else None
    records = "".join(write("records", record, dialect, schema) for record in found["records"])
    return xml.leaf("done", found["done"]) + xml.leaf("queryLocator", locator) + records + _size(found)


def _size(found: Mapping[str, Any]) -> str:
    return xml.leaf("size", found["totalSize"])
