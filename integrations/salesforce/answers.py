"""What became of one record of a write: collections and bulk jobs say it alike."""

import re
from collections.abc import Mapping
from typing import Any

from integrations.sync.provider import Accepted, Answer, Later, Refused

RETRY_LATER = {"UNABLE_TO_LOCK_ROW"}
# A trigger's or flow's failure often quotes the lock that it ran into.
EMBEDDED_LOCK = re.compile(r"UNABLE_TO_LOCK_ROW")
UNAVAILABLE_ROW = {"SERVER_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED"}
UNWRITABLE_FIELDS = {"INVALID_FIELD_FOR_INSERT_UPDATE"}


def answer_of(row: Mapping[str, Any]) -> Answer:
    if row.get("success"):
        return Accepted(row["id"])
    errors = row.get("errors") or [{"statusCode": "UNKNOWN_EXCEPTION", "message": "Salesforce gave no reason."}]
    first = errors[0]
    code, message = str(first.get("statusCode", "")), str(first.get("message", ""))
    if code in RETRY_LATER or EMBEDDED_LOCK.search(message):
        return Later(code, message)
    if code in UNAVAILABLE_ROW:
        return Later(code, message)
    fields = tuple(name for error in errors for name in error.get("fields") or ())
    texts = "; ".join(str(error.get("message", "")) for error in errors)
    return Refused(code, texts, fields, of_fields=bool(fields) and code in UNWRITABLE_FIELDS)
