"""Finds an org's file, reads it and what it extends."""

import tomllib
from pathlib import Path
from typing import Any, TypeGuard

from localorg.setup.model import Setup
from localorg.setup.reading import SetupError, read

READY = Path(__file__).parent.parent / "orgs"
DEFAULT = "plain"

Table = dict[str, Any]


def load(name: str) -> Setup:
    """``name``: a ready org or the path of a file. Raises SetupError."""
    return read(Setup, _whole(find(name), ()))


def is_ready(name: str) -> bool:
    return name in {path.stem for path in READY.glob("*.toml")}


def find(name: str, folder: Path = Path()) -> Path:
    """``folder``: where a path starts that is not absolute. Raises SetupError."""
    path = READY / f"{name}.toml" if is_ready(name) else folder / name
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in READY.glob("*.toml")))
        raise SetupError("", f"there is no org {name}; give the path of a file or one of: {names}")
    return path


def _whole(path: Path, extending: tuple[Path, ...]) -> Table:
    """The file's tables on top of those of the org that it extends."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError("", f"{path.name} is not TOML: {error}") from None
    base = table.get("extends")
    if not isinstance(base, str):
        return table
    below = find(base, path.parent)
    if below in (path, *extending):
        raise SetupError("extends", f"{path.name} would extend itself")
    return merged(_whole(below, (path, *extending)), table)


def merged(base: Table, table: Table) -> Table:
    """Tables are merged key by key; lists of tables grow, and an entry of the same name changes the base's."""
    result = dict(base)
    for key, value in table.items():
        known = result.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            result[key] = merged(known, value)
        elif _are_entries(known) and _are_entries(value):
            result[key] = _grown(known, value)
        else:
            result[key] = value
    return result


def _are_entries(value: Any) -> TypeGuard[list[Table]]:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _grown(base: list[Table], more: list[Table]) -> list[Table]:
    entries = {_identity(entry): entry for entry in base}
    for entry in more:
        name = _identity(entry)
        entries[name] = merged(entries[name], entry) if name in entries else entry
    return list(entries.values())


def _identity(entry: Table) -> tuple[Any, ...]:
    return tuple(str(entry.get(key)) for key in ("object", "field", "name", "username"))
