"""What points at records, whichever app it lives in: found by the models' own relations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import CASCADE, SET_NULL, Exists, OuterRef, QuerySet

from common.bulk import any_of


@dataclass(frozen=True)
class Relation:
    """A column of another model that points at records of ours. ``goes_along``: its row is deleted with the record."""

    model: type[models.Model]
    field: Any
    goes_along: bool

    @property
    def name(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    @classmethod
    def named(cls, name: str) -> "Relation":
        label, _, field = name.rpartition(".")
        model = apps.get_model(label)
        column: Any = model._meta.get_field(field)
        return cls(model, column, column.remote_field.on_delete is CASCADE)

    @staticmethod
    def model_of(label: str) -> type[models.Model]:
        return apps.get_model(label)

    def rows(self, ids: Sequence[Any]) -> QuerySet[Any]:
        """Rows that point at any of these."""
        return self.model._base_manager.filter(**{f"{self.field.name}__in": any_of(ids, "bigint")})

    def without_twin(self, rows: QuerySet[Any], target_id: int) -> QuerySet[Any]:
        """Those of ``rows`` that may point at ``target_id`` instead: it does not have the like of them already."""
        for names in self._unique_sets():
            same = {name: OuterRef(name) for name in names if name != self.field.name}
            twins = self.model._base_manager.filter(**same, **{self.field.attname: target_id})
            rows = rows.filter(~Exists(twins))
        return rows

    def _unique_sets(self) -> Iterator[tuple[str, ...]]:
        options = self.model._meta
        sets = [*options.unique_together, *(one.fields for one in options.total_unique_constraints)]
        yield from (tuple(names) for names in sets if self.field.name in names)


@cache
def relations_to(model: type[models.Model]) -> tuple[Relation, ...]:
    """The relations that a deletion follows: it takes rows along, or empties their column."""
    candidates = (field for field in model._meta.get_fields(include_hidden=True) if field.auto_created)
    columns = [field for field in candidates if not field.concrete and (field.one_to_many or field.one_to_one)]
    return tuple(
        Relation(column.related_model, column.field, column.on_delete is CASCADE)  # type: ignore[union-attr, arg-type]
        for column in columns
        if getattr(column, "on_delete", None) in (CASCADE, SET_NULL)
    )


def existing(model: type[models.Model], ids: Sequence[Any]) -> set[Any]:
    """Which of these ids there are."""
    return set(model._base_manager.filter(pk__in=list(ids)).values_list("pk", flat=True))


def stored_fields(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if not field.generated]


def values_of(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in stored_fields(type(row))}


def rows_from(model: type[models.Model], stored: Sequence[dict[str, Any]]) -> list[Any]:
    """Rows as they were kept. A column that has come since gets its default; one that is gone is left out.

    What points at something that is no more points nowhere; a row that must point at it is left out.
    """
    fields = stored_fields(model)
    made = [
        model(**{field.attname: field.to_python(one[field.attname]) for field in fields if field.attname in one})
        for one in stored
    ]
    for field in (field for field in fields if field.is_relation):
        targets = {getattr(row, field.attname) for row in made} - {None}
        gone = targets - existing(field.remote_field.model, list(targets)) if targets else set()
        made = [row for row in made if field.null or getattr(row, field.attname) not in gone]
        for row in made:
            if getattr(row, field.attname) in gone:
                setattr(row, field.attname, None)
    return made
