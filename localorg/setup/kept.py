"""What a data folder remembers of the setup that its records were made from."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from localorg.setup.load import DEFAULT, find, is_ready, load
from localorg.setup.model import Setup
from localorg.setup.reading import SetupError, read

FILE = "setup.json"


@dataclass(frozen=True)
class Choice:
    """A setup and where it came from: the name of a ready org, or the whole path of a file."""

    name: str
    setup: Setup

    def keep(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (folder / FILE).write_text(f"{text}\n", encoding="utf-8")


def choose(org: str | None, folder: Path, reset: bool) -> Choice:
    """What the org in a folder is, or is to be made from. Raises SetupError.

    A ready org may have changed with a version of this program; the records stay what they were made from. A file
    that changed says that its author wants something else, which takes a reset.
    """
    kept = _kept(folder)
    if kept is not None and (org is None or (kept.name == _name(org) and is_ready(org) and not reset)):
        return kept
    chosen = Choice(_name(org or DEFAULT), load(org or DEFAULT))
    if kept is not None and kept != chosen and not reset:
        difference = "an earlier state of this file" if kept.name == chosen.name else kept.name
        raise SetupError("", f"the org in {folder} was made from {difference}; --reset makes it anew")
    return chosen


def _kept(folder: Path) -> Choice | None:
    if (folder / FILE).exists():
        table = json.loads((folder / FILE).read_text(encoding="utf-8"))
        try:
            return Choice(table["name"], read(Setup, table["setup"]))
        except SetupError:  # written by a version that knew other keys
            return Choice(table["name"], load(table["name"]))
    # older than setups
    return Choice(DEFAULT, load(DEFAULT)) if (folder / "org.db").exists() else None


def _name(org: str) -> str:
    return org if is_ready(org) else str(find(org).resolve())
