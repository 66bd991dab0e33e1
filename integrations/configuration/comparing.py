"""Two sets of settings beside each other: what changes from what to what, by section. Pure functions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.configuration.export import FIELD_PARTS, PLACES, REMOTE, Data

TITLES = {"contacts": "Contacts & leads", "accounts": "Accounts", "deals": "Deals"}
PARTS = {
    "settings": "Pull and push",
    "stage_follows_opportunities": "Stages that follow opportunities",
    "fields": "Fields",
    "statuses": "Stages",
    "conditions": "Pull conditions",
    "deletions": "Deletions and merges",
}
ACTIVITIES = {
    "settings": ("Activities", "activities"),
    "exclusion_rules": ("Activities: exclusion rules of e-mails", "exclusion_rules"),
}
NOTHING = "–"
REPLACED = ("people", "fields", "statuses", "exclusion_rules")  # what is left out of these goes


@dataclass(frozen=True)
class Difference:
    """``before``, ``after``: as people read them; ``NOTHING`` where there is none."""

    name: str
    before: str
    after: str


@dataclass
class Section:
    """``kind`` and ``part``: which settings its names belong to; ``left_out``: how many differences are not told."""

    title: str
    differences: list[Difference] = field(default_factory=list)
    kind: str = ""
    part: str = ""
    left_out: int = 0


def overlaid(present: Data, given: Mapping[str, Any]) -> Data:
    """The settings that there would be: what is given over what is, lists as a whole."""
    wanted = dict(present)
    for name, value in given.items():
        if value is None:
            continue
        if isinstance(value, Mapping) and name not in REPLACED:
            below = present.get(name)
            wanted[name] = overlaid(below if isinstance(below, Mapping) else {}, value)  # type: ignore[arg-type]
        else:
            wanted[name] = value
    return wanted


def compared(before: Data, after: Data) -> list[Section]:
    """Only sections in which something differs."""
    found = [
        _section("Team", before.get("team"), after.get("team")),
        *(
            _section(
                f"Custom fields of {place}", _in(before, "custom_fields", place), _in(after, "custom_fields", place)
            )
            for place in PLACES.values()
        ),
        *(section for kind, place in PLACES.items() for section in _of_kind(kind, before.get(place), after.get(place))),
        *(
            _section(title, _in(before, "activities", part), _in(after, "activities", part), part=named)
            for part, (title, named) in ACTIVITIES.items()
        ),
        _section("People", before.get("people"), after.get("people")),
    ]
    return [section for section in found if section.differences]


def shortened(sections: Iterable[Section], most: int) -> Iterator[Section]:
    """The same with so many differences in all, the first ones."""
    for section in sections:
        told = section.differences[:most]
        most -= len(told)
        yield replace(section, differences=told, left_out=len(section.differences) - len(told))


def _of_kind(kind: str, before: Any, after: Any) -> Iterator[Section]:
    before, after, title = before or {}, after or {}, TITLES[PLACES[kind]]
    for part in ("settings", "stage_follows_opportunities"):
        yield _section(f"{title}: {PARTS[part].lower()}", before.get(part), after.get(part), kind, part)
    for name in REMOTE[kind]:
        for part in ("fields", "statuses", "conditions", "deletions"):
            of = f"{title}, {name}" if len(REMOTE[kind]) > 1 else title
            yield _section(f"{of}: {PARTS[part].lower()}", _in(before, name, part), _in(after, name, part), kind, part)


def _in(data: Data, *path: str) -> Any:
    for name in path:
        data = data.get(name) or {}
    return data


def _section(title: str, before: Any, after: Any, kind: str = "", part: str = "") -> Section:
    if isinstance(before, list) or isinstance(after, list):
        return Section(title, _differences_of_lists(before or [], after or []), kind, part)
    before, after = before or {}, after or {}
    names = [*before, *(name for name in after if name not in before)]
    rows = (row for name in names for row in _differences(name, before, after))
    return Section(title, list(rows), kind, part)


def _differences(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = before.get(name), after.get(name)
    if old == new and (name in before) == (name in after):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if "salesforce" in old:
            old, new = {**FIELD_PARTS, **old}, {**FIELD_PARTS, **new}
        changed = [part for part in {**old, **new} if old.get(part) != new.get(part)]
        yield Difference(name, _parts(old, changed), _parts(new, changed))
    else:
        yield Difference(name, told(old) if name in before else NOTHING, told(new) if name in after else NOTHING)


def _parts(value: Mapping[str, Any], names: list[str]) -> str:
    """Those parts of an entry that differ; which one it is goes without saying where there is one."""
    return ", ".join(f"{part}: {told(value.get(part))}" for part in names)


def _differences_of_lists(before: list[Any], after: list[Any]) -> list[Difference]:
    gone = [Difference("condition", told(one), NOTHING) for one in before if one not in after]
    come = [Difference("condition", NOTHING, told(one)) for one in after if one not in before]
    return [*gone, *come]


def told(value: Any) -> str:
    """A value as people read it."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case "":
            return "empty"
        case {"field": str(field), "operator": str(operator), **rest}:
            values: Any = rest.get("values", [])
            return " ".join([field, operator.replace("_", " "), " or ".join(values)]).strip()
        case {"ours": ours, "theirs": theirs, **rest}:
            return f"{ours} = {theirs}" + (f" ({rest['way']})" if rest.get("way") else "")
        case {"salesforce": remote, **rest}:
            return ", ".join([remote, *(f"{name}: {told(one)}" for name, one in rest.items())])
        case Mapping():
            return ", ".join(f"{name}: {told(one)}" for name, one in value.items())
        case list():
            return "; ".join("no stage" if one is None else told(one) for one in value) or "none"
    return str(value)
