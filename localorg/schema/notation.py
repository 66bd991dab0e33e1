"""Reads the compact notation of ``localorg/objects/*.txt``; 2_setup.txt explains it at its top."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localorg.schema.model import FLOATS, Field, SObject, Value

OBJECTS = Path(__file__).parent.parent / "objects"

FLAGS = {
    "N": "nillable",
    "C": "createable",
    "U": "updateable",
    "D": "defaulted",
    "R": "restricted",
    "i": "id_lookup",
    "n": "name_field",
    "X": "external_id",
    "Q": "unique",
    "S": "case_sensitive",
}
LENGTHS = {"id": 18, "ref": 18, "multipicklist": 4099}
STAMPS = {
    "@audit": (
        "CreatedDate:datetime[D]",
        "CreatedById:ref(User)[D]",
        "LastModifiedDate:datetime[D]",
        "LastModifiedById:ref(User)[D]",
        "SystemModstamp:datetime[D]",
    ),
    "@stamp": ("LastModifiedDate:datetime[D]", "LastModifiedById:ref(User)[D]", "SystemModstamp:datetime[D]"),
    "@modstamp": ("SystemModstamp:datetime[D]",),
}
ADDRESS = (
    'Street:textarea(255)[NCU] "Street"',
    'City:string(40)[NCU] "City"',
    'State:string(80)[NCU] "State/Province"',
    'PostalCode:string(20)[NCU] "Zip/Postal Code"',
    'Country:string(80)[NCU] "Country"',
    'Latitude:double(18,15)[NCU] "Latitude"',
    'Longitude:double(18,15)[NCU] "Longitude"',
    'GeocodeAccuracy:picklist(40)[NCUR] "Geocode Accuracy" | @GeocodeAccuracy',
)

_FIELD = re.compile(r"(?P<name>\w+):(?P<type>\w+)(?:\((?P<arguments>[^)]*)\))?(?:\[(?P<flags>\w*)\])?(?P<rest>.*)\Z")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

Sets = dict[str, tuple[Value, ...]]


def load(folder: Path = OBJECTS) -> dict[str, SObject]:
    """The objects that the files of a folder declare, read in the order of their names."""
    sobjects: dict[str, SObject] = {}
    sets: Sets = {}
    current: SObject | None = None
    for line in _lines(folder):
        if line.startswith("set "):
            name, values = line.removeprefix("set ").split("|", 1)
            sets[name.strip()] = _values(values, sets)
        elif not line.startswith(" "):
            current = _open(line, sobjects)
        elif current is not None:
            for field in _fields(line.strip(), sets):
                current.fields[field.name] = field
    return sobjects


def _lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                yield line


def _open(line: str, sobjects: dict[str, SObject]) -> SObject:
    if line.startswith("+"):
        return sobjects[line[1:].strip()]
    name, prefix, label, plural, *abilities = shlex.split(line)
    sobjects[name] = SObject(name, prefix, label, plural, frozenset(abilities))
    sobjects[name].fields["Id"] = Field("Id", "id", f"{label} ID", length=18, defaulted=True, id_lookup=True)
    return sobjects[name]


def _fields(line: str, sets: Sets) -> list[Field]:
    macro, *arguments = line.split()
    if macro == "@address":
        return list(_address(arguments[0].strip("-"), arguments[1], sets))
    return [_field(text, sets) for text in STAMPS.get(macro, (line,))]


def _address(stem: str, compound: str, sets: Sets) -> Iterator[Field]:
    for part in ADDRESS:
        text = part.replace(' "', f' "{stem} ', 1) if stem else part
        yield _field(
            f"{stem}{text}".replace(" |", f" in={compound} |") if "|" in text else f"{stem}{text} in={compound}", sets
        )
    yield Field(compound, "address", _label(compound), nillable=True, permissionable=True)


def _field(text: str, sets: Sets) -> Field:
    text, _, expression = text.partition(" := ")
    text, _, values = text.partition(" | ")
    match = _FIELD.match(text.strip())
    if match is None:
        raise ValueError(f"not a field: {text}")
    given: dict[str, Any] = {FLAGS[flag]: True for flag in match["flags"] or ""}
    label, options = _options(match["rest"])
    given |= _type(match["name"], match["type"], match["arguments"] or "", options)
    return Field(
        name=match["name"],
        label=label or _label(match["name"]),
        values=_values(values, sets),
        default=options.get("default"),
        compound=options.get("in"),
        opaque="ro" in options,
        expression=expression.strip() or None,
        **_sane(given),
    )


def _sane(given: dict[str, Any]) -> dict[str, Any]:
    # booleans are never null and always have a value
    sane = given | {"nillable": False, "defaulted": True} if given["type"] == "boolean" else given
    return sane | {"permissionable": _is_permissionable(sane)}


def _is_permissionable(given: dict[str, Any]) -> bool:
    """Field-level security is for fields that people fill in and may leave empty."""
    optional = given.get("nillable") or given["type"] == "boolean"
    return bool(optional and (given.get("createable") or given.get("updateable")))


def _options(rest: str) -> tuple[str | None, dict[str, str]]:
    label = None
    options: dict[str, str] = {}
    quoted = rest.strip().startswith('"')
    for number, word in enumerate(shlex.split(rest)):
        if quoted and number == 0:
            label = word
        else:
            key, _, value = word.partition("=")
            options[key] = value
    return label, options


def _type(name: str, kind: str, arguments: str, options: dict[str, str]) -> dict[str, Any]:
    if kind == "ref":
        return {"type": "reference", "length": 18} | _reference(name, arguments, options)
    if kind in FLOATS:
        precision, scale = (int(n) for n in arguments.split(","))
        return {"type": kind, "precision": precision, "scale": scale}
    return {"type": kind, "length": int(arguments or LENGTHS.get(kind, 0))}


def _reference(name: str, arguments: str, options: dict[str, str]) -> dict[str, Any]:
    relationship = f"{name[:-3]}__r" if name.endswith("__c") else name.removesuffix("Id")
    children = options.get("children")
    return {
        "targets": tuple(target.strip() for target in arguments.split(",")),
        "relationship": None if "norel" in options and not children else relationship,
        "children": None if children == "-" else children,
        "on_delete": next((word for word in ("cascade", "restrict") if word in options), "clear"),
    }


def _values(text: str, sets: Sets) -> tuple[Value, ...]:
    text = text.strip()
    if text.startswith("@"):
        return sets[text[1:]]
    return tuple(Value(v.strip().rstrip("*"), v.strip().endswith("*")) for v in text.split(";") if v.strip())


def _label(name: str) -> str:
    """ "LeadSource" -> "Lead Source"; ids are labelled "Account ID"."""
    words = _WORDS.split(name.removesuffix("__c").replace("_", " "))
    return " ".join("ID" if word == "Id" else word for word in words)
