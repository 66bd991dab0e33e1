"""What cells call people, stages and other records, looked up for many rows at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from common.bulk import any_of
from common.domains import registrable_domain
from common.folding import fold
from common.http import LONGEST_NUMBER
from common.visibility import RecordQuerySet


@dataclass
class References:
    """By field: what its cells may name. Rows that are not there may be ``made``: they are stored with the records."""

    may_make: bool = False
    known: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    made: dict[tuple[type[Model], str], Any] = field(default_factory=dict)

    def look_up(self, name: str, rows: Any, texts: Collection[str], label: Any = str) -> None:
        """A few rows (stages, people) are all read; of records those that are named, each in one query."""
        if isinstance(rows, RecordQuerySet):
            self.known[name] = _records(rows, texts)
        elif name not in self.known:
            self.known[name] = _by_words(rows, lambda row: {str(row), label(row), getattr(row, "email", "")})

    def find(self, name: str, text: str, rows: Any, make: Any = None) -> Any:
        """Raises ValidationError."""
        found = self.known[name].get(fold(text), [])
        if len(found) > 1:
            preferred = [one for one in found if getattr(getattr(one, "pipeline", None), "is_default", False)]
            if len(preferred) != 1:
                raise ValidationError(f"Several are called “{text}”: {_ways_out(rows)}.")
            found = preferred
        if found:
            return found[0]
        if self.may_make and make and text and not text.isdecimal():
            key = (rows.model, fold(text))
            if key not in self.made:
                self.made[key] = make(text)
            return self.made[key]
        raise ValidationError(f"There is none called “{text}”.")


def _ways_out(rows: QuerySet[Any]) -> str:
    return "give its domain or its ID in Tandem" if _has_domain(rows) else "give its ID in Tandem"


def _has_domain(rows: QuerySet[Any]) -> bool:
    return any(column.name == "domain" for column in rows.model._meta.fields)


def _records(rows: RecordQuerySet[Any], texts: Collection[str]) -> dict[str, list[Any]]:
    """By name, by domain where they have one, or by id. A name goes before a domain, a domain before an id."""
    folded = {fold(text) for text in texts}
    wanted = [Q(sort_name__in=any_of(folded))]  # each by an index of its own
    ids = {int(text) for text in texts if text.isdecimal() and len(text) <= LONGEST_NUMBER}
    if ids:
        wanted.append(Q(pk__in=any_of(ids, "bigint")))
    domains = {text: registrable_domain(text) for text in folded if "." in text and " " not in text}
    has_domain = _has_domain(rows) and bool(domains)
    if has_domain:
        wanted.append(Q(domain__in=any_of(set(domains.values()) - {""})) & ~Q(domain=""))
    rows_by_id = {row.pk: row for one in wanted for row in rows.filter(one)}
    found: list[Any] = [rows_by_id[pk] for pk in sorted(rows_by_id)]
    by_name = _by_words(found, lambda row: {str(row)})
    by_domain = _by_words(found, lambda row: {row.domain}) if has_domain else {}
    by_id = {str(row.pk): [row] for row in found if row.pk in ids}
    told = {text: by_domain[domain] for text, domain in domains.items() if domain in by_domain}
    return by_id | told | by_name


def _by_words(rows: Iterable[Any], words: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        for word in {fold(str(word)) for word in words(row)} - {""}:
            found[word].append(row)
    return dict(found)
