"""A page of pulled records: what is known of them, and what applying them comes to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from common.bulk import any_of, array_of
from integrations.models import RecordLink, SyncEvent
from integrations.sync.matching import CONTACT, LEAD
from integrations.sync.provider import RemoteRecord, Value
from integrations.sync.scope import Scope

# A row is stamped when it is written and seen when its transaction ends: stamps younger than this are not final.
OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True)
class Page:
    """Records in their order, as the org had them when it was asked: ``read_at`` by our clock, ``asked_at`` by its."""

    records: Sequence[RemoteRecord]
    read_at: datetime
    asked_at: datetime

    def is_final(self, record: RemoteRecord) -> bool:
        """Whether a later change of the record must bear a later stamp."""
        return record.changed_at < self.asked_at - OVERLAP

    def part(self, start: int, end: int | None) -> "Page":
        return replace(self, records=self.records[start:end])


@dataclass
class Applied:
    """What applying a page comes to: counts, and what is written at its end."""

    page: Page
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)  # why records were skipped
    links: dict[int, RecordLink] = field(default_factory=dict)  # to be stored, each once
    seen: list[RecordLink] = field(default_factory=list)  # as agreed: only that they were looked at is stored
    noted: dict[int, RecordLink] = field(default_factory=dict)  # what is beside them became known, and no more
    events: list[SyncEvent] = field(default_factory=list)
    gone: list[tuple[RecordLink, RemoteRecord]] = field(default_factory=list)
    changed: list[tuple[RecordLink, RemoteRecord]] = field(default_factory=list)
    unknown: list[RemoteRecord] = field(default_factory=list)
    created: list[int] = field(default_factory=list)  # ids of ours
    undeleted: list[tuple[RecordLink, RemoteRecord]] = field(default_factory=list)  # there; deleted here since

    def skip(self, reason: str) -> None:
        self.counts["skipped"] += 1
        self.reasons[reason] += 1

    def store(self, link: RecordLink) -> None:
        self.links[id(link)] = link

    def note(self, link: RecordLink) -> None:
        self.noted[id(link)] = link

    def tell(
        self,
        scope: Scope,
        record_id: int,
        kind: SyncEvent.Kind,
        summary: str = "",
        changes: dict[str, list[Value]] | None = None,
    ) -> None:
        self.events.append(
            SyncEvent(
                record_kind=scope.kind,
                record_id=record_id,
                kind=kind,
                summary=summary,
                changes=scope.readable(changes or {}),
            )
        )

    def stamp(self, link: RecordLink, remote: RemoteRecord) -> None:
        """Note which state of theirs the base is, so that the same state is known by its stamp alone."""
        link.remote_changed_at = remote.changed_at if self.page.is_final(remote) else None
        link.pulled_at = self.page.read_at


@dataclass(frozen=True)
class Known:
    """The links that the records of a page already have, by every id that they cover."""

    own: dict[str, RecordLink]
    beside: dict[str, RecordLink]
    former: dict[str, RecordLink]

    @classmethod
    def load(cls, scope: Scope, records: Sequence[RemoteRecord], linked: set[str]) -> "Known":
        """``linked``: the ids that have a link of their own."""
        links = RecordLink.objects.filter(connection=scope.connection)
        ids = linked.intersection(record.id for record in records)
        ids |= {successor_id for record in records if (successor_id := successor(record)[1])}
        own = {link.remote_id: link for link in links.filter(remote_id__in=any_of(ids))} if ids else {}
        lone = [record.id for record in records if record.id not in own]
        if not lone:
            return cls(own, {}, {})
        beside = links.standing().exclude(also_lead_id="").filter(also_lead_id__in=any_of(lone))
        moved = links.standing().exclude(former_ids=[]).filter(former_ids__overlap=array_of(lone))
        return cls(
            own,
            {link.also_lead_id: link for link in beside} if scope.remote_object == LEAD else {},
            {former_id: link for link in moved for former_id in link.former_ids},
        )


def is_pushed_since(link: RecordLink, page: Page) -> bool:
    """Whether the page shows the record as it was before: the next pull reads it again."""
    return link.pushed_at is not None and link.pushed_at >= page.read_at


def is_gone(record: RemoteRecord) -> bool:
    """Whether Salesforce goes on without the record; a converted lead can't be changed any more."""
    return record.is_deleted or record.is_converted or bool(record.merged_into)


def successor(record: RemoteRecord) -> tuple[str, str]:
    """The object and id of the record that Salesforce goes on with, where it does."""
    if record.merged_into:
        return record.remote_object, record.merged_into
    if contact_id := record.converted_to.get(CONTACT):
        return CONTACT, contact_id
    return "", ""
