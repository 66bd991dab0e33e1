"""Record types: which one a record gets, whether its saver may give it, and the picklist values that it leaves."""

from collections.abc import Mapping
from typing import Any

from localorg.dml import values
from localorg.dml.work import Row, Work
from localorg.errors import RecordRefused, refuse, refuse_record
from localorg.ids import MASTER_RECORD_TYPE
from localorg.schema import RecordType, SObject

FIELD = "RecordTypeId"


def fill(work: Work, sobject: SObject, row: Row) -> None:
    """A new record's type and the values that its type gives at first; for what the caller left out."""
    if not sobject.record_types:
        return
    if row.get(FIELD) is None:
        default = sobject.default_record_type(work.profile)
        row[FIELD] = default.id if default else None
    chosen = of(sobject, row)
    for name, value in chosen.defaults.items() if chosen else ():
        if row.get(name) is None:
            row[name] = value


def check(work: Work, sobject: SObject, given: Row, now: Row) -> None:
    """``given``: what the caller wrote; ``now``: all that the record holds. Raises RecordRefused."""
    if not sobject.record_types:
        return
    wanted = given.get(FIELD)
    chosen = of(sobject, now)
    if wanted is not None and (chosen is None or not chosen.is_available(work.profile)):
        message = f"Record Type ID: this ID value isn't valid for the user: {wanted}"
        raise refuse_record("INVALID_CROSS_REFERENCE_KEY", message, FIELD)
    if chosen is not None:
        _check_picklists(sobject, given, chosen)


def named(sobject: SObject, value: Mapping[str, Any]) -> str:
    """The type that a body names as {"RecordType": {"Name": …}}. Raises Refused."""
    keys = {key.lower(): wanted for key, wanted in value.items() if key.lower() != "attributes"}
    if len(keys) != 1 or not keys.keys() <= {"name", "developername"}:
        raise refuse("INVALID_FIELD", "Specify exactly one external id of RecordType")
    ((key, wanted),) = keys.items()
    for each in sobject.record_types:
        if (each.label if key == "name" else each.name).casefold() == str(wanted).casefold():
            return each.id
    field = "Name" if key == "name" else "DeveloperName"
    message = f"Foreign key external ID: {str(wanted).lower()} not found for field {field} in entity RecordType"
    raise refuse_record("INVALID_FIELD", message)


def of(sobject: SObject, row: Row) -> RecordType | None:
    """The type that a row has; None stands for Master."""
    return next((r for r in sobject.record_types if r.id == row.get(FIELD)), None)


def master_as_none(row: Row) -> None:
    """The master type may be named, but is stored as none."""
    if row.get(FIELD) == MASTER_RECORD_TYPE:
        row[FIELD] = None


def _check_picklists(sobject: SObject, given: Row, chosen: RecordType) -> None:
    """Only restricted picklists mind what the type narrows them to; for the others that is a matter of forms."""
    narrowed = (sobject.fields[name] for name in given.keys() & chosen.picklists.keys())
    refused = [values.wrong_choice(f, given[f.name], chosen.picklists[f.name]) for f in narrowed if f.restricted]
    problems = [problem for each in refused if each for problem in each.problems]
    if problems:
        raise RecordRefused(problems)
