"""Seeded rows in an org whose setup asks for more than the plain one does."""

from collections.abc import Iterable
from itertools import cycle
from typing import Any

from localorg.schema import Field, SObject
from localorg.seed import people
from localorg.setup import records
from localorg.setup.places import by_code, by_name, countries

Row = dict[str, Any]

COUNTRIES = {"USA": "United States"}  # as careless people write them


def owned(rows: Iterable[Row], users: int) -> Iterable[Row]:
    """In an org of few users these own what the seed gives to the later ones."""
    numbers = range(users, len(people.OWNERS))
    stand_ins = {records.user_id(number + 1): records.user_id(number % users + 1) for number in numbers}
    if not stand_ins:
        return rows
    return ({name: stand_ins.get(value, value) for name, value in row.items()} for row in rows)


def typed(sobject: SObject, rows: Iterable[Row]) -> Iterable[Row]:
    """The active record types of an object take turns."""
    active = [record_type.id for record_type in sobject.record_types if record_type.active]
    if not active:
        return rows
    return (row | {"RecordTypeId": chosen} for row, chosen in zip(rows, cycle(active), strict=False))


def placed(sobject: SObject, rows: Iterable[Row]) -> Iterable[Row]:
    """Where states and countries are picklists, addresses hold what these offer."""
    stems = [code.removesuffix("CountryCode") for code in sobject.place_codes]
    return (_placed(row, stems) for row in rows) if stems else rows


def complete(sobject: SObject, rows: Iterable[Row]) -> Iterable[Row]:
    """Required custom fields hold something in every row."""
    required = [field for field in sobject.fields.values() if field.custom and field.required]
    if not required:
        return rows
    return (row | {f.name: _some(f, number) for f in required} for number, row in enumerate(rows))


def _placed(row: Row, stems: list[str]) -> Row:
    row = dict(row)
    for stem in stems:
        if f"{stem}Country" in row:
            _place(row, stem)
    return row


def _place(row: Row, stem: str) -> None:
    name, state_name = row[f"{stem}Country"] or "", row.get(f"{stem}State") or ""
    country = by_name(countries(), COUNTRIES.get(name) or name) or by_code(countries(), name)
    states = country.states if country else ()
    state = by_code(states, state_name) or by_name(states, state_name)
    for part, place in (("Country", country), ("State", state)):
        row[f"{stem}{part}"] = place.name if place else None
        row[f"{stem}{part}Code"] = place.code if place else None


def _some(field: Field, number: int) -> Any:
    if field.values:
        return field.values[number % len(field.values)].value
    match field.type:
        case "date":
            return f"{2024 + number % 2}-{number % 12 + 1:02d}-01"
        case "currency" | "double" | "percent" | "int":
            return float(number % 10)
        case "email":
            return f"someone{number}@seed.example"
    return f"{field.label} {number + 1}"[-field.length :]
