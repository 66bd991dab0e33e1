"""What becomes of each row: a new record, a changed one, or a reason why not. Nothing is written here."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q

from common.bulk import any_of, maker
from common.custom import as_json
from common.http import LONGEST_NUMBER
from common.importing import cells
from common.importing.files import Row, padded
from common.importing.kinds import Kind, kind_named
from common.importing.references import References
from common.importing.targets import ID, Target, targets_of
from common.models import Origin, Record
from common.records import record_model
from common.visibility import seen_of

if TYPE_CHECKING:
    from users.models import User

EMPTY: tuple[Any, ...] = (None, "", [], {})


class Policy(StrEnum):
    SKIP = "skip"
    FILL = "fill"
    OVERWRITE = "overwrite"
    ANYWAY = "anyway"


class Fate(StrEnum):
    """As counts of a job have it."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "already there, skipped"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Settings:
    """What was chosen. ``columns``: the target of each column, "" for none."""

    kind: str
    head: list[str]
    columns: list[str]
    policy: str = Policy.SKIP
    day_first: bool = False
    makes_accounts: bool = False
    afterwards: dict[str, str] = field(default_factory=dict)


@dataclass
class Planned:
    """A row and what becomes of it. ``errors``: by column, None for the row as a whole."""

    line: int
    texts: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[int | None, str] = field(default_factory=dict)
    fate: Fate = Fate.REJECTED
    record: Any = None
    changed: set[str] = field(default_factory=set)

    @property
    def whole_error(self) -> str:
        return self.errors.get(None, "")

    @property
    def reason(self) -> str:
        return " ".join(self.errors.values())


class Planner:
    """Plans pieces of one file. ``locks``: the records that are found are about to be written."""

    def __init__(self, settings: Settings, user: "User") -> None:
        kind = kind_named(settings.kind)
        if kind is None:
            raise ValueError(settings.kind)
        self.kind: Kind = kind
        self.settings, self.user = settings, user
        self.model: type[Record] = record_model(settings.kind)
        self.targets = targets_of(kind)
        self.columns = [(at, self.targets[name]) for at, name in enumerate(settings.columns) if name in self.targets]
        self.references = References(may_make=settings.makes_accounts)
        first = {"owner_id": user.pk, "origin": Origin.CSV_UPLOAD, **kind.first()}
        self.make = maker(self.model, **first)
        blank = self.make()
        self.required = [
            one
            for one in self.targets.values()
            if one.field and one.field.required and not one.key and blank.serializable_value(one.name) in EMPTY
        ]

    def plan(self, rows: Sequence[Row], *, locks: bool = False) -> list[Planned]:
        planned = [Planned(line, texts) for line, texts in rows]
        self.references.made.clear()
        self._look_up(planned)
        read: dict[tuple[str, str], Any] = {}
        for one in planned:
            self._read(one, read)
        index = _Index(self, planned, locks=locks)
        for one in planned:
            self._decide(one, index)
        self._check([one for one in planned if one.fate in (Fate.CREATED, Fate.UPDATED)])
        return planned

    # --- reading -----------------------------------------------------------------------------------------------------

    def _look_up(self, planned: Sequence[Planned]) -> None:
        for at, target in self.columns:
            if isinstance(target.field, forms.ModelChoiceField):
                texts = {cells.bare(one.texts[at]) for one in planned if at < len(one.texts)} - {""}
                self.references.look_up(target.name, target.field.queryset, texts, target.field.label_from_instance)

    def _read(self, one: Planned, read: dict[tuple[str, str], Any]) -> None:
        """The same text in the same column is read once."""
        width = len(self.settings.head)
        if any(text.strip() for text in one.texts[width:]):
            one.errors[None] = f"It has more cells than the first row ({width})."
        one.texts = padded(one.texts, width)
        for at, target in self.columns:
            text = cells.bare(one.texts[at])
            if not text:
                continue
            key = (target.name, text)
            if key not in read:
                try:
                    read[key] = self._value(target, text)
                except ValidationError as error:
                    read[key] = error
            value = read[key]
            if isinstance(value, ValidationError):
                one.errors[at] = f"{target.label}: {' '.join(value.messages)}"
            elif target.field is None and target.name != ID:
                one.values = {**value, **one.values}  # its parts, where they have no column of their own
            else:
                one.values[target.name] = value

    def _value(self, target: Target, text: str) -> Any:
        if target.name == ID:
            if not text.isdecimal() or len(text) > LONGEST_NUMBER:
                raise ValidationError("An ID is a number.")
            return int(text)
        if target.field is None:
            parts = self.kind.made_of[target.name][1](text)
            return {name: self._value(self.targets[name], part) for name, part in parts.items() if part}
        if isinstance(target.field, forms.ModelChoiceField):
            rows: Any = target.field.queryset
            return self.references.find(target.name, text, rows, self._maker_of(rows.model))
        return cells.value_of(target.field, text, day_first=self.settings.day_first)

    def _maker_of(self, model: Any) -> Any:
        """Makes what is named and not there, of kinds for which a name will do."""
        kind = next((one for one in _kinds_of(model) if one.making), None)
        if kind is None or kind.making is None:
            return None
        making, first = kind.making, {"owner_id": self.user.pk, "origin": Origin.CSV_UPLOAD, **kind.first()}
        return lambda text: _derived(model(**first, **making(text)))

    # --- deciding ----------------------------------------------------------------------------------------------------

    def _decide(self, one: Planned, index: "_Index") -> None:
        if one.errors:
            return
        pk = one.values.pop(ID, None)
        policy = self.settings.policy
        try:
            if pk is not None:
                found = index.by_id.get(pk)
                if found is None:
                    raise ValidationError(f"There is no {self.kind.kind} with the ID {pk}.")
            else:
                found = None if policy == Policy.ANYWAY else index.match(one, policy)
            if found is None:
                self._create(one)
            elif policy == Policy.SKIP:
                one.fate, one.record = Fate.SKIPPED, found
            else:
                self._update(one, found, fills_only=policy == Policy.FILL)
        except ValidationError as error:
            one.fate, one.record = Fate.REJECTED, None
            one.errors[None] = " ".join(error.messages)
            return
        if one.fate in (Fate.CREATED, Fate.UPDATED):
            index.add(one.record)

    def _create(self, one: Planned) -> None:
        lacking = [target.label for target in self.required if target.name not in one.values]
        if lacking:
            raise ValidationError(f"{' and '.join(lacking)} must not be empty.")
        record = self.make()
        record.custom = {}
        self.kind.follow(record, self._assign(record, one.values))
        _derived(record)
        one.fate, one.record = Fate.CREATED, record

    def _update(self, one: Planned, record: Any, *, fills_only: bool) -> None:
        before = {name: getattr(record, name) for name in record.__dict__ if not name.startswith("_")}
        changed = self._assign(record, one.values, fills_only=fills_only)
        try:
            changed = self.kind.follow(record, changed) if changed else changed
        except ValidationError:
            vars(record).update(before)
            raise
        _derived(record)
        derived = {name for name, (source, _) in record.DERIVED.items() if source in changed}
        one.record, one.changed = record, changed | derived
        one.fate = Fate.UPDATED if changed else Fate.UNCHANGED

    def _assign(self, record: Any, values: dict[str, Any], *, fills_only: bool = False) -> set[str]:
        changed = set()
        for name, value in values.items():
            key = self.targets[name].key
            present = record.custom.get(key) if key else record.serializable_value(name)
            new = as_json(value) if key else value.pk if isinstance(value, Model) else value
            is_made = isinstance(value, Model) and value.pk is None
            if (fills_only and present not in EMPTY) or (present == new and not is_made):
                continue
            if key:
                record.custom = {**record.custom, key: new}
                changed.add("custom")
            else:
                setattr(record, name, value)
                changed.add(name)
        return changed

    def _check(self, planned: Sequence[Planned]) -> None:
        wrong = self.kind.check([one.record for one in planned if one.changed])
        for one in planned:
            if one.changed and one.record.pk in wrong:
                one.fate, one.errors[None] = Fate.REJECTED, wrong[one.record.pk]


class _Index:
    """The records that the rows may mean: those that are there, and those that earlier rows make."""

    def __init__(self, planner: Planner, planned: Sequence[Planned], *, locks: bool) -> None:
        self.kind, self.user = planner.kind, planner.user
        rows = seen_of(planner.model, planner.user)
        ids = {one.values[ID] for one in planned if ID in one.values}
        wanted: set[int] = set()
        if ids:
            wanted |= set(rows.filter(pk__in=any_of(ids, "bigint")).values_list("pk", flat=True))
        for likeness in self.kind.likenesses if planner.settings.policy != Policy.ANYWAY else ():
            keys = {key for one in planned if (key := likeness.of_values(one.values)) is not None}
            for condition in likeness.among(keys) if keys else ():
                wanted |= set(rows.filter(condition).values_list("pk", flat=True))
        found = rows.filter(Q(pk__in=any_of(wanted, "bigint"))).order_by("pk") if wanted else rows.none()
        if locks:
            found = found.select_for_update(of=("self",))
        self.by_id: dict[int, Any] = {}
        self.by_key: list[dict[Hashable, list[Any]]] = [defaultdict(list) for _ in self.kind.likenesses]
        for record in found:
            self.by_id[record.pk] = record
            self.add(record)

    def add(self, record: Any) -> None:
        for likeness, known in zip(self.kind.likenesses, self.by_key, strict=True):
            for key in likeness.of_record(record):
                if not any(record is one for one in known[key]):
                    known[key].append(record)

    def match(self, one: Planned, policy: str) -> Any:
        """The record that a row means. Raises ValidationError when several may be meant and one would be changed."""
        for likeness, known in zip(self.kind.likenesses, self.by_key, strict=True):
            key = likeness.of_values(one.values)
            found = [record for record in known.get(key, ()) if likeness.agrees(one.values, record)] if key else []
            if len(found) > 1 and policy != Policy.SKIP:
                ids = ", ".join(str(record.pk) for record in found[:5] if record.pk)
                raise ValidationError(f"Several records may be meant{f' (IDs {ids})' if ids else ''}: give the ID.")
            if found:
                return found[0]
        return None


def _kinds_of(model: type[Any]) -> Iterable[Kind]:
    return (
        kind for name in ("account", "contact", "deal") if (kind := kind_named(name)) and record_model(name) is model
    )


def _derived(record: Any) -> Any:
    record.derive()
    return record
