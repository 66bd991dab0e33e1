"""Errors that point into the query with a caret."""

from localorg.errors import Refused, refuse

BEFORE, AFTER = 40, 40  # characters of the query shown around the place

CUSTOM_FIELD = (
    "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
CUSTOM_OBJECT = (
    "If you are attempting to use a custom object, be sure to append the '__c' after the entity name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
CUSTOM_RELATION = (
    "If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship "
    "name. Please reference your WSDL or the describe call for the appropriate names."
)


def at(text: str, position: int, code: str, message: str) -> Refused:
    """A refusal whose message begins with the part of the query at fault."""
    row = text.count("\n", 0, position) + 1
    line_start = text.rfind("\n", 0, position) + 1
    line_end = text.find("\n", position)
    line = text[line_start : len(text) if line_end < 0 else line_end]
    column = position - line_start
    first = max(0, column - BEFORE)
    window = line[first : column + AFTER]
    caret = " " * (column - first) + "^"
    return refuse(code, f"\n{window}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{message}")


def no_such_column(text: str, position: int, name: str, entity: str) -> Refused:
    return at(text, position, "INVALID_FIELD", f"No such column '{name}' on entity '{entity}'. {CUSTOM_FIELD}")


def no_such_object(text: str, position: int, name: str) -> Refused:
    return at(text, position, "INVALID_TYPE", f"sObject type '{name}' is not supported. {CUSTOM_OBJECT}")


def no_such_relationship(text: str, position: int, name: str) -> Refused:
    message = f"Didn't understand relationship '{name}' in field path. {CUSTOM_RELATION}"
    return at(text, position, "INVALID_FIELD", message)


def no_such_child(text: str, position: int, name: str) -> Refused:
    message = f"Didn't understand relationship '{name}' in FROM part of query call. {CUSTOM_RELATION}"
    return at(text, position, "INVALID_TYPE", message)
