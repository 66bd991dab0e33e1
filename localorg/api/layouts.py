"""Page layouts: which fields stand on an object's page, by record type."""

from functools import lru_cache
from typing import Any

from localorg import ids
from localorg.api import record_types
from localorg.api.call import Call, Reply
from localorg.api.fields import describe_field
from localorg.api.lookups import sobject_of
from localorg.errors import not_found
from localorg.schema import Field, RecordType, SObject

Json = dict[str, Any]

COLUMNS = 2
LINES = 6  # that a long text takes
SYSTEM = {"CreatedById": "System Information", "LastModifiedById": "System Information"}


def layouts(call: Call, name: str) -> Reply:
    """All record types with their picklists. Layouts only if there is one type: else each is asked for by itself."""
    sobject = sobject_of(call, name)
    profile = call.work.profile
    mappings = [_mapping(sobject, info) for info in record_types.infos(sobject, profile, call.data_url)]
    several = len(mappings) > 1
    body = {
        "layouts": None if several else [_layout(sobject, record_types.MASTER)],
        "recordTypeMappings": mappings,
        "recordTypeSelectorRequired": [sum(r.is_available(profile) for r in sobject.record_types) > 1],
    }
    return Reply(body=body)


def layout(call: Call, name: str, record_type: str) -> Reply:
    sobject = sobject_of(call, name)
    found = record_types.find(sobject, ids.parse(record_type))
    if found is None:
        raise not_found()
    return Reply(body=_layout(sobject, found))


def layout_id(sobject: SObject, each: RecordType) -> str:
    """Record types that name a layout have one together with those that name the same."""
    names = sorted({r.layout for r in sobject.record_types if r.layout})
    number = names.index(each.layout) + 1 if each.layout else 0
    return ids.make("00h", int.from_bytes(sobject.prefix.encode()) * 100 + number)


def _mapping(sobject: SObject, info: Json) -> Json:
    each = record_types.find(sobject, info["recordTypeId"]) or record_types.MASTER
    lists = [
        {
            "picklistName": field.name,
            "picklistValues": [record_types.value(sobject, field, value) for value in each.values(field)],
        }
        for field in record_types.picklists(sobject)
    ]
    return info | {"layoutId": layout_id(sobject, each), "picklistsForRecordType": lists}


@lru_cache(maxsize=256)
def _layout(sobject: SObject, each: RecordType) -> Json:
    return {
        "buttonLayoutSection": {"detailButtons": []},
        "detailLayoutSections": _sections(sobject, layout_id(sobject, each), editing=False),
        "editLayoutSections": _sections(sobject, layout_id(sobject, each), editing=True),
        "feedView": None,
        "highlightsPanelLayoutSection": None,
        "id": layout_id(sobject, each),
        "multirowEditLayoutSections": [],
        "offlineLinks": [],
        "quickActionList": {"quickActionListItems": []},
        "relatedContent": None,
        "relatedLists": [],
        "saveOptions": [],
    }


def _sections(sobject: SObject, parent: str, editing: bool) -> list[Json]:
    """What may be edited under the object's name, who made it and when below; parts of names and addresses apart."""
    shown = [f for f in sobject.fields.values() if f.updateable or (f.createable and not editing)]
    stamps = [f for name, f in sobject.fields.items() if name in SYSTEM and not editing]
    titled = ((f"{sobject.label} Information", shown), ("System Information", stamps))
    return [_section(sobject, parent, title, fields, n) for n, (title, fields) in enumerate(titled, 1) if fields]


def _section(sobject: SObject, parent: str, title: str, fields: list[Field], number: int) -> Json:
    items = [item(sobject, field, order) for order, field in enumerate(fields, 1)]
    rows = [items[start : start + COLUMNS] for start in range(0, len(items), COLUMNS)]
    return {
        "collapsed": False,
        "columns": COLUMNS,
        "heading": title,
        "layoutRows": [{"layoutItems": row, "numItems": len(row)} for row in rows],
        "layoutSectionId": ids.make("01B", int.from_bytes(sobject.prefix.encode()) * 10 + number),
        "parentLayoutId": parent,
        "rows": len(rows),
        "tabOrder": "TopToBottom",
        "useCollapsibleSection": False,
        "useHeading": True,
    }


def item(sobject: SObject, field: Field, order: int) -> Json:
    """A field on a layout, in the place that Tab reaches as number ``order``."""
    component = {
        "details": describe_field(sobject, field),
        "displayLines": LINES if field.type == "textarea" else 1,
        "tabOrder": order,
        "type": "Field",
        "value": field.name,
    }
    return {
        "editableForNew": field.createable,
        "editableForUpdate": field.updateable,
        "label": field.label,
        "layoutComponents": [component],
        "placeholder": False,
        "required": field.required,
    }
