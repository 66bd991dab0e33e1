"""Finds an org's file, reads it, and what it extends."""

import json
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeGuard

from localorg.setup.model import Setup
from localorg.setup.reading import SetupError, read

READY = Path(__file__).parent.parent / "orgs"
KEPT = "setup.json"  # in the data folder

Table = dict[str, Any]


def load(name: str) -> Setup:
    """``name``: a ready org or the path of a file. Raises SetupError, whose text begins with the file."""
    path = find(name)
    try:
        return read(Setup, whole(path))
    except SetupError as error:
        raise SetupError(path.name, str(error)) from None


def keep(setup: Setup, folder: Path) -> None:
    """Write down, whole, what the org in this data folder is made from."""
    text = json.dumps(asdict(setup), indent=2, ensure_ascii=False)
    (folder / KEPT).write_text(f"{text}\n", encoding="utf-8")


def kept(folder: Path) -> Setup | None:
    """What was written down; None for a folder that is new, or older than setups."""
    path = folder / KEPT
    return read(Setup, json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def find(name: str) -> Path:
    ready = READY / f"{name}.toml"
    path = ready if ready.is_file() else Path(name)
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in READY.glob("*.toml")))
        raise SetupError("", f"there is no org {name}; give the path of a file or one of: {names}")
    return path


def whole(path: Path) -> Table:
    """The file's tables on top of those of the org that it extends."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError("", str(error)) from None
    base = table.get("extends")
    return merged(whole(find(base)), table) if isinstance(base, str) else table


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
