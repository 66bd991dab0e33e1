"""What the directory does to pulled records, by the rule of each field: for a whole page at once.

A rule looks at Salesforce's field and writes ours; the push carries it there as it carries an edit. Kept with the link
is what was written: a value of the directory is written once, so that whoever changes it afterwards, here or there, is
right until the directory says something else. That also ends what would go round where the other side rewrites values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from common import duplicates
from common.bulk import any_of, write_columns
from common.history import told_apart
from common.models import Record
from directory.enriching import Enrichable, enrichable_of, fingerprint, offers, take
from directory.models import Entry
from integrations.models import FieldMapping, Lane, RecordLink, Run, SkippedRecord
from integrations.sync import outbox
from integrations.sync.departures import locked
from integrations.sync.limits import problems
from integrations.sync.mapping import MISSING, Pair, Vocabulary, to_remote
from integrations.sync.page import Applied
from integrations.sync.plan import Base, Direction
from integrations.sync.provider import Values
from integrations.sync.scope import Scope, base_of
from integrations.sync.showing import follow_conditions

Rule = FieldMapping.Enrichment
TELLS = {
    Rule.FILL: "Auto-fill: the field was empty in Salesforce.",
    Rule.OVERWRITE: "Overwrite: the field said something else in Salesforce.",
}


@dataclass(frozen=True)
class Candidate:
    """A record that the directory has an entry of. ``local``: the record in their words."""

    record: Record
    entry: Entry
    link: RecordLink
    base: Base
    local: Values


def enrich(scope: Scope, applied: Applied, run: Run) -> None:
    """Enrich the records of a page that was applied, in its transaction."""
    enrichable = enrichable_of(scope.kind)
    pairs = {pair.field.name: pair for pair in scope.pairs if _has_rule(pair)}
    if enrichable is None or not pairs:
        return
    entries = enrichable.entries_of(_meant(scope, applied))
    if not entries:
        return
    records = locked(scope, entries)
    vocabulary = scope.vocabulary(list(records.values()))
    candidates = _candidates(scope, records, entries, vocabulary)
    written: dict[int, set[str]] = {}
    for rule, words in TELLS.items():
        ruled = {name: pair for name, pair in pairs.items() if pair.enrichment == rule}
        changed = []
        for one in candidates:
            names = [name for name in _offered(enrichable, one, rule) if name in ruled]
            names = [name for name in names if _goes_there(scope, ruled[name], one, vocabulary)]
            if names:
                written.setdefault(one.record.pk, set()).update(take(enrichable, one.record, one.entry, names))
                one.link.enriched |= {name: fingerprint(getattr(one.entry, name)) for name in names}
                one.record.updated_at = timezone.now()
                changed.append(one.record)
        with told_apart(source="Directory", rule=words, run=run.pk):
            write_columns(changed, [*enrichable.columns, "updated_at"])
    _settle(scope, [one for one in candidates if one.record.pk in written], written, run)


def is_known(kind: str, field: str) -> bool:
    """Whether the directory may know a value of a field."""
    enrichable = enrichable_of(kind)
    return enrichable is not None and field in enrichable.names


def _has_rule(pair: Pair) -> bool:
    """What can't be written there is not enriched: the two sides would only differ."""
    goes_there = pair.rule.direction != Direction.IN and pair.remote.is_updateable
    return goes_there and pair.enrichment != Rule.NONE


def _meant(scope: Scope, applied: Applied) -> list[int]:
    """The records of the page that are new to us; all of them, where a setting says so. Not what people keep out."""
    if scope.settings.enrich_existing:
        remote_ids = any_of(record.id for record in applied.page.records)
        links = RecordLink.objects.live().filter(connection=scope.connection, remote_id__in=remote_ids)
        ids = [pk for pk in links.values_list("record_id", flat=True) if pk]
        skipped = set(SkippedRecord.objects.of(scope.kind, ids).values_list("record_id", flat=True))
        return [pk for pk in ids if pk not in skipped]
    return [*applied.created, *(link.record_id for link, _ in applied.changed if link.record_id and not link.pk)]


def _candidates(
    scope: Scope, records: Mapping[int, Record], entries: Mapping[int, Entry], vocabulary: Vocabulary
) -> list[Candidate]:
    links = RecordLink.objects.live().of(scope.kind, list(records)).filter(remote_object=scope.remote_object)
    local = scope.express(list(records.values()), vocabulary)
    return [
        Candidate(records[pk], entries[pk], link, base, local[pk])
        for link in links.select_for_update().order_by("pk")
        if (pk := link.record_id) and (base := base_of(link))
    ]


def _offered(enrichable: Enrichable, one: Candidate, rule: str) -> list[str]:
    """The fields that the directory has something new for."""
    found = [offer for offer in offers(enrichable, one.record, one.entry) if offer.fills or rule == Rule.OVERWRITE]
    return [offer.name for offer in found if one.link.enriched.get(offer.name) != fingerprint(offer.theirs)]


def _goes_there(scope: Scope, pair: Pair, one: Candidate, vocabulary: Vocabulary) -> bool:
    """Whether the rule writes to their field, which takes the value. An edit of ours that waits goes first."""
    if pair.name not in one.base.theirs or one.local.get(pair.name, MISSING) != one.base.our(pair.name):
        return False
    theirs = one.base.theirs[pair.name]
    said = to_remote(pair, getattr(one.entry, pair.field.name), vocabulary)
    if said is MISSING or said is None or said == theirs or (pair.enrichment == Rule.FILL and theirs is not None):
        return False
    return not problems({pair.name: said}, scope.description, is_create=False)


def _settle(scope: Scope, enriched: Sequence[Candidate], written: Mapping[int, set[str]], run: Run) -> None:
    """Remember what was written, and have it pushed."""
    if not enriched:
        return
    write_columns([one.link for one in enriched], ["enriched"])
    outbox.mark_due(scope.connection, scope.kind, [one.record for one in enriched], lane=Lane.BACKGROUND)
    follow_conditions(scope.settings, list(written))
    duplicates.find(scope.kind, [pk for pk, names in written.items() if duplicates.is_worth_a_look(scope.kind, names)])
    run.count(enriched=len(enriched))
