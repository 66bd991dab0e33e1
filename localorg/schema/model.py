"""An sObject and its fields, as describe shows them."""

from dataclasses import dataclass, field
from functools import cached_property

TEXT = frozenset({"string", "picklist", "multipicklist", "combobox", "phone", "email", "url", "textarea"})
NUMBERS = frozenset({"int", "double", "currency", "percent"})
FLOATS = frozenset({"double", "currency", "percent"})
IDS = frozenset({"id", "reference"})
LONG_TEXT = 4000  # a textarea longer than this can be neither filtered nor sorted

ADDRESS_PARTS = {
    "city": "City",
    "country": "Country",
    "geocodeAccuracy": "GeocodeAccuracy",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "postalCode": "PostalCode",
    "state": "State",
    "street": "Street",
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a picklist."""

    value: str
    default: bool = False


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
    targets: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    on_delete: str = "clear"
    values: tuple[Value, ...] = ()
    default: str | None = None
    compound: str | None = None
    expression: str | None = None

    @cached_property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @cached_property
    def is_text(self) -> bool:
        return self.type in TEXT

    @cached_property
    def stored(self) -> bool:
        """Whether a column of the table holds it; addresses and virtual fields are computed when read."""
        return self.expression is None and self.type != "address"

    @cached_property
    def filterable(self) -> bool:
        return not self.opaque and self.type != "address" and not (self.type == "textarea" and self.length > LONG_TEXT)

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
    def references(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields.values() if f.type == "reference" and f.stored)

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

    def can(self, ability: str) -> bool:
        return ability in self.abilities

    def find(self, name: str) -> Field | None:
        """The field with this API name in any case."""
        return self.by_lower_name.get(name.lower())

    def has(self, name: str) -> bool:
        return name in self.fields

    def address_columns(self, address: Field) -> dict[str, str]:
        """JSON key -> column of the parts of a compound address."""
        stem = address.name.removesuffix("Address")
        return {key: stem + part for key, part in ADDRESS_PARTS.items()}
