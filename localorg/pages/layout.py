"""How the fields of an object are grouped on its pages."""

from collections.abc import Callable
from dataclasses import dataclass

from localorg.schema import Field, SObject

SYSTEM = {
    "CreatedById",
    "CreatedDate",
    "IsDeleted",
    "LastModifiedById",
    "LastModifiedDate",
    "LastReferencedDate",
    "LastViewedDate",
    "MasterRecordId",
    "SystemModstamp",
}
UNSHOWN = {"PhotoUrl", "Jigsaw", "CleanStatus", "IsDeleted", "MasterRecordId"}
GEOGRAPHY = ("Latitude", "Longitude", "GeocodeAccuracy")  # nobody types these
LONG = 255  # characters; a longer text has a section of its own


@dataclass(frozen=True)
class Section:
    title: str
    fields: list[Field]


def details(sobject: SObject) -> list[Section]:
    """Everything there is to see. Addresses stand as a whole, who and when at the end."""
    fields = [f for f in sobject.fields.values() if _is_shown(f)]
    return _sections(fields, lambda f: f.type == "address")


def form(sobject: SObject, creating: bool) -> list[Section]:
    """What the person may write. Addresses stand part by part."""
    writable = (f for f in sobject.fields.values() if (f.createable if creating else f.updateable))
    fields = [f for f in writable if f.type != "complexvalue" and not f.name.endswith(GEOGRAPHY)]
    return _sections(fields, lambda f: bool(f.compound and f.compound.endswith("Address")))


def _is_shown(field: Field) -> bool:
    is_part = bool(field.compound and field.compound.endswith("Address"))
    return field.name not in UNSHOWN and not is_part and field.type != "complexvalue"


def _sections(fields: list[Field], is_address: Callable[[Field], bool]) -> list[Section]:
    def of(field: Field) -> str:
        if field.name in SYSTEM or field.type == "id":
            return "System information"
        if is_address(field):
            return "Address"
        return "Description" if field.type == "textarea" and field.length > LONG else "Details"

    titles = ("Details", "Address", "Description", "System information")
    sections = [Section(title, [f for f in fields if of(f) == title]) for title in titles]
    return [section for section in sections if section.fields]
