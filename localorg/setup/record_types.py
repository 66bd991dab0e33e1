"""Record types and dependent picklists, put into the schema."""

from collections.abc import Iterable
from dataclasses import replace

from localorg import ids
from localorg.schema import Field, RecordType, SObject
from localorg.setup import rules as said
from localorg.setup.model import Setup
from localorg.setup.reading import SetupError


def add_record_types(sobjects: dict[str, SObject], setup: Setup) -> None:
    """Objects that have some get the field RecordTypeId. Raises SetupError."""
    profiles = {profile.name for profile in setup.profiles}
    for number, given in enumerate(setup.record_types, 1):
        key = f"record_types[{number}]"
        sobject = sobjects.get(given.object)
        if sobject is None or not sobject.can("layout"):
            raise SetupError(f"{key}.object", f'there are no record types of "{given.object}"')
        for name in (*(given.available_to or ()), *given.default_for):
            if name not in profiles:
                raise SetupError(key, f'there is no profile "{name}"; known: {", ".join(sorted(profiles))}')
        _check_picklists(sobject, given, key)
        if not sobject.has("RecordTypeId"):
            sobject.fields = _with_record_type(sobject)
        sobject.record_types = (*sobject.record_types, _record_type(given, number))


def add_dependencies(sobjects: dict[str, SObject], setup: Setup) -> None:
    """Raises SetupError."""
    for number, given in enumerate(setup.picklist_dependencies, 1):
        key = f"picklist_dependencies[{number}]"
        name, _, field_name = given.field.partition(".")
        sobject = sobjects.get(name)
        field = sobject.fields.get(field_name) if sobject else None
        controller = sobject.fields.get(given.controller) if sobject else None
        if sobject is None or field is None or not field.values:
            raise SetupError(f"{key}.field", f"there is no picklist {given.field}")
        if controller is None or (controller.type != "boolean" and not controller.values):
            raise SetupError(f"{key}.controller", f"{name} has no picklist or checkbox {given.controller}")
        _check_values(field, (value for values in given.valid.values() for value in values), f"{key}.valid")
        _check_names(given.valid, controller.controlling_values, f"{key}.valid")
        sobject.fields[field_name] = _dependent(field, controller, given)


def _with_record_type(sobject: SObject) -> dict[str, Field]:
    """The field stands before the owner."""
    field = Field(
        "RecordTypeId",
        "reference",
        "Record Type ID",
        length=18,
        nillable=True,
        createable=True,
        updateable=True,
        defaulted=True,
        targets=("RecordType",),
        relationship="RecordType",
    )
    found: dict[str, Field] = {}
    for name, known in sobject.fields.items():
        if name == "OwnerId":
            found[field.name] = field
        found[name] = known
    return found | {field.name: found.get(field.name, field)}


def _record_type(given: said.RecordType, number: int) -> RecordType:
    return RecordType(
        ids.make("012", number),
        given.name,
        given.label or given.name.replace("_", " "),
        given.active,
        None if given.available_to is None else frozenset(given.available_to),
        frozenset(given.default_for),
        given.picklists,
        given.defaults,
        given.layout,
    )


def _check_picklists(sobject: SObject, given: said.RecordType, key: str) -> None:
    for name, values in (given.picklists | {name: (value,) for name, value in given.defaults.items()}).items():
        field = sobject.fields.get(name)
        if field is None or not field.values:
            raise SetupError(f"{key}.picklists.{name}", f"{sobject.name} has no picklist {name}")
        _check_values(field, values, f"{key}.picklists.{name}")
    for name, value in given.defaults.items():
        _check_names([value], given.picklists.get(name, (value,)), f"{key}.defaults.{name}")


def _check_values(field: Field, values: Iterable[str], key: str) -> None:
    _check_names(values, tuple(v.value for v in field.values), key)


def _check_names(names: Iterable[str], known: tuple[str, ...], key: str) -> None:
    for name in names:
        if name not in known:
            raise SetupError(key, f'"{name}" is none of the values; allowed: {", ".join(known)}')


def _dependent(field: Field, controller: Field, given: said.PicklistDependency) -> Field:
    values = tuple(
        replace(value, valid_for=tuple(name for name, fitting in given.valid.items() if value.value in fitting))
        for value in field.values
    )
    return replace(field, controller=controller.name, values=values)
