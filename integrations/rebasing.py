"""What was agreed on in other words: bases follow a value map that changes, so that nothing looks like an edit.

A link's base holds what the two records last agreed on, ours as the old map called it. Called otherwise, the same
value would differ from it, and be sent. So where our record still holds what was agreed, the base is told its new name
there: the sides agree to differ until one of them changes, or the mapping is applied to existing records. An edit that
has yet to be pushed keeps its base, and goes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, Func, JSONField, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from integrations.models import FieldMapping, RecordLink
from integrations.sync.mapping import Pair, Vocabulary, to_remote
from integrations.sync.plan import Rule
from integrations.sync.provider import Description
from integrations.sync.records import CUSTOM, RECORD_TYPES, Field, Type
from integrations.sync.value_map import ValueMap

Words = Iterable[Mapping[str, str]]


def rebase(row: FieldMapping, before: Words, description: Description, links: QuerySet[RecordLink]) -> bool:
    """Have the bases follow; ``row`` holds the new words. Answers whether the sides now differ on any record."""
    field = RECORD_TYPES[row.record_kind].fields[row.field]
    remote = description.fields[row.remote_field]
    old, new = (Pair(field, remote, Rule(), ValueMap.of(words)) for words in (before, row.value_map))
    agreed = links.annotate(
        said=Coalesce(KeyTextTransform(remote.name, "base_ours"), KeyTextTransform(remote.name, "base"))
    ).filter(base__has_key=remote.name)
    records: Any = RECORD_TYPES[row.record_kind].model._default_manager
    differs = False
    for value in _values(records, field, _changed(old.value_map.out, new.value_map.out)):
        was, is_now = (to_remote(pair, value, Vocabulary()) for pair in (old, new))
        if was != is_now:
            holders = records.filter(**{_lookup(field): value})
            touched = agreed.filter(record_id__in=holders.values("pk"), said=was)
            differs |= bool(touched.update(base_ours=_With("base_ours", Value({remote.name: is_now}, JSONField()))))
    return differs or _means_otherwise(agreed, remote.name, _changed(old.value_map.back, new.value_map.back))


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [value for value in {**before, **after} if before.get(value, value) != after.get(value, value)]


def _lookup(field: Field) -> str:
    return f"custom__{field.name.removeprefix(CUSTOM)}" if field.is_custom else field.name


def _values(records: Any, field: Field, changed: list[str]) -> list[Any]:
    """The values of ours that hold any of these."""
    if not changed:
        return []
    name = _lookup(field)
    has = "has_any_keys" if field.type == Type.MULTI_PICKLIST else "in"
    found = records.filter(**{f"{name}__{has}": changed}).order_by().values_list(name, flat=True).distinct()
    return list(found)


def _means_otherwise(agreed: QuerySet[RecordLink], name: str, changed: list[str]) -> bool:
    """Whether any record holds a value there that would now be read as another one."""
    there = KeyTextTransform(name, "base")
    holds = Q()
    for value in changed:
        holds |= Q(parts__contains=f";{value};")
    with_ends = _Joined(Value(";"), Cast(there, TextField()), Value(";"))
    return bool(changed) and agreed.annotate(parts=with_ends).filter(holds).exists()


class _Joined(Func):
    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = TextField()


class _With(Func):
    """A JSON object with other keys laid over it."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = JSONField()

    def __init__(self, column: str, laid_over: Value) -> None:
        super().__init__(F(column), laid_over)
