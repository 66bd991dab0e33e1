"""YAML in and out. What is read knows the line of everything, so that faults can name it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import yaml

LARGEST = 1_000_000  # characters; 800 mapped fields with their values take a tenth of it
DEEPEST = 12
HEADER = """\
# How Tandem and Salesforce are kept in step.
# What is left out stays as it is. A list of fields, statuses, conditions or people replaces the whole list.
"""
CASES = {word: {word, word.capitalize(), word.upper()} for word in ("true", "false", "null")}
WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
Path = tuple[str | int, ...]
Events = Iterator[yaml.Event]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Exception):
    """The text is no YAML that we read; says why, and where."""


@dataclass
class Document:
    """``lines``: where each value begins, by the keys that lead to it."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of a value or, where the text has no such value, of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Says nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write(data: Mapping[str, Any]) -> str:
    """The same data always make the same text."""
    body = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return HEADER + str(body)


def read(text: str) -> Document:
    """Raises Unreadable."""
    if len(text) > LARGEST:
        raise Unreadable(f"The text is longer than {LARGEST:,} characters.")
    document = Document()
    try:
        document.data = _data(yaml.parse(text, Loader=_Loader), document.lines)
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_told(error)) from error
    except (yaml.YAMLError, UnicodeError) as error:  # characters that no YAML may hold
        raise Unreadable(f"It is no YAML: {error}") from error
    return document


def _told(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    what = ", ".join(part for part in (error.context, error.problem) if part)
    return f"{place}{what}. Mend the text there; spaces at the beginning of lines count."


def _data(events: Events, lines: dict[Path, int]) -> Any:
    """The one document of a text. A few lines of YAML can stand for gigabytes, or nest without end: refused at once."""
    data, is_read = None, False
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent) and is_read:
            raise Unreadable(f"Line {_line(event)}: a second text begins here. Give one at a time.")
        if isinstance(event, yaml.NodeEvent):
            data, is_read = _plain(event, events, (), lines), True
    return data


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _plain(event: yaml.Event, events: Events, path: Path, lines: dict[Path, int]) -> Any:
    """What begins with an event, as plain data."""
    if len(path) > DEEPEST:
        raise Unreadable(f"Line {_line(event)}: it is nested too deeply.")
    lines.setdefault(path, _line(event))
    match event:
        case yaml.ScalarEvent():
            return _scalar(event)
        case yaml.MappingStartEvent():
            return dict(_pairs(events, path, lines))
        case yaml.SequenceStartEvent():
            below = takewhile(lambda one: not isinstance(one, yaml.SequenceEndEvent), events)
            return [_plain(one, events, (*path, number), lines) for number, one in enumerate(below)]
    raise Unreadable(f"Line {_line(event)}: write the value out; aliases (*name) are not read.")


def _pairs(events: Events, path: Path, lines: dict[Path, int]) -> Iterator[tuple[str, Any]]:
    """Keys are texts, however they look: a stage may be called “2”."""
    seen: dict[str, int] = {}
    for key in takewhile(lambda one: not isinstance(one, yaml.MappingEndEvent), events):
        line = _line(key)
        if not isinstance(key, yaml.ScalarEvent):
            raise Unreadable(f"Line {line}: a name is expected here.")
        name = _text(key)
        if name in seen:
            raise Unreadable(f"Line {line}: “{name}” stood on line {seen[name]} already. Take one out.")
        seen[name] = lines[(*path, name)] = line
        yield name, _plain(next(events), events, (*path, name), lines)


def _scalar(event: yaml.ScalarEvent) -> Any:
    """By YAML 1.2: “no” and “on” are words, “2024-01-01” and “1:30” are texts."""
    text = _text(event)
    is_plain, _ = event.implicit
    if not is_plain:
        return text
    if text in ("", "~") or text in CASES["null"]:
        return None
    if text in CASES["true"] or text in CASES["false"]:
        return text in CASES["true"]
    return int(text) if WHOLE.fullmatch(text) else text


def _text(event: yaml.ScalarEvent) -> str:
    if "\0" in event.value:
        raise Unreadable(f"Line {_line(event)}: take out the character NUL (\\0).")
    return str(event.value)
