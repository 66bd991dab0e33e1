"""The parity check: whether the two sides hold the same, by counts of all and by the fields of a few.

It costs a few calls, however many records there are: one for the counts of five objects, one more for what changed
since the last pull, and one for each object's sample of up to 2,000 records, tasks and events among them.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, QuerySet
from django.utils import timezone

from common.bulk import any_of
from integrations.doctor.findings import Finding
from integrations.models import Connection, Cursor, ErrorEntry, Lane, Outbox, RecordLink, SkippedRecord
from integrations.pulling import pull_remote
from integrations.salesforce.provider import SalesforceProvider
from integrations.services import Bell, read_everything, wake_pull
from integrations.sync import outbox
from integrations.sync.activities.objects import EVENT, TASK
from integrations.sync.activities.scope import scope_for
from integrations.sync.alignment import read
from integrations.sync.copies import Copies, plan_all
from integrations.sync.records import KINDS
from integrations.sync.scope import Scope, base_of

SAMPLE = 200
MOST = 2_000  # records of a sample: one call
SHOWN = 5
PULL_ALL = "manage.py salesforce pull {} --all"


def look(connection: Connection, provider: SalesforceProvider, size: int) -> Iterator[Finding]:
    cursors = connection.cursors.filter(remote_object__in=KINDS, is_refused=False).exclude(position=None)
    known = list(cursors.order_by("remote_object"))
    if known:
        yield from _counts(connection, known, provider)
    for cursor in known:
        sample = _sample(Scope.load(connection, cursor.remote_object), cursor.position, provider, min(size, MOST))
        yield from _drift(sample)
    yield from _activities(connection, provider, min(size, MOST))


def _activities(connection: Connection, provider: SalesforceProvider, size: int) -> Iterator[Finding]:
    """Counts would tell nothing: most of theirs are none of ours."""
    described = connection.descriptions.filter(remote_object__in=(TASK, EVENT)).order_by("-remote_object")
    for name in described.values_list("remote_object", flat=True):
        cursor = connection.cursors.filter(remote_object=name, is_refused=False).exclude(position=None).first()
        sample = _sample(scope_for(connection, name), cursor.position if cursor else None, provider, size)
        if cursor is None:  # what somebody does with them there is not followed
            sample.to_pull, sample.unseen = [], []
        yield from _drift(sample)


# --- counts -----------------------------------------------------------------------------------------------------------


def _counts(connection: Connection, cursors: Sequence[Cursor], provider: SalesforceProvider) -> Iterator[Finding]:
    names = [cursor.remote_object for cursor in cursors]
    there = provider.totals(names)
    changed = provider.totals(names, since=[cursor.position for cursor in cursors if cursor.position])
    for cursor, total, recent in zip(cursors, there, changed, strict=True):
        name = cursor.remote_object
        least, most = _expected(connection, name)
        if total - recent > most:
            yield _differ(cursor, "missing_here", total - recent - most, f"Salesforce has {total}, Tandem knows {most}")
        elif least - recent > total:
            yield _differ(
                cursor, "gone_there", least - recent - total, f"Tandem has {least} linked, Salesforce {total}"
            )


def _expected(connection: Connection, name: str) -> tuple[int, int]:
    """How many records of an object ours say there are there, at least and at most.

    What we know of and hold no record for counts as there, or not: deleted here only, a lead beside a contact, one
    that could not be stored.
    """
    links = RecordLink.objects.filter(connection=connection)
    least = links.live().filter(remote_object=name, record_id__isnull=False, gone_at=None).count()
    most = links.standing().filter(remote_object=name, gone_at=None).count()
    most += ErrorEntry.objects.open().of_pulls(connection, name).count()
    if name == "Lead":
        most += links.live().exclude(also_lead_id="").count()
    return least, most


def _differ(cursor: Cursor, code: str, count: int, what: str) -> Finding:
    name = cursor.remote_object
    return Finding(
        f"count_{code}",
        f"{name}: {what}, more than changes since the last pull explain.",
        "Records of Salesforce are missing here."
        if code == "missing_here"
        else "Records live on here that are gone there.",
        f"--mend lets the next pull compare all ids and read everything ({PULL_ALL.format(name)} reads everything).",
        count=count,
        since=cursor.position,
        mend=partial(_compare_all, cursor),
    )


@transaction.atomic
def _compare_all(cursor: Cursor) -> int:
    """Without a position a pull compares the ids of all records before it reads; the brake on deletions holds."""
    read_everything(Cursor.objects.filter(pk=cursor.pk))
    Cursor.objects.filter(pk=cursor.pk).update(position=None, due_at=timezone.now())
    transaction.on_commit(wake_pull)
    return 1


# --- fields of a few --------------------------------------------------------------------------------------------------


@dataclass
class Sample:
    """Records that differ from what is there although nothing says that they are about to be synced."""

    scope: Scope
    size: int
    to_pull: list[str] = field(default_factory=list)
    to_push: list[Any] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)


def _sample(scope: Scope, pulled_to: datetime | None, provider: SalesforceProvider, size: int) -> Sample:
    links = _chosen(scope, size)
    sample = Sample(scope, len(links))
    if not links:
        return sample
    began = timezone.now()
    found = read(scope, links, provider)
    records = {
        record.pk: record for record in scope.load_records([link.record_id for link, _ in found if link.record_id])
    }
    vocabulary = scope.vocabulary(list(records.values()), [remote.values for _, remote in found if remote])
    expressed = scope.express(list(records.values()), vocabulary)
    meant: list[tuple[RecordLink, Copies]] = []
    for link, remote in found:
        record = records.get(link.record_id or 0)
        if remote is None:
            sample.unseen.append(link.remote_id)
        elif record and not (pulled_to and remote.changed_at >= pulled_to):  # else the next pull has it
            local = expressed[record.pk]
            base = scope.recalled(base_of(link), local, remote.values)
            meant.append((link, Copies(record, base, local, remote.values, remote.edited_at, scope.rules_of(record))))
    still = _untouched(scope, [link.pk for link, _ in meant], began)
    meant = [(link, one) for link, one in meant if link.pk in still]
    for (link, one), made in zip(meant, plan_all(scope, [one for _, one in meant]), strict=True):
        sample.fields.update([*made.to_local, *made.to_remote])
        sample.to_pull += [link.remote_id] if made.to_local else []
        sample.to_push += [one.record] if made.to_remote else []
    return sample


def _settled(scope: Scope) -> QuerySet[RecordLink]:
    """Links of which nothing waits, is refused or kept out: the two sides should hold the same."""
    links = RecordLink.objects.live().filter(connection=scope.connection, remote_object=scope.remote_object)
    links = links.filter(record_id__isnull=False, gone_at=None).exclude(base={})
    of = {"record_kind": scope.kind, "record_id": OuterRef("record_id")}
    waits = (Outbox.objects.filter(**of), ErrorEntry.objects.open().filter(**of), SkippedRecord.objects.filter(**of))
    return links.filter(*(~Exists(rows) for rows in waits))


def _chosen(scope: Scope, size: int) -> list[RecordLink]:
    """Some of them by chance; from a few random places on, so that a million costs no more than a thousand."""
    links = _settled(scope).order_by("pk")
    ends = RecordLink.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if not size or ends["first"] is None:
        return []
    starts = sorted(random.randint(ends["first"], ends["last"]) for _ in range(10))  # noqa: S311 - no secret
    found: dict[int, RecordLink] = {}
    for start in starts:
        found |= {link.pk: link for link in links.filter(pk__gte=start)[: max(1, size // 10)]}
    if len(found) < size:
        found |= {link.pk: link for link in links.exclude(pk__in=found)[: size - len(found)]}
    return list(found.values())


def _untouched(scope: Scope, ids: Sequence[int], began: datetime) -> set[int]:
    """Those that nobody synced or queued while they were read."""
    links = _settled(scope).filter(pk__in=any_of(ids, "bigint"), updated_at__lt=began)
    return set(links.values_list("pk", flat=True))


def _drift(sample: Sample) -> Iterator[Finding]:
    scope, name = sample.scope, sample.scope.remote_object
    fields = [f"{count}: {label}" for label, count in sample.fields.most_common(SHOWN)]
    for code, found, what, why, mend in (
        ("drift_unpulled", sample.to_pull, "hold older values here than in Salesforce",
         "A change in Salesforce was missed.", partial(_pull, name, sample.to_pull)),
        ("drift_unpushed", sample.to_push, "hold values here that Salesforce does not have",
         "An edit here was not sent.", partial(_push, scope, sample.to_push)),
        ("drift_unseen", sample.unseen, "are not found in Salesforce",
         "They were deleted there unseen, or are hidden from the team's login.", partial(_pull, name, sample.unseen)),
    ):  # fmt: skip
        if found:
            yield Finding(
                code,
                f"{name}: {len(found)} of {sample.size} records that were compared {what}, and nothing waits for them.",
                why,
                f"--mend syncs these. If it was a large part of the sample, all of them: {PULL_ALL.format(name)}",
                count=len(found),
                details=fields if code != "drift_unseen" else sample.unseen[:SHOWN],
                mend=mend,
            )


def _pull(name: str, ids: Sequence[str]) -> int:
    run = pull_remote(name, ids)
    return run.looked_at if run else 0


@transaction.atomic
def _push(scope: Scope, records: Sequence[Any]) -> int:
    outbox.mark_due(scope.connection, scope.kind, records, lane=Lane.BACKGROUND)
    Bell(Lane.BACKGROUND).ring()
    return len(records)
