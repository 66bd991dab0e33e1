"""From rows of a file, or of a service's answer, to values of entries; or why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError

from common.folding import fold
from common.importing import cells
from common.importing.files import Row, padded
from common.importing.targets import Target
from directory.importing.columns import FULL_NAME, WRITTEN, FileKind

LONGEST_KEY = 255


@dataclass
class Read:
    """A row and what was made of it. ``errors``: by column, None for the row as a whole."""

    line: int
    texts: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[int | None, str] = field(default_factory=dict)

    @property
    def whole_error(self) -> str:
        return self.errors.get(None, "")

    @property
    def reason(self) -> str:
        return " ".join(self.errors.values())


class Reader:
    """Reads pieces of one file. ``columns``: the name of the target of each column, "" for none.

    What a column tells is the source's word, nothing included: an empty cell empties the field.
    """

    def __init__(self, kind: FileKind, columns: Sequence[str]) -> None:
        self.kind, self.width = kind, len(columns)
        self.columns = [(at, kind.targets[name]) for at, name in enumerate(columns) if name in kind.targets]
        self.blank = {target.name: _blank(kind, target.name) for _, target in self.columns}

    def read(self, rows: Sequence[Row]) -> list[Read]:
        known: dict[tuple[str, str], Any] = {}
        return [self._row(Read(line, texts), known) for line, texts in rows]

    def _row(self, one: Read, known: dict[tuple[str, str], Any]) -> Read:
        """The same text in the same column is read once."""
        if any(text.strip() for text in one.texts[self.width :]):
            one.errors[None] = f"It has more cells than the first row ({self.width})."
        one.texts = padded(one.texts, self.width)
        one.values = dict(self.blank)
        for at, target in self.columns:
            if not (text := cells.bare(one.texts[at])):
                continue
            read = (target.name, text)
            if read not in known:
                known[read] = _value_or_error(target, text)
            if isinstance(known[read], ValidationError):
                one.errors[at] = f"{target.label}: {' '.join(known[read].messages)}"
            else:
                one.values[target.name] = known[read]
        _complete(self.kind, one)
        return one


def values_of(kind: FileKind, told: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a service told by their names. Raises ValidationError."""
    known = {name: value for name, value in told.items() if name in kind.targets}
    reader = Reader(kind, list(known))
    (one,) = reader.read([(0, ["" if value is None else str(value) for value in known.values()])])
    if one.errors:
        raise ValidationError(one.reason)
    return one.values


def _value_or_error(target: Target, text: str) -> Any:
    try:
        written = WRITTEN.get(target.name)
        return cells.value_of(target.field, written(text) if written else text, day_first=False) if target.field else ""
    except ValidationError as error:
        return error


def _blank(kind: FileKind, name: str) -> Any:
    column: Any = next((one for one in kind.model._meta.concrete_fields if one.name == name), None)
    return None if column is not None and column.null else ""


def _complete(kind: FileKind, one: Read) -> None:
    """A name out of the full one, and what the entry is known by."""
    values = one.values
    if full := values.pop(FULL_NAME, ""):
        first, last = cells.name_parts(full)
        values["first_name"] = values.get("first_name") or first
        values["last_name"] = values.get("last_name") or last
    values["key"] = values.get("key") or _known_by(kind, values)
    if one.errors:
        return
    if not values.get(kind.required):
        one.errors[None] = f"{kind.targets[kind.required].label} must not be empty."
    elif not values["key"]:
        names = " and ".join(kind.targets[name].label for name in ("key", *kind.named_by))
        one.errors[None] = f"Nothing to know this {kind.one} by when it is loaded again: {names} are empty."


def _known_by(kind: FileKind, values: Mapping[str, Any]) -> str:
    found = next((values[name] for name in kind.named_by if values.get(name)), "")
    return fold(found)[:LONGEST_KEY]
