"""Applying pulled records to ours: a page at a time, in the caller's transaction, with a fixed number of queries."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db.models import Case, Q, When

from common import duplicates
from common.bulk import any_of, copy_in
from integrations.models import Arrivals, RecordLink, Run, SkippedRecord
from integrations.sync.arrivals import adopt_or_create, left_to_their_push
from integrations.sync.casting import records_arrived
from integrations.sync.departures import follow, note_lead, note_tombstone
from integrations.sync.enriching import enrich
from integrations.sync.linking import NOTED, SEEN, store_links
from integrations.sync.local import Writer
from integrations.sync.mapping import normal
from integrations.sync.merging import merge
from integrations.sync.page import Applied, Known, Page, is_gone, is_pushed_since
from integrations.sync.provider import RemoteRecord
from integrations.sync.returns import bring_back, follow_ended_links, note_unmerged
from integrations.sync.scope import Scope
from integrations.sync.stages import learn
from integrations.sync.tombstones import ERASED

PLAIN = {"string", "textarea", "phone", "email", "url", "picklist", "reference", "id", "date"}


def apply_page(scope: Scope, page: Page, run: Run) -> Counter[str]:
    """Bring our side up to date with a page of theirs; returns what became of its records.

    A record that was pushed since is left to the next pull, which reads it again: the page shows it as it was before.
    """
    applied = Applied(page)
    records = list({record.id: record for record in page.records}.values())
    stamps = _stamps(scope, records)
    fresh = [record for record in records if record.is_deleted or stamps.get(record.id) != record.changed_at]
    applied.counts["unchanged"] += len(records) - len(fresh)
    if not fresh:
        enrich(scope, applied, run)
        return applied.counts
    _normalise(scope, fresh)
    learn(scope, fresh)
    known = Known.load(scope, fresh, set(stamps))
    skipped = _skipped(scope, known)
    for record in fresh:
        link = known.own.get(record.id)
        if link and link.record_id in skipped:
            applied.skip("Somebody keeps it out of the sync.")
        else:
            _sort(scope, record, known, applied)
    writer = Writer(scope)
    applied.unknown = left_to_their_push(scope, applied)
    follow(scope, known, writer, applied)
    follow_ended_links(scope, applied)
    bring_back(scope, writer, applied)
    adopt_or_create(scope, applied)
    merge(scope, writer, applied, run)
    store_links(applied.seen, SEEN)
    store_links(list(applied.links.values()))
    store_links(list(applied.noted.values()), NOTED)
    writer.flush()
    _look_for_duplicates(scope, writer, applied)
    enrich(scope, applied, run)
    identified = [pk for pk, columns in writer.columns.items() if "crm_id" in columns]
    records_arrived(scope.connection, scope.kind, [*applied.created, *identified])
    run.reasons = dict(applied.reasons + Counter(run.reasons))
    for event in applied.events:
        event.run = run
    copy_in(applied.events)
    if applied.created:
        Arrivals.objects.create(run=run, record_kind=scope.kind, record_ids=applied.created)
    return applied.counts


def _look_for_duplicates(scope: Scope, writer: Writer, applied: Applied) -> None:
    duplicates.find(scope.kind, applied.created, is_new=True)
    changed = [pk for pk, columns in writer.columns.items() if duplicates.is_worth_a_look(scope.kind, columns)]
    duplicates.find(scope.kind, changed)


def _stamps(scope: Scope, records: Sequence[RemoteRecord]) -> dict[str, datetime | None]:
    """Of the records that have a link, the stamp under which they were seen before and are known to be as agreed.

    Records that still bear it need not be looked at: most, when a page is repeated.
    """
    is_valid = Q(dropped_at=None)
    if scope.mapped_at:
        is_valid &= Q(pulled_at__gt=scope.mapped_at)
    links = RecordLink.objects.filter(
        connection=scope.connection, remote_id__in=any_of(record.id for record in records)
    )
    return dict(links.values_list("remote_id", Case(When(is_valid, then="remote_changed_at"))))


def _skipped(scope: Scope, known: Known) -> set[int]:
    """Records that people keep out of the sync."""
    ids = [link.record_id for link in known.own.values() if link.record_id]
    return set(SkippedRecord.objects.of(scope.kind, ids).values_list("record_id", flat=True)) if ids else set()


def _normalise(scope: Scope, records: Sequence[RemoteRecord]) -> None:
    """Bring values of theirs into the form in which they are compared."""
    values = [record.values for record in records if record.values]  # a record that is gone has none
    for name, pair in scope.by_name.items():
        if pair.remote.type not in PLAIN:
            bring = bool if pair.remote.type == "boolean" else partial(normal, pair.remote)
            for one in values:
                one[name] = bring(one[name])


def _sort(scope: Scope, record: RemoteRecord, known: Known, applied: Applied) -> None:
    """What is to be done with a record."""
    link = known.own.get(record.id)
    if link is None:
        _sort_unlinked(scope, record, known, applied)
    elif link.record_id is None:
        _sort_deleted(scope, record, link, known, applied)
    elif is_gone(record):
        is_new = link.dropped_at is None and link.gone_at is None
        applied.gone.append((link, record)) if is_new else applied.counts.update(["unchanged"])
    elif is_pushed_since(link, applied.page):
        applied.counts["unchanged"] += 1
    elif link.gone_at is not None and link.gone_at >= applied.page.read_at:
        applied.counts["unchanged"] += 1  # the page is older than the news of its end
    elif link.dropped_at is None and link.gone_at is None and _is_as_agreed(link, record):
        applied.counts["unchanged"] += 1
        applied.stamp(link, record)
        applied.seen.append(link)
    else:
        link.gone_at, link.merged_into = None, ""
        applied.changed.append((link, record))


def _sort_unlinked(scope: Scope, record: RemoteRecord, known: Known, applied: Applied) -> None:
    """A record without a link of its own: new to us, or another face of a record that we know."""
    has_ended = is_gone(record)
    if record.id in known.beside or record.id in known.former:
        applied.counts["unchanged"] += 1
        if not has_ended:
            note_unmerged(scope, known, record, applied)
        elif link := known.beside.get(record.id):
            note_lead(link, record, applied)
    elif has_ended:
        applied.skip("It was deleted or merged in Salesforce before it was ever pulled.")
    else:
        applied.unknown.append(record)


def _sort_deleted(scope: Scope, record: RemoteRecord, link: RecordLink, known: Known, applied: Applied) -> None:
    """A record that was deleted here: it comes back only if it was gone there as well, and was undeleted."""
    if is_gone(record):
        note_tombstone(scope, known, link, record, applied)
    elif link.drop_reason == ERASED:
        applied.skip(ERASED)
    elif link.gone_at is not None and link.gone_at < applied.page.read_at:
        applied.undeleted.append((link, record))
    else:
        applied.skip("It was deleted here.")


def _is_as_agreed(link: RecordLink, record: RemoteRecord) -> bool:
    base = link.base
    return bool(base) and all(name in base and base[name] == value for name, value in record.values.items())
