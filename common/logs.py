"""What goes into the log, and how much of it."""

from logging import LogRecord

from django.core.exceptions import PermissionDenied


def refusals_in_a_line(record: LogRecord) -> bool:
    """That somebody may not open a page is worth a line; where in the code it was refused helps nobody."""
    if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
        record.exc_info = record.exc_text = None
    return True
