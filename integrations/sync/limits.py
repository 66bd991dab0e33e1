"""What Salesforce would refuse of values, as far as an object's description tells: pure functions.

Each problem names the field, its limit and the value.
"""

import re
from datetime import date

from integrations.sync.mapping import Problem
from integrations.sync.provider import NUMBERS, Description, RemoteField, Value, Values

EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
FIRST_DAY, LAST_DAY = date(1700, 1, 1).isoformat(), date(4000, 12, 31).isoformat()


def problems(values: Values, description: Description, *, is_create: bool) -> list[Problem]:
    """What Salesforce would refuse, as far as its description tells."""
    found = [problem for name, value in values.items() if (problem := _problem(description.fields[name], value))]
    if is_create:
        lacking = [f for f in description.fields.values() if f.is_required and values.get(f.name) is None]
        found += [_required(remote) for remote in lacking if remote.name not in values]
    return found


def _problem(remote: RemoteField, value: Value) -> Problem | None:
    if value is None:
        return _required(remote) if remote.is_required else None
    if isinstance(value, str):
        return _text_problem(remote, value)
    return _number_problem(remote, value) if remote.type in NUMBERS else None


def _text_problem(remote: RemoteField, value: str) -> Problem | None:
    if remote.type in {"date", "datetime"}:
        return _date_problem(remote, value)
    if remote.is_restricted and not set(value.split(";") if remote.type == "multipicklist" else [value]) <= set(
        remote.values
    ):
        message = f"{remote.label}: “{_short(value)}” is not among the values that Salesforce allows there."
        details = {"value": value, "allowed": list(remote.values)}
        return Problem("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", remote.name, message, details)
    if remote.length and len(value) > remote.length:
        message = (
            f"{remote.label}: {len(value)} characters, Salesforce takes {remote.length} at most: “{_short(value)}”."
        )
        return Problem("STRING_TOO_LONG", remote.name, message, {"value": value, "limit": remote.length})
    if remote.type == "email" and not EMAIL.match(value):
        message = f"{remote.label}: “{value}” is not an e-mail address."
        return Problem("INVALID_EMAIL_ADDRESS", remote.name, message, {"value": value})
    return None


def _date_problem(remote: RemoteField, value: str) -> Problem | None:
    if FIRST_DAY <= value[:10] <= LAST_DAY and value[4] == "-":
        return None
    message = f"{remote.label}: {value} is outside of what Salesforce takes, {FIRST_DAY} to {LAST_DAY}."
    return Problem(
        "NUMBER_OUTSIDE_VALID_RANGE", remote.name, message, {"value": value, "limit": f"{FIRST_DAY} to {LAST_DAY}"}
    )


def _number_problem(remote: RemoteField, value: float) -> Problem | None:
    digits = remote.digits or (remote.precision - remote.scale)
    if not digits or abs(value) < 10**digits:
        return None
    message = f"{remote.label}: {value} has more than the {digits} digits that Salesforce takes."
    return Problem("NUMBER_OUTSIDE_VALID_RANGE", remote.name, message, {"value": value, "limit": digits})


def _required(remote: RemoteField) -> Problem:
    return Problem("REQUIRED_FIELD_MISSING", remote.name, f"{remote.label}: Salesforce requires a value.")


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
