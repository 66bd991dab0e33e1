"""Which sources the directory has entries of, and how many of each."""

from dataclasses import dataclass

from django.db import connection

from directory.models import Company, Prospect


@dataclass
class Source:
    name: str
    people: int = 0
    companies: int = 0


def all_sources() -> list[Source]:
    found: dict[str, Source] = {}
    for model, counted in ((Prospect, "people"), (Company, "companies")):
        for name in _names(model._meta.db_table):
            number = model.objects.filter(source=name).count()
            setattr(found.setdefault(name, Source(name)), counted, number)
    return sorted(found.values(), key=lambda source: source.name)


def _names(table: str) -> list[str]:
    """From one to the next in the index, however many entries each has."""
    sql = f"""WITH RECURSIVE each AS (
            (SELECT source FROM {table} ORDER BY source LIMIT 1)
            UNION ALL
            SELECT (SELECT source FROM {table} WHERE source > each.source ORDER BY source LIMIT 1)
            FROM each WHERE each.source IS NOT NULL
        ) SELECT source FROM each WHERE source IS NOT NULL"""  # noqa: S608 - a table of ours
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [name for (name,) in cursor.fetchall()]
