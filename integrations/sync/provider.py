"""What the engines ask of the other side: a few calls, each for many records; their answers and their errors."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

# A value in the remote side's normal form, as it comes out of its JSON: text trimmed and never empty.
Value = str | int | float | bool | None
Values = Mapping[str, Value]
# Types of remote fields that hold numbers.
MONEY = "currency"
NUMBERS = {"int", "long", "double", MONEY, "percent"}


class ProviderError(Exception):
    """No record is to blame; the work is kept and tried again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CallFailed(ProviderError):
    """A call got no usable answer: a time-out, a server fault, a limit.

    ``is_answered``: the org answered with a fault, so that what was asked may be the cause.
    ``retry_after``: seconds, when the cause says how long.
    """

    def __init__(self, reason: str, *, is_answered: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.is_answered = is_answered
        self.retry_after = retry_after


class ConnectionBroken(ProviderError):
    """The login is not accepted any more: a person must connect it again."""


class RequestRefused(ProviderError):
    """The org understood the call and refuses it whole, such as a query for a field that it does not have."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


LISTS = ("values", "references", "closed_values")  # of a field, kept as lists


class RemoteField(NamedTuple):
    """A tuple, since objects have hundreds and pages make them all: that takes a quarter of a dataclass's time."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    is_createable: bool = False
    is_updateable: bool = False
    is_required: bool = False
    is_restricted: bool = False
    is_external_id: bool = False
    is_unique: bool = False
    is_custom: bool = False
    values: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    closed_values: tuple[str, ...] = ()  # of a status: what is at one of them is done
    is_computed: bool = False
    secured_as: str | None = None  # whose field-level security it has; "": none; None: not known

    @property
    def is_writable(self) -> bool:
        return self.is_createable or self.is_updateable


@dataclass(frozen=True)
class Description:
    """What an object is like for the login that asked. One that it does not see has no fields."""

    name: str
    label: str
    is_createable: bool
    is_updateable: bool
    fields: dict[str, RemoteField]
    is_deletable: bool = True
    is_visible: bool = True

    @classmethod
    def unseen(cls, name: str) -> "Description":
        return cls(name, name, False, False, {}, is_deletable=False, is_visible=False)

    def refusal(self, operation: str) -> str:
        """Why nothing can be written, to go behind the login's name; "" when it can."""
        if not self.is_visible:
            return f"does not see the object {self.label} in Salesforce."
        if operation == "create" and not self.is_createable:
            return f"may not create records of {self.label} in Salesforce."
        if operation == "update" and not self.is_updateable:
            return f"may not edit records of {self.label} in Salesforce."
        return ""

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"fields": [remote_field._asdict() for remote_field in self.fields.values()]}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Description":
        rows: list[dict[str, Any]] = content["fields"]
        fields = [RemoteField(**raw | {name: tuple(raw.get(name, ())) for name in LISTS}) for raw in rows]
        return cls(**{**content, "fields": {remote_field.name: remote_field for remote_field in fields}})


@dataclass(slots=True)
class RemoteRecord:
    """A record as the other side has it. ``changed_at`` orders pulls; ``edited_at``: when somebody changed a field."""

    remote_object: str
    id: str
    values: dict[str, Value]
    changed_at: datetime
    edited_at: datetime
    is_deleted: bool = False
    is_erased: bool = False  # it is not in the bin any more, either
    merged_into: str = ""
    is_converted: bool = False
    converted_to: Mapping[str, str] = field(default_factory=dict)  # as far as that is still there


@dataclass(frozen=True, order=True)
class Position:
    """Where in the order of (changed_at, id) a pull is."""

    at: datetime
    id: str = ""


@dataclass(frozen=True)
class Export:
    """A large query that the other side works off by itself. ``error``: why it will never be ready."""

    id: str
    is_ready: bool = False
    error: str = ""


@dataclass(frozen=True)
class Ingest:
    """Many changes that the other side works off by itself, and how it is getting on.

    ``is_open``: they were not handed over yet. ``is_over``: it will do no more of them; it then took and refused that
    many, and the rest not at all.
    """

    id: str
    is_open: bool = False
    is_over: bool = False
    taken: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Question:
    """What changed in an object after a position, ``fields`` of it, at most ``limit`` records.

    ``is_first``: it is read from its beginning, wherever in it.
    """

    remote_object: str
    fields: Sequence[str]
    after: Position | None
    limit: int
    is_first: bool = False


@dataclass(frozen=True)
class Accepted:
    remote_id: str


@dataclass(frozen=True)
class Later:
    """This record's own passing trouble, such as a locked row."""

    code: str
    message: str


@dataclass(frozen=True)
class Refused:
    """``of_fields``: the login may not write the ``fields``; without them the record would be taken."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    of_fields: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


Answer = Accepted | Later | Refused


@dataclass(frozen=True)
class Wanted:
    """How to recognise a person or a company: any of these that are not empty."""

    emails: tuple[str, ...] = ()
    domain: str = ""
    name: str = ""


@dataclass(frozen=True)
class RemoteUser:
    id: str
    name: str
    email: str
    is_active: bool


class Provider(Protocol):
    """The other side, seen through one login."""

    @property
    def calls(self) -> int:
        """API calls made so far."""

    def clock(self) -> datetime:
        """The other side's time when it last answered."""

    def users(self) -> list[RemoteUser]:
        """Everybody who may own records, queues included."""

    def describe(self, remote_object: str) -> Description: ...

    def describe_many(self, remote_objects: Sequence[str]) -> dict[str, Description]:
        """Several objects in one call; those that the login does not see are left out."""

    def count(self, remote_object: str, since: datetime | None) -> int:
        """How many records changed at or after ``since``, deleted ones included."""

    def changes(self, question: Question) -> list[RemoteRecord]:
        """The next records by (changed_at, id), deleted ones included."""

    def changes_of_all(self, questions: Sequence[Question]) -> "list[list[RemoteRecord] | RequestRefused]":
        """``changes`` of several objects in as few calls as possible; a question that is refused spoils no other."""

    def start_export(self, remote_object: str, fields: Sequence[str], since: datetime | None) -> Export:
        """Begin to read all records that changed at or after ``since``, deleted ones included, in any order."""

    def export(self, export_id: str) -> Export:
        """How an export is getting on."""

    def export_parts(
        self, remote_object: str, fields: Sequence[RemoteField], export_id: str, part: str, limit: int
    ) -> Generator[tuple[list[RemoteRecord], str], None, None]:
        """Parts of an export that is ready, from ``part`` on ("": the first): records, and the part after them.

        The part after the last one is "". While the caller is at one part, the next is read.
        """

    def end_export(self, export_id: str) -> None:
        """Throw an export away, finished or not."""

    def retrieve(self, remote_object: str, ids: Sequence[str], fields: Sequence[str]) -> list[RemoteRecord | None]:
        """Records in the order of ``ids``; None where there is none that the login may see."""

    def related(
        self,
        remote_object: str,
        field: str,
        ids: Sequence[str],
        fields: Sequence[str],
        *,
        within: tuple[str, str] | None = None,
    ) -> list[RemoteRecord]:
        """Records that point at any of ``ids`` with ``field``, deleted ones included.

        ``within``: another field, and the id that they must point at with that.
        """

    def ids(self, remote_object: str) -> Iterator[list[str]]:
        """The ids of all records that there are, thousands at a time; deleted ones are left out."""

    def fates(self, remote_object: str, ids: Sequence[str]) -> dict[str, RemoteRecord]:
        """What became of records that ``retrieve`` did not find, as far as it is known: deleted, merged, converted."""

    def erased(self, remote_object: str, ids: Sequence[str]) -> set[str]:
        """Which of the records that ``fates`` does not know are no more at all; the others are hidden from the login.

        Nothing is written to them.
        """

    def find(
        self, remote_objects: Sequence[str], wanted: Sequence[Wanted], fields: Mapping[str, Sequence[str]]
    ) -> list[list[RemoteRecord]]:
        """Records that look like each of ``wanted``."""

    def created_by_us(self, remote_object: str, since: datetime, fields: Sequence[str]) -> Iterator[RemoteRecord]:
        """Records that this login created at or after ``since`` (the other side's clock)."""

    def by_external_id(self, remote_object: str, field: str, values: Sequence[str]) -> dict[str, str]:
        """Ids of records by what they hold in an external id field."""

    def upsert(
        self, remote_object: str, field: str, payloads: Sequence[Values], *, insists: bool = False
    ) -> list[Answer]:
        """Create up to 200 records, or update those that are there under the external id that each payload holds.

        ``insists``: duplicate rules that only warn are to let them through; so it is of the other writes.
        """

    def create(self, remote_object: str, payloads: Sequence[Values], *, insists: bool = False) -> list[Answer]:
        """Create up to 200 records; answers in their order."""

    def update_many(
        self, remote_object: str, batches: Iterable[Sequence[tuple[str, Values]]], *, insists: bool = False
    ) -> Iterator[list[Answer] | ProviderError]:
        """Update records by id, up to 200 a batch, several batches at once; answers in the order of the batches.

        Batches are drawn as they are sent. After a call failed no more are sent; those under way are answered.
        """

    def start_ingest(self, remote_object: str, key: str) -> str:
        """Begin to update many records by ``Id``, or to create them by the external id field ``key``; its name."""

    def fill_ingest(self, ingest_id: str, payloads: Sequence[Values]) -> None:
        """Hand over what it is to write, once; each payload holds the key."""

    def ingest(self, ingest_id: str) -> Ingest:
        """How it is getting on. Raises RequestRefused when it is not known any more."""

    def ingest_answers(self, ingest: Ingest, key: str) -> Iterator[tuple[str, Answer]]:
        """What became of each record that one which is over took or refused, by its key, in any order."""

    def end_ingest(self, ingest_id: str) -> None:
        """Do no more of it."""

    def delete(self, remote_object: str, ids: Sequence[str]) -> list[Answer]:
        """Delete up to 200 records; one that is deleted already is accepted. Answers in their order."""
