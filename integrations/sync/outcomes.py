"""What became of a record on its way through a push."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from common.models import Record
from integrations.models import ErrorEntry, Outbox, RecordLink, SyncEvent
from integrations.sync.linking import State, state
from integrations.sync.mapping import Problem
from integrations.sync.plan import Base, Plan
from integrations.sync.provider import Refused, RemoteRecord, Value, Values
from integrations.sync.scope import Scope, base_of

PARENT_NOT_SYNCED = "PARENT_NOT_SYNCED"
LATER_TRIES = 5
LATER_SECONDS = (5, 20, 60, 180, 600)


@dataclass(frozen=True)
class Linked:
    """The record and ``remote_id`` are one; ``plan`` says what they agree on and what to write here."""

    remote_id: str
    remote_object: str
    plan: Plan
    kind: SyncEvent.Kind
    remote: RemoteRecord | None = None
    also_lead_id: str = ""
    note: str = ""
    sent: Values = field(default_factory=dict)
    is_stale: bool = False  # what was sent is older than the record: it is compared again


@dataclass(frozen=True)
class Unlinked:
    """Salesforce has the record no more: the link is dropped, the record stays."""

    reason: str


@dataclass(frozen=True)
class Relinked:
    """Salesforce goes on with another record: the winner of a merge, the contact that a lead became."""

    remote_id: str
    remote_object: str
    reason: str


@dataclass(frozen=True)
class LeftOut:
    """A rule keeps the record out; its sync state says which."""

    reason: str


@dataclass(frozen=True)
class Waits:
    """Nothing was decided; tried again after ``seconds``, or when the parent is through."""

    reason: str
    seconds: float = 0
    parent: tuple[str, int] | None = None
    is_counted: bool = False


@dataclass(frozen=True)
class Rejected:
    """Refused by Salesforce or by our own check: parked until the record, the mapping or the cause changes."""

    problem: Problem
    by: ErrorEntry.By
    payload: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Rerouted:
    """The row was queued as something that the record is not any more: it is due as ``operation`` instead."""

    operation: Outbox.Operation
    remote_object: str


Outcome = Linked | Unlinked | Relinked | LeftOut | Waits | Rejected | Rerouted


@dataclass
class Item:
    """A row of a claim on its way through a push.

    ``seen`` is the record in their words as it was read; ``local`` the part of it that is compared and sent.
    """

    row: Outbox
    record: Record
    link: RecordLink | None
    scope: Scope
    seen: dict[str, Value]
    outcome: Outcome | None = None
    note: str = ""  # what people should know of the link
    left_out: str = ""  # what was not sent, and why
    local: dict[str, Value] = field(init=False)
    base: Base | None = field(init=False)
    read: State | None = field(init=False)  # the link as it was stored when it was read
    pulled: dict[str, list[Value]] = field(default_factory=dict)  # what settling wrote here, as [before, after]
    is_overtaken: bool = False  # its link was written to while it was sent: what arrived is found by comparing again
    has_ended: bool = False  # its link ended while it was sent: nothing more is to be done
    rest: "Waits | Rejected | None" = None  # what is still to be done, or was refused, of what hangs on the record
    people: dict[str, list[Value]] = field(default_factory=dict)  # who came, went or changed there, as [before, after]

    def __post_init__(self) -> None:
        self.local = dict(self.seen)
        self.base = base_of(self.link) if self.link else None
        self.read = state(self.link) if self.link else None

    @property
    def is_open(self) -> bool:
        return self.outcome is None

    def note_left_out(self, scope: Scope, names: Iterable[str]) -> None:
        labels = [scope.by_name[name].field.label if name in scope.by_name else name for name in names]
        if labels:
            self.left_out = f"Not sent: {', '.join(labels)}. The login that was used may not write it in Salesforce."


def rejected(refused: Refused, payload: Values) -> Rejected:
    name = refused.fields[0] if refused.fields else ""
    problem = Problem(refused.code, name, refused.message, {**refused.details, "fields": list(refused.fields)})
    return Rejected(problem, ErrorEntry.By.REMOTE, payload)


def tried_again(row: Outbox, code: str, message: str, payload: Values) -> Waits | Rejected:
    """A record's own passing trouble: five times, further and further apart; then a person looks."""
    if row.attempts >= LATER_TRIES:
        return Rejected(Problem(code, "", message), ErrorEntry.By.REMOTE, payload)
    return Waits(f"{code}: {message}", LATER_SECONDS[row.attempts - 1], is_counted=True)
