"""YAML in and out. What is read knows the line of everything, so that faults can name it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

LARGEST = 1_000_000  # characters; 800 mapped fields with their values take a tenth of it
DEEPEST = 12
HEADER = """\
# How Tandem and Salesforce are kept in step.
# What is left out stays as it is. A list of fields, statuses, conditions or people replaces the whole list.
"""
Path = tuple[str | int, ...]


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


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads scalars by YAML 1.2: “no” and “on” are words, “2024-01-01” and “1:30” are texts."""

    yaml_implicit_resolvers: dict[str, Any] = {}


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Says nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_RESOLVED = {
    "tag:yaml.org,2002:bool": r"^(?:true|True|TRUE|false|False|FALSE)$",
    "tag:yaml.org,2002:null": r"^(?:~|null|Null|NULL|)$",
    "tag:yaml.org,2002:int": r"^(?:0|-?[1-9][0-9]{0,17})$",
}
for _tag, _pattern in _RESOLVED.items():
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), None)


def write(data: Mapping[str, Any]) -> str:
    """The same data always make the same text."""
    body = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return HEADER + str(body)


def read(text: str) -> Document:
    """Raises Unreadable."""
    if len(text) > LARGEST:
        raise Unreadable(f"The text is longer than {LARGEST:,} characters.")
    try:
        _check(text)
        node = yaml.compose(text, Loader=_Loader)
        document = Document()
        document.data = _plain(node, (), document.lines) if node else None
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


def _check(text: str) -> None:
    """Before anything is built: a few lines of YAML can stand for gigabytes, or nest without end."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(f"Line {_line(event)}: write the value out; aliases (*name) are not read.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Unreadable(f"Line {_line(event)}: it is nested too deeply.")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    _refuse_nul(node)
    match node:
        case yaml.MappingNode():
            return dict(_pairs(node, path, lines))
        case yaml.SequenceNode():
            return [_plain(one, (*path, number), lines) for number, one in enumerate(node.value)]
    match node.tag.rpartition(":")[2]:
        case "bool":
            return node.value.lower() == "true"
        case "null":
            return None
        case "int":
            return int(node.value)
    return node.value


def _pairs(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> Iterator[tuple[str, Any]]:
    """Keys are texts, however they look: a stage may be called “2”."""
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise Unreadable(f"Line {line}: a name is expected here.")
        _refuse_nul(key)
        if key.value in seen:
            raise Unreadable(f"Line {line}: “{key.value}” stood on line {seen[key.value]} already. Take one out.")
        seen[key.value] = line
        lines[(*path, key.value)] = line
        yield key.value, _plain(value, (*path, key.value), lines)


def _refuse_nul(node: yaml.Node) -> None:
    if isinstance(node, yaml.ScalarNode) and "\0" in node.value:
        raise Unreadable(f"Line {node.start_mark.line + 1}: take out the character NUL (\\0).")
