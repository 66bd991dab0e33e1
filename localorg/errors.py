"""Refusals, in the words and shapes of Salesforce."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One error. ``fields`` is None for errors of protocol and query, which show no such key."""

    code: str
    message: str
    fields: tuple[str, ...] | None = None

    def as_rest(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        return body if self.fields is None else body | {"fields": list(self.fields)}

    def as_row(self) -> dict[str, Any]:
        """The dialect of collections and trees."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}


class Refused(Exception):
    """A request or a record that the org does not accept."""

    def __init__(self, problems: Sequence[Problem], status: int = 400) -> None:
        super().__init__("; ".join(f"{p.code}: {p.message}" for p in problems))
        self.problems = tuple(problems)
        self.status = status

    def as_rest(self) -> list[dict[str, Any]]:
        return [problem.as_rest() for problem in self.problems]


class RecordRefused(Refused):
    """This record only: in a collection the others go on."""


class TypeMismatch(Refused):
    """A JSON value that cannot be read as the field's type; it fails the whole body, as a parser would."""

    def __init__(self, kind: str, value: Any, field: str) -> None:
        self.kind, self.value, self.field = kind, value, field
        super().__init__(
            [Problem("JSON_PARSER_ERROR", f"Cannot deserialize instance of {kind} from {describe(value)}")]
        )


class MultipleChoices(Exception):
    """More than one record carries the external id; nothing was written."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__("more than one record")
        self.urls = urls


def describe(value: Any) -> str:
    """A JSON value as the parser names it: VALUE_STRING value "x"."""
    match value:
        case bool():
            return f"VALUE_{str(value).upper()} value {str(value).lower()}"
        case int():
            return f"VALUE_NUMBER_INT value {value}"
        case float():
            return f"VALUE_NUMBER_FLOAT value {value}"
        case str():
            return f'VALUE_STRING value "{value}"'
        case list():
            return "START_ARRAY value ["
        case dict():
            return "START_OBJECT value {"
    return "VALUE_NULL value null"


def refuse(code: str, message: str, status: int = 400) -> Refused:
    """A refusal of the request."""
    return Refused([Problem(code, message)], status)


def refuse_record(code: str, message: str, *fields: str, status: int = 400) -> RecordRefused:
    """A refusal of a record, naming the fields at fault."""
    return RecordRefused([Problem(code, message, fields)], status)


def not_found(message: str = "The requested resource does not exist") -> Refused:
    return refuse("NOT_FOUND", message, 404)
