"""TOML tables -> dataclasses. A section of the file is a dataclass; its fields are the keys that the section allows."""

from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class SetupError(Exception):
    """What is wrong with a file, where in it, and what would be right; in one line for whoever wrote it."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}" if key else problem)
        self.key = key


def read(kind: type[T], table: Any, key: str = "") -> T:
    """The table as an instance of ``kind``; ``key`` says where in the file it stands. Raises SetupError."""
    if not isinstance(table, dict):
        raise SetupError(key, f"must be a table, not {_shown(table)}")
    hints = get_type_hints(kind)
    known = fields(kind)  # type: ignore[arg-type]  # every section is a dataclass
    for name in table:
        if name not in hints:
            raise SetupError(_below(key, name), f"no such key; allowed: {', '.join(f.name for f in known)}")
    for field in known:
        if field.default is MISSING and field.default_factory is MISSING and field.name not in table:
            raise SetupError(_below(key, field.name), "is missing")
    return kind(**{name: _value(hints[name], value, _below(key, name)) for name, value in table.items()})


def _value(hint: Any, value: Any, key: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _any_of(arguments, value, key)
    if origin is Literal:
        return _one_of(arguments, value, key)
    if origin is tuple:
        return _list(arguments[0], value, key)
    if origin is dict:
        return _table(arguments[1], value, key)
    if is_dataclass(hint):
        return read(hint, value, key)  # type: ignore[arg-type]  # a class, not an instance
    return _plain(hint, value, key)


def _any_of(kinds: tuple[Any, ...], value: Any, key: str) -> Any:
    if value is None and NoneType in kinds:
        return None
    problems = []
    for kind in kinds:
        if kind is NoneType:
            continue
        try:
            return _value(kind, value, key)
        except SetupError as error:
            problems.append(error)
    raise problems[-1]


def _one_of(allowed: tuple[str, ...], value: Any, key: str) -> str:
    if value not in allowed:
        raise SetupError(key, f"{_shown(value)} is not allowed here; allowed: {', '.join(allowed)}")
    return str(value)


def _list(kind: Any, value: Any, key: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise SetupError(key, f"must be a list, not {_shown(value)}")
    return tuple(_value(kind, item, f"{key}[{number}]") for number, item in enumerate(value, 1))


def _table(kind: Any, value: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SetupError(key, f"must be a table, not {_shown(value)}")
    return {name: _value(kind, item, _below(key, name)) for name, item in value.items()}


def _plain(kind: Any, value: Any, key: str) -> Any:
    if kind is Any:
        return value
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise SetupError(key, f"must be {_NAMES[kind]}, not {_shown(value)}")
    return value


def _below(key: str, name: str) -> str:
    shown = name if name.replace("_", "").isalnum() else f'"{name}"'
    return f"{key}.{shown}" if key else shown


def _shown(value: Any) -> str:
    match value:
        case dict():
            return "a table"
        case list():
            return "a list"
        case str():
            return f'"{value}"'
    return str(value).lower()
