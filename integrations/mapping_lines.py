"""Rows of the mapping, plainly: pages look through hundreds of them."""

from typing import NamedTuple

from django.db.models import QuerySet

from integrations.models import FieldMapping


class MappingLine(NamedTuple):
    """A row without the cost of a model's instance, which is six times that of reading it."""

    record_kind: str
    remote_object: str
    field: str
    remote_field: str
    direction: str
    winner: str
    enrichment: str
    value_map: list[dict[str, str]]
    unlisted: str
    is_compared: bool

    @classmethod
    def all_of(cls, rows: QuerySet[FieldMapping]) -> "list[MappingLine]":
        return [cls(*row) for row in rows.values_list(*cls._fields)]

    def get_direction_display(self) -> str:
        return str(FieldMapping.Direction(self.direction).label)
