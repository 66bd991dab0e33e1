"""Back to what was before a run: a plan towards older values, which leaves alone what was changed since.

What a run changed here is told by the field history, whose contexts name the run; what it wrote over there by its
events. Both are put back here, as an edit: the push then takes them over there by the usual rules.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, Model, Q, QuerySet

from common import duplicates
from common.bulk import any_of
from common.models import Record
from integrations.models import Run, SyncEvent
from integrations.sync.local import Writer
from integrations.sync.mapping import MISSING, Pair, Vocabulary, to_local
from integrations.sync.provider import Value
from integrations.sync.records import KINDS, RECORD_TYPES, Field, RecordType, Type
from integrations.sync.scope import Scope

CHANGED_SINCE = "changed since"
GONE = "what it pointed at is gone"
NOT_MAPPED = "no field that is mapped now is called so"
UNFIT = "the old value does not fit any more"
POINTERS = {Type.OWNER, Type.STAGE, Type.REFERENCE}
MARGIN = timedelta(minutes=1)  # by which the clocks of workers and database may differ


@dataclass
class Reversal:
    """One record: what goes ``back``, as (field, value now, value before), and why other fields are ``left``."""

    record: Record
    back: list[tuple[Field, Any, Any]] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)

    def weigh(self, one: Field, before: Any, after: Any) -> None:
        """Whether a field goes back: only if it still is as the run left it."""
        present = one.get(self.record)
        if present == before:
            return
        if present == after:
            self.back.append((one, present, before))
        else:
            self.left[one.label] = CHANGED_SINCE


def kind_of_run(run: Run) -> str:
    """The kind of the records of a run; "" when it is of something else."""
    return str(KINDS.get(run.remote_object, ""))


def touched(run: Run, after: int, limit: int) -> list[int]:
    """The next records, by their ids, in which a run changed a field on either side."""
    return list(_touched(run, after).order_by("pk_of_record").values_list("pk_of_record", flat=True)[:limit])


def count_touched(run: Run) -> int:
    return _touched(run, 0).count()


def _touched(run: Run, after: int) -> QuerySet[Any]:
    type_ = RECORD_TYPES[kind_of_run(run)]
    here = _events_here(type_).filter(pgh_context__metadata__run=run.pk, pgh_obj_id__gt=after)
    there = _pushes(run, type_).filter(record_id__gt=after)
    return here.values(pk_of_record=F("pgh_obj_id")).union(there.values(pk_of_record=F("record_id")))


def _events_here(type_: RecordType) -> QuerySet[Any]:
    events: Any = type_.model
    return events.pgh_event_model._default_manager.order_by()


def _pushes(run: Run, type_: RecordType) -> QuerySet[SyncEvent]:
    events = SyncEvent.objects.filter(Q(run=run) | Q(part_of=run), kind=SyncEvent.Kind.PUSHED)
    return events.filter(record_kind=type_.kind)


def reversals(run: Run, ids: Sequence[int], *, is_locking: bool = False) -> list[Reversal]:
    """What undoing a run would do to these records, by a fixed number of queries. Those that are gone are left out."""
    type_ = RECORD_TYPES[kind_of_run(run)]
    rows = type_.model._default_manager.filter(pk__in=any_of(ids, "bigint")).order_by("pk")
    found = {row.pk: Reversal(row) for row in (rows.select_for_update(of=("self",)) if is_locking else rows)}
    fields = type_.fields
    for pk, changes in _changed_here(run, type_, found, fields).items():
        for name, (before, after) in changes.items():
            found[pk].weigh(fields[name], before, after)
    _weigh_pushed(run, type_, found)
    _leave_gone(type_, list(found.values()))
    return list(found.values())


def _changed_here(
    run: Run, type_: RecordType, found: Mapping[int, Reversal], fields: Mapping[str, Field]
) -> dict[int, dict[str, list[Any]]]:
    """By record and field: what it held before the run, and what the run left in it."""
    is_of_run = ExpressionWrapper(Q(pgh_context__metadata__run=run.pk), BooleanField())
    events = _events_here(type_).filter(pgh_obj_id__in=any_of(found, "bigint"))
    events = events.filter(pgh_created_at__gte=run.started_at - MARGIN).annotate(is_of_run=is_of_run)
    by_record: dict[int, list[Any]] = defaultdict(list)
    for event in events.order_by("pgh_obj_id", "pgh_id"):
        by_record[event.pgh_obj_id].append(event)
    own = [one for one in fields.values() if not one.is_custom]
    custom = {one.key: one for one in fields.values() if one.is_custom}
    return {pk: _differences([*rows, found[pk].record], own, custom) for pk, rows in by_record.items()}


def _differences(rows: Sequence[Any], own: Sequence[Field], custom: Mapping[str, Field]) -> dict[str, list[Any]]:
    """Each row is how the record was before the next change; the last one is how it is.

    Of what a run changed twice the first value counts, unless somebody else had set another one in between.
    """
    found: dict[str, list[Any]] = {}
    for row, following in pairwise(rows):
        if not row.is_of_run:
            continue
        for one in [*own, *_differing(row.custom, following.custom, custom)]:
            before, after = one.get(row), one.get(following)
            if before == after:
                continue
            known = found.get(one.name)
            found[one.name] = [known[0] if known and known[1] == before else before, after]
    return found


def _differing(before: Mapping[str, Any], after: Mapping[str, Any], custom: Mapping[str, Field]) -> list[Field]:
    """Of hundreds of custom fields those that changed; there is one column for all."""
    if before == after:
        return []
    keys = {key for key, value in before.items() if after.get(key) != value} | (after.keys() - before.keys())
    return [custom[key] for key in sorted(keys) if key in custom]


def _weigh_pushed(run: Run, type_: RecordType, found: dict[int, Reversal]) -> None:
    """What the run wrote over there in place of something else goes back here first, and from here."""
    events = _pushes(run, type_).filter(record_id__in=any_of(found, "bigint")).select_related("run").order_by("pk")
    by_object: dict[str, dict[int, dict[str, list[Value]]]] = defaultdict(lambda: defaultdict(dict))
    for event in events:
        told = by_object[event.run.remote_object if event.run else run.remote_object][event.record_id]
        for label, pair in event.changes.items():
            if isinstance(pair, list) and len(pair) == 2:  # noqa: PLR2004 - before and after
                told.setdefault(label, list(pair))[1] = pair[1]
    for remote_object, changes in by_object.items():
        if KINDS.get(remote_object) == type_.kind:
            _weigh_words(Scope.load(run.connection, remote_object), found, changes)


def _weigh_words(scope: Scope, found: dict[int, Reversal], changes: dict[int, dict[str, list[Value]]]) -> None:
    """Weigh values that are told in the other side's words, by the names that people know the fields by."""
    pairs = {scope.told_names[pair.name]: pair for pair in scope.pairs}
    named = {label for told in changes.values() for label in told}
    scope = replace(scope, pairs=tuple(pair for label, pair in pairs.items() if label in named))
    records = [found[pk].record for pk in changes if pk in found]
    old = [{pairs[label].name: before for label, (before, _) in told.items() if label in pairs}
           for told in changes.values()]  # fmt: skip
    vocabulary = scope.vocabulary(records, old)
    expressed = scope.express(records, vocabulary)
    for record in records:
        reversal, stage_id = found[record.pk], record.stage_id  # type: ignore[attr-defined] # every kind has a stage
        weighed = {one.name for one, _, _ in reversal.back}
        for label, (before, sent) in changes[record.pk].items():
            pair = pairs.get(label)
            if pair is None:
                reversal.left[label] = NOT_MAPPED
                continue
            if pair.field.name in weighed or expressed[record.pk].get(pair.name) == before:
                continue
            if expressed[record.pk].get(pair.name) != sent:
                reversal.left[label] = CHANGED_SINCE
                continue
            value = _as_ours(pair, before, vocabulary, record)
            if value is MISSING or (value is None and before is not None):
                reversal.left[label] = UNFIT
            else:
                value = scope.as_kept(stage_id, pair.field, value, vocabulary)
                reversal.back.append((pair.field, pair.field.get(record), value))


def _as_ours(pair: Pair, value: Value, vocabulary: Vocabulary, record: Record) -> Any:
    """MISSING also where the field means something else by now: a text is no number."""
    try:
        return to_local(pair, value, vocabulary, pair.field.get(record))
    except (ValueError, ArithmeticError):
        return MISSING


def _leave_gone(type_: RecordType, found: Sequence[Reversal]) -> None:
    """A field can't point again at what is not there any more."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for reversal in found:
        for one, _, before in reversal.back:
            if one.type in POINTERS and before is not None:
                wanted[one.name].add(before)
    present = {name: set(_related(type_, name).filter(pk__in=ids).values_list("pk", flat=True))
               for name, ids in wanted.items()}  # fmt: skip
    for reversal in found:
        kept = []
        for one, now, before in reversal.back:
            if one.type in POINTERS and before is not None and before not in present[one.name]:
                reversal.left[one.label] = GONE
            else:
                kept.append((one, now, before))
        reversal.back = kept


def _related(type_: RecordType, name: str) -> QuerySet[Any]:
    related: Any = type_.model._meta.get_field(name).related_model
    return related._base_manager.all()


def put_back(scope: Scope, found: Iterable[Reversal]) -> list[Record]:
    """Write what goes back, in bulk; returns the records that were changed. The caller holds their locks."""
    writer = Writer(scope)
    changed = []
    for reversal in found:
        for one, _, before in reversal.back:
            one.set(reversal.record, before)
            writer.touch(reversal.record, one.column)
        changed += [reversal.record] if reversal.back else []
    writer.flush()
    looked_at = [pk for pk, columns in writer.columns.items() if duplicates.is_worth_a_look(scope.kind, columns)]
    duplicates.find(scope.kind, looked_at)
    return changed


def told(run: Run, found: Sequence[Reversal]) -> Callable[[Reversal], dict[str, list[str]]]:
    """Tells what goes back in one of these, as [now, before] by label; the names behind ids are read once."""
    type_ = RECORD_TYPES[kind_of_run(run)]
    ids: dict[str, set[int]] = defaultdict(set)
    for reversal in found:
        for one, now, before in reversal.back:
            if one.type in POINTERS:
                ids[one.name] |= {now, before} - {None}
    names: dict[str, dict[int, Model]] = {name: _related(type_, name).in_bulk(pks) for name, pks in ids.items()}

    def text(one: Field, value: Any) -> str:
        if value is None or value == "":
            return ""
        return str(names[one.name].get(value, value) if one.type in POINTERS else value)

    return lambda reversal: {one.label: [text(one, now), text(one, before)] for one, now, before in reversal.back}
