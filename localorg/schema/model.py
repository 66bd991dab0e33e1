"""An sObject and its fields, as describe shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from localorg import ids

TEXT = frozenset({"string", "picklist", "multipicklist", "combobox", "phone", "email", "url", "textarea"})
NUMBERS = frozenset({"int", "double", "currency", "percent"})
FLOATS = frozenset({"double", "currency", "percent"})
IDS = frozenset({"id", "reference"})
APART = frozenset({"address", "base64", "complexvalue"})  # types that no column of the table holds
LONG_TEXT = 4000  # a textarea longer than this can be neither filtered nor sorted

ADDRESS_PARTS = {
    "city": "City",
    "country": "Country",
    "countryCode": "CountryCode",
    "geocodeAccuracy": "GeocodeAccuracy",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "postalCode": "PostalCode",
    "state": "State",
    "stateCode": "StateCode",
    "street": "Street",
}
# The setup objects behind picklists share one key prefix; each counts from its own thousand.
SHARED_PREFIX = {"OpportunityStage": 1000, "LeadStatus": 2000, "TaskStatus": 3000, "TaskPriority": 4000}


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a picklist. ``valid_for``: of a dependent one, the controlling values that it goes with."""

    value: str
    default: bool = False
    valid_for: tuple[str, ...] = ()
    label: str | None = None  # where it is not the value


@dataclass(frozen=True)
class Field:
    name: str
    type: str
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = False
    createable: bool = False
    updateable: bool = False
    defaulted: bool = False
    restricted: bool = False
    id_lookup: bool = False
    name_field: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    opaque: bool = False
    permissionable: bool = False
    targets: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    on_delete: str = "clear"
    values: tuple[Value, ...] = ()
    default: str | None = None
    compound: str | None = None
    expression: str | None = None
    controller: str | None = None  # the field that a dependent picklist depends on

    @cached_property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @cached_property
    def is_text(self) -> bool:
        return self.type in TEXT

    @cached_property
    def stored(self) -> bool:
        """Whether a column of the table holds it; files lie elsewhere, other fields are computed when read."""
        return self.expression is None and self.type not in APART

    @cached_property
    def filterable(self) -> bool:
        return not self.opaque and self.type not in APART and not (self.type == "textarea" and self.length > LONG_TEXT)

    @cached_property
    def sortable(self) -> bool:
        return self.filterable and self.type != "multipicklist"

    @cached_property
    def groupable(self) -> bool:
        return self.sortable and self.type not in FLOATS and self.type != "datetime"

    @cached_property
    def required(self) -> bool:
        """Whether a create without it is refused."""
        return self.createable and not self.nillable and not self.defaulted and self.type != "boolean"

    @cached_property
    def polymorphic(self) -> bool:
        return len(self.targets) > 1

    @cached_property
    def allowed(self) -> frozenset[str]:
        return frozenset(v.value.casefold() for v in self.values)

    @cached_property
    def controlling_values(self) -> tuple[str, ...]:
        """The values that a dependent picklist may depend on; their order is what describe's bits mean."""
        return ("false", "true") if self.type == "boolean" else tuple(v.value for v in self.values)

    @cached_property
    def default_value(self) -> str | None:
        """What a create without it stores, as text."""
        return self.default or next((v.value for v in self.values if v.default), None)

    @cached_property
    def typed_default(self) -> str | int | float | None:
        text = self.default_value
        if text is None:
            return None
        if self.type == "boolean":
            return int(text == "true")
        return float(text) if self.type in FLOATS else int(text) if self.type == "int" else text


@dataclass(frozen=True, eq=False)
class RecordType:
    """``available_to``, ``default_for``: names of profiles, None for all; ``picklists``: field -> values it leaves."""

    id: str
    name: str
    label: str
    active: bool = True
    available_to: frozenset[str] | None = None
    default_for: frozenset[str] = frozenset()
    picklists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    layout: str | None = None

    def is_available(self, profile: str) -> bool:
        return self.active and (self.available_to is None or profile in self.available_to)

    def values(self, picklist: Field) -> tuple[Value, ...]:
        """What a picklist offers to records of this type."""
        narrowed = self.picklists.get(picklist.name)
        chosen = self.defaults.get(picklist.name)
        values = (v for v in picklist.values if narrowed is None or v.value in narrowed)
        return tuple(v if chosen is None else replace(v, default=v.value == chosen) for v in values)


@dataclass(frozen=True, slots=True)
class Child:
    """A lookup seen from the record it points at."""

    sobject: str
    field: Field
    relationship: str | None


@dataclass(eq=False)
class SObject:
    name: str
    prefix: str
    label: str
    plural: str
    abilities: frozenset[str]
    fields: dict[str, Field] = field(default_factory=dict)
    children: list[Child] = field(default_factory=list)
    record_types: tuple[RecordType, ...] = ()

    def default_record_type(self, profile: str) -> RecordType | None:
        """What records of a profile's users are unless they say; None stands for Master."""
        offered = [r for r in self.record_types if r.is_available(profile)]
        return next((r for r in offered if profile in r.default_for), offered[0] if offered else None)

    @cached_property
    def by_lower_name(self) -> dict[str, Field]:
        return {name.lower(): f for name, f in self.fields.items()}

    @cached_property
    def by_relationship(self) -> dict[str, Field]:
        return {f.relationship.lower(): f for f in self.fields.values() if f.relationship}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields.values() if f.stored)

    @cached_property
    def place_codes(self) -> tuple[str, ...]:
        """The country codes of its addresses, in an org with state and country picklists."""
        return tuple(name for name in self.fields if name.endswith("CountryCode"))

    @cached_property
    def apart(self) -> frozenset[str]:
        """Writable fields that have no column: files and lists of ids, which the object's rules put elsewhere."""
        return frozenset(f.name for f in self.fields.values() if not f.stored and (f.createable or f.updateable))

    @cached_property
    def blobs(self) -> dict[str, Field]:
        """Fields that hold a file, by their names in lower case."""
        return {f.name.lower(): f for f in self.fields.values() if f.type == "base64"}

    @cached_property
    def mandatory(self) -> tuple[Field, ...]:
        """Fields that may not be emptied: a default may be left out; owners are dealt with elsewhere."""
        return tuple(
            f
            for f in self.fields.values()
            if f.createable and not f.nillable and f.type != "boolean" and f.name != "OwnerId"
        )

    @cached_property
    def references(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields.values() if f.type == "reference" and f.stored)

    @cached_property
    def owners(self) -> tuple[str, ...]:
        """The objects whose records may own this one's."""
        return self.fields["OwnerId"].targets if self.has("OwnerId") else ()

    @cached_property
    def name_field(self) -> Field | None:
        return next((f for f in self.fields.values() if f.name_field), None)

    @cached_property
    def defaults(self) -> dict[str, str | int | float]:
        """What a create stores for fields that were not given."""
        known = {f.name: f.typed_default for f in self.fields.values() if f.stored}
        return {name: value for name, value in known.items() if value is not None}

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def record_id(self, number: int) -> str:
        """The id of the record with this number in its table."""
        return ids.make(self.prefix, SHARED_PREFIX.get(self.name, 0) + number)

    def can(self, ability: str) -> bool:
        return ability in self.abilities

    def find(self, name: str) -> Field | None:
        """The field with this API name in any case."""
        return self.by_lower_name.get(name.lower())

    def has(self, name: str) -> bool:
        return name in self.fields

    def address_columns(self, address: Field) -> dict[str, str]:
        """JSON key -> column of the parts of a compound address; codes only where the org has them."""
        stem = address.name.removesuffix("Address")
        return {key: stem + part for key, part in ADDRESS_PARTS.items() if self.has(stem + part)}
