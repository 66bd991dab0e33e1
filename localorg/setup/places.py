"""State and country picklists: the places there are, and the code fields that the feature gives to addresses."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from localorg.schema import Field, SObject, Value

PLACES = Path(__file__).with_name("places.txt")
CODE = 10  # characters


@dataclass(frozen=True)
class Place:
    """A state or a country; ``name`` is its integration value, too."""

    code: str
    name: str
    states: tuple["Place", ...] = ()


@cache
def countries() -> tuple[Place, ...]:
    found: list[Place] = []
    for line in PLACES.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):
            found[-1] = replace(found[-1], states=tuple(_place(text) for text in line.split(";")))
        elif not line.startswith("#"):
            found.append(_place(line))
    return tuple(found)


def by_code(places: tuple[Place, ...], code: str) -> Place | None:
    return next((place for place in places if place.code.casefold() == code.casefold()), None)


def by_name(places: tuple[Place, ...], name: str) -> Place | None:
    return next((place for place in places if place.name.casefold() == name.casefold()), None)


def add_code_fields(sobject: SObject) -> None:
    """StateCode and CountryCode after the Country of every address."""
    fields: dict[str, Field] = {}
    for field in sobject.fields.values():
        fields[field.name] = field
        if is_country(field):
            fields |= {code.name: code for code in _codes(field)}
    sobject.fields = fields


def is_country(field: Field) -> bool:
    return field.name.endswith("Country") and str(field.compound).endswith("Address")


def _codes(country: Field) -> tuple[Field, Field]:
    stem, label = country.name.removesuffix("Country"), country.label.removesuffix("Country")
    code = replace(country, type="picklist", length=CODE, restricted=True)
    name = f"{stem}CountryCode"
    return (
        replace(code, name=f"{stem}StateCode", label=f"{label}State/Province Code", values=_states(), controller=name),
        replace(code, name=name, label=f"{label}Country Code", values=_countries()),
    )


@cache
def _countries() -> tuple[Value, ...]:
    return tuple(Value(country.code, label=country.name) for country in countries())


@cache
def _states() -> tuple[Value, ...]:
    """One value a state; some countries use the same code for states of different names."""
    return tuple(
        Value(state.code, valid_for=(country.code,), label=state.name)
        for country in countries()
        for state in country.states
    )


def _place(text: str) -> Place:
    code, _, name = text.strip().partition(" ")
    return Place(code, name)
