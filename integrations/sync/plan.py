"""What should move between two copies of a record, given what they last agreed on.

``plan`` is pure: no database, no clock, no settings. Everything else follows from it: only real changes move, our own
write comes back equal to the base and does nothing, an untouched side is never overwritten, and whatever was cut off
half- way is cured by planning again.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from integrations.sync.provider import Value, Values

ABSENT: Any = object()


class Direction(StrEnum):
    BOTH = "both"
    OUT = "out"
    IN = "in"


class Winner(StrEnum):
    """Who prevails when both sides changed a field, or differ on first link."""

    LATEST = "latest"
    THEIRS = "theirs"
    OURS = "ours"
    TRUE = "true"


class Side(StrEnum):
    OURS = "ours"
    THEIRS = "theirs"


@dataclass(frozen=True)
class Rule:
    """How a field is kept in step. Fields of one ``unit`` (an address) move together."""

    direction: Direction = Direction.BOTH
    winner: Winner = Winner.LATEST
    unit: str = ""


@dataclass(frozen=True)
class Base:
    """The last agreed values. ``ours`` holds our side's only where the two agreed to differ."""

    theirs: Values = field(default_factory=dict)
    ours: Values = field(default_factory=dict)

    def our(self, name: str) -> Value:
        return self.ours.get(name, self.theirs.get(name))

    def after(self, sent: Values, remote: Values) -> "Base":
        """With what was sent without an answer agreed wherever theirs holds it."""
        arrived = {
            name: value
            for name, value in sent.items()
            if name in self.theirs and name in remote and value == remote[name] != self.theirs[name]
        }
        if not arrived:
            return self
        return Base(
            {**self.theirs, **arrived}, {name: value for name, value in self.ours.items() if name not in arrived}
        )


@dataclass(frozen=True)
class Conflict:
    """A field that both sides changed; the loser's value is kept for people to see."""

    name: str
    base: Value
    ours: Value
    theirs: Value
    winner: Side


@dataclass
class Plan:
    """What to write on each side, and the base once that is done."""

    to_local: dict[str, Value] = field(default_factory=dict)
    to_remote: dict[str, Value] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    theirs: dict[str, Value] = field(default_factory=dict)
    ours: dict[str, Value] = field(default_factory=dict)

    @property
    def base(self) -> Base:
        return Base(self.theirs, self.ours)

    @property
    def is_empty(self) -> bool:
        return not self.to_local and not self.to_remote

    def agree(self, name: str, value: Value) -> None:
        self.theirs[name] = value
        self.ours.pop(name, None)

    def agree_to_differ(self, name: str, local: Value, remote: Value) -> None:
        self.agree(name, remote)
        if local != remote:
            self.ours[name] = local

    def keep(self, name: str, base: Base) -> None:
        if name in base.theirs:
            self.theirs[name] = base.theirs[name]
        if name in base.ours:
            self.ours[name] = base.ours[name]

    def leave_ours(self, base: Base | None) -> None:
        """Write nothing here: what theirs changed stays to be planned when they are pulled."""
        for name in self.to_local:
            del self.theirs[name]
            self.keep(name, base or Base())
        self.to_local.clear()

    def push(self, name: str, value: Value) -> None:
        self.to_remote[name] = value
        self.agree(name, value)

    def pull(self, name: str, value: Value) -> None:
        self.to_local[name] = value
        self.agree(name, value)


def changed_later(ours_at: Mapping[str, datetime], theirs_at: datetime) -> set[str]:
    """The fields that were changed here after theirs. They tell whole seconds: within the same one theirs is later."""
    return {name for name, at in ours_at.items() if at.replace(microsecond=0) > theirs_at}


def plan(
    base: Base | None,
    local: Values,
    remote: Values,
    rules: Mapping[str, Rule],
    later: Collection[str] = (),
    sent: Values | None = None,
) -> Plan:
    """What to write where.

    ``base`` is None on first link. A name that ``local`` or ``remote`` lacks can't be expressed or seen on that side
    (an owner without a user there, a hidden field): that side counts as untouched. A name that ``base`` lacks was
    mapped after the two were linked: the sides agree to differ until one changes. ``later`` names what was changed here
    after it was changed there; a unit is as late as the last of its fields. ``sent`` is what a first link sent before
    and had no answer to: what theirs holds of it is ours.
    """
    result = Plan()
    touched = list(rules) if base is None else _touched(result, base, local, remote, rules)
    for names in _units(touched, rules):
        known = [name for name in names if name in remote]
        for name in set(names) - set(known):
            result.keep(name, base or Base())
        shared = [name for name in known if name in local]
        for name in set(known) - set(shared):
            _take_unexpressed(result, name, base, remote[name], rules[name])
        if shared:
            _decide(result, shared, base, local, remote, rules[shared[0]], later, sent or {})
    return result


def _touched(result: Plan, base: Base, local: Values, remote: Values, rules: Mapping[str, Rule]) -> list[str]:
    """The names that there is something to decide about; the others keep their base. Most do, so this is quick."""
    theirs, ours = base.theirs, base.ours
    touched = []
    for name in rules:
        value = theirs.get(name, ABSENT)
        if remote.get(name, ABSENT) == value != ABSENT and local.get(name, ABSENT) == ours.get(name, value):
            result.theirs[name] = value
            if name in ours:
                result.ours[name] = ours[name]
        else:
            touched.append(name)
    return touched


def _units(touched: Iterable[str], rules: Mapping[str, Rule]) -> Iterable[list[str]]:
    """What is decided together: each touched name, or the whole unit that it belongs to."""
    units: dict[str, list[str]] = {}
    for name in touched:
        unit = rules[name].unit
        if not unit:
            units[name] = [name]
        elif f"unit {unit}" not in units:
            units[f"unit {unit}"] = [other for other, rule in rules.items() if rule.unit == unit]
    return units.values()


def _take_unexpressed(result: Plan, name: str, base: Base | None, remote: Value, rule: Rule) -> None:
    """Ours can't be said in their words, so it can't have changed; theirs may have."""
    is_new = base is None or name not in base.theirs
    has_changed = remote is not None if base is None else not is_new and remote != base.theirs[name]
    if has_changed and rule.direction != Direction.OUT:
        result.pull(name, remote)
    else:
        result.agree(name, remote)


def _decide(
    result: Plan,
    names: list[str],
    base: Base | None,
    local: Values,
    remote: Values,
    rule: Rule,
    later: Collection[str],
    sent: Values,
) -> None:
    if all(local[name] == remote[name] for name in names):
        for name in names:
            result.agree(name, remote[name])
    elif base is None:
        _link(result, names, local, remote, rule, sent)
    elif any(name not in base.theirs for name in names):
        for name in names:
            result.agree_to_differ(name, local[name], remote[name])
    else:
        _move(result, names, base, local, remote, rule, later)


def _link(result: Plan, names: list[str], local: Values, remote: Values, rule: Rule, sent: Values) -> None:
    """First link: their non-empty values win, their empty ones are filled with ours. A unit is empty as a whole."""
    if rule.winner == Winner.TRUE:
        _settle(result, names, local, remote, rule, Side.OURS if any(local[name] for name in names) else Side.THEIRS)
        return
    is_remote_empty = all(remote[name] is None or remote[name] == sent.get(name) for name in names)
    _settle(result, names, local, remote, rule, Side.OURS if is_remote_empty else Side.THEIRS)


def _move(
    result: Plan, names: list[str], base: Base, local: Values, remote: Values, rule: Rule, later: Collection[str]
) -> None:
    is_ours_changed = any(local[name] != base.our(name) for name in names)
    is_theirs_changed = any(remote[name] != base.theirs[name] for name in names)
    if not is_ours_changed and not is_theirs_changed:
        for name in names:
            result.keep(name, base)
        return
    if is_ours_changed and is_theirs_changed and rule.direction == Direction.BOTH:
        side = _winner(names, local, rule, later)
        result.conflicts += [
            Conflict(name, base.theirs[name], local[name], remote[name], side)
            for name in names
            if local[name] != remote[name]
        ]
    elif is_ours_changed and is_theirs_changed:
        side = Side.OURS if rule.direction == Direction.OUT else Side.THEIRS
    else:
        side = Side.OURS if is_ours_changed else Side.THEIRS
    _settle(result, names, local, remote, rule, side)


def _winner(names: list[str], local: Values, rule: Rule, later: Collection[str]) -> Side:
    match rule.winner:
        case Winner.OURS:
            return Side.OURS
        case Winner.THEIRS:
            return Side.THEIRS
        case Winner.TRUE:
            return Side.OURS if any(local[name] for name in names) else Side.THEIRS
    return Side.OURS if any(name in later for name in names) else Side.THEIRS


def _settle(result: Plan, names: list[str], local: Values, remote: Values, rule: Rule, side: Side) -> None:
    """Write the winning side's values on the other, where the direction lets them through."""
    is_allowed = rule.direction != (Direction.IN if side == Side.OURS else Direction.OUT)
    for name in names:
        if local[name] == remote[name]:
            result.agree(name, remote[name])
        elif not is_allowed:
            result.agree_to_differ(name, local[name], remote[name])
        elif side == Side.OURS:
            result.push(name, local[name])
        else:
            result.pull(name, remote[name])
