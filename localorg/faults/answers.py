"""What a fault answers in the org's place, in the words of a real org and of the edge before it."""

from localorg.faults.rule import Rule

HTML = b"<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><h1>502 - Bad Gateway</h1></body></html>"
OF_THE_EDGE = {420, 502, 504}
WITHOUT_BODY = {204, 304, 406, 503}

LIMIT = ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
UNEXPECTED = (
    "UNKNOWN_EXCEPTION",
    "An unexpected error occurred. Please include this ErrorId if you contact support: 1234-5678 (90)",
)
_CODES = {
    400: ("UNKNOWN_EXCEPTION", "Fault on demand: 400"),
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("INSUFFICIENT_ACCESS", "You do not have sufficient access rights."),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    409: ("CONFLICT", "Request conflicts with the current state of the resource"),
    500: UNEXPECTED,
}
_ROWS = {
    "UNABLE_TO_LOCK_ROW": "unable to obtain exclusive access to this record or 1 records: {id}",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "A validation rule refused this record.",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "The record couldn't be saved because it failed to trigger a flow.",
    "STORAGE_LIMIT_EXCEEDED": "storage limit exceeded",
    "INSUFFICIENT_ACCESS_OR_READONLY": "insufficient access rights on object id",
    "ENTITY_IS_LOCKED": "the entity is locked for editing",
    "REQUEST_RUNNING_TOO_LONG": "Your request was running for too long, and has been stopped.",
}


def error_of(rule: Rule) -> tuple[str, str] | None:
    """Code and message of a ``status`` fault; None where a real org sends no JSON."""
    status = rule.status or 503
    if rule.code:
        return rule.code, rule.message or f"Fault on demand: {status}"
    if status in OF_THE_EDGE or status in WITHOUT_BODY:
        return None
    return _CODES.get(status, ("UNKNOWN_EXCEPTION", f"Fault on demand: {status}"))


def row_message(code: str, record_id: str) -> str:
    return _ROWS.get(code, "Fault on demand").format(id=record_id).rstrip(": ")
