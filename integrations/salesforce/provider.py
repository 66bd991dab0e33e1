"""The sync core's Provider, as Salesforce answers it."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from integrations.salesforce import soql
from integrations.salesforce.answers import answer_of
from integrations.salesforce.client import Client, TokenExpired
from integrations.salesforce.ingest import Ingests
from integrations.salesforce.recognising import by_wanted, conditions, keys_of
from integrations.salesforce.rows import fields_of, record_of, records_of
from integrations.sync.provider import (
    Accepted,
    Answer,
    CallFailed,
    Description,
    Export,
    Position,
    ProviderError,
    Question,
    Refused,
    RemoteField,
    RemoteRecord,
    RemoteUser,
    RequestRefused,
    Values,
    Wanted,
)

RETRIEVE_LIMIT = 2_000  # ids in one collections retrieve by POST
WRITE_LIMIT = 200  # records in one collections write
AT_ONCE = 5  # writes under way: a call waits for the org most of its time; these carry what one call has read
META = ("Id", "SystemModstamp", "LastModifiedDate", "IsDeleted")
# What else tells the fate of a record, where the object has it.
FATE = {
    "Account": ("MasterRecordId",),
    "Contact": ("MasterRecordId",),
    "Lead": ("MasterRecordId", "IsConverted", "ConvertedContactId", "ConvertedAccountId", "ConvertedOpportunityId"),
}
# What a write to a record answers that is in the bin, or is no more at all.
NO_MORE = {"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"}
TASK, STATUS, COMPLETED = "Task", "Status", "Completed"
FAILED_JOB = {"Failed", "Aborted"}


class SalesforceProvider(Ingests):
    """One login's view of the org. ``user_id`` is the Salesforce user behind it."""

    def __init__(self, client: Client, user_id: str) -> None:
        self.client = client
        self.user_id = user_id

    @property
    def calls(self) -> int:
        return self.client.session.calls

    @property
    def usage(self) -> tuple[int, int] | None:
        """API calls used and allowed in a day, as the last answer said."""
        return self.client.session.usage

    @property
    def clock_offset(self) -> timedelta:
        """The org's clock, less ours, as the last answer said; 0 where that is all the difference one can tell."""
        return self.client.session.clock_offset

    def ask_usage(self) -> None:
        """Ask the org for nothing but its allowance: every answer tells ``usage``."""
        self.client.get("limits")

    def clock(self) -> datetime:
        return self.client.session.clock

    def users(self) -> list[RemoteUser]:
        rows = self.client.query("SELECT Id, Name, Email, IsActive FROM User WHERE UserType = 'Standard'")
        people = [RemoteUser(row["Id"], row["Name"] or "", row["Email"] or "", row["IsActive"]) for row in rows]
        return [*people, *self._queues()]

    def _queues(self) -> Iterator[RemoteUser]:
        """What may own leads without being a person."""
        try:
            rows = list(self.client.query("SELECT Id, Name FROM Group WHERE Type = 'Queue'"))
        except RequestRefused:  # not every login may see them
            return
        yield from (RemoteUser(row["Id"], row["Name"] or "", "", is_active=True) for row in rows)

    def describe(self, remote_object: str) -> Description:
        return self._description(self.client.describe(remote_object))

    def describe_many(self, remote_objects: Sequence[str]) -> dict[str, Description]:
        return {name: self._description(raw) for name, raw in self.client.describes(remote_objects).items()}

    def _description(self, raw: Mapping[str, Any]) -> Description:
        fields = fields_of(raw["fields"])
        if raw["name"] == TASK:
            fields = [self._with_closed(field) if field.name == STATUS else field for field in fields]
        return Description(
            name=raw["name"],
            label=raw["label"],
            is_createable=raw["createable"],
            is_updateable=raw["updateable"],
            is_deletable=raw["deletable"],
            fields={field.name: field for field in fields},
        )

    def _with_closed(self, status: RemoteField) -> RemoteField:
        """A status with those of its values that mean that a task is done; its description does not tell."""
        try:
            rows = list(self.client.query("SELECT ApiName FROM TaskStatus WHERE IsClosed = true ORDER BY SortOrder"))
        except RequestRefused:  # not every login may look
            return status._replace(closed_values=tuple(value for value in status.values if value == COMPLETED))
        return status._replace(closed_values=tuple(row["ApiName"] for row in rows))

    def count(self, remote_object: str, since: datetime | None) -> int:
        question = f"SELECT COUNT() FROM {soql.name(remote_object)}{_since(remote_object, since)}"
        return int(self.client.page(question, with_deleted=True)["totalSize"])

    def totals(self, remote_objects: Sequence[str], since: Sequence[datetime] = ()) -> list[int]:
        """How many records there are that a pull would bring, five objects in a call; deleted ones are left out.

        ``since``: only what changed at or after a moment, one for each object; deleted ones count.
        """
        moments: Sequence[datetime | None] = since or [None] * len(remote_objects)
        soqls = [_total(name, at) for name, at in zip(remote_objects, moments, strict=True)]
        answers = self.client.try_queries(soqls, with_deleted=bool(since))
        found = []
        for answer in answers:
            if isinstance(answer, RequestRefused):
                raise answer
            found.append(int(answer[0]["total"]))
        return found

    def changes(self, question: Question) -> list[RemoteRecord]:
        rows = self.client.query(self._changes(question), with_deleted=True)
        return [record_of(question.remote_object, row, question.fields) for row in rows]

    def changes_of_all(self, questions: Sequence[Question]) -> list[list[RemoteRecord] | RequestRefused]:
        answers = self.client.try_queries([self._changes(question) for question in questions], with_deleted=True)
        return [
            answer
            if isinstance(answer, RequestRefused)
            else [record_of(question.remote_object, row, question.fields) for row in answer]
            for question, answer in zip(questions, answers, strict=True)
        ]

    def _changes(self, question: Question) -> str:
        since = _later_than(question.after) if question.after else ""
        where = _where(question.remote_object, since, is_first=question.is_first)
        select = self._select(question.remote_object, question.fields)
        return f"{select}{where} ORDER BY SystemModstamp, Id LIMIT {question.limit}"

    def start_export(self, remote_object: str, fields: Sequence[str], since: datetime | None) -> Export:
        where = _since(remote_object, since)
        query = self._select(remote_object, fields) + where
        job = self.client.call("jobs/query", method="POST", json={"operation": "queryAll", "query": query})
        return Export(job["id"])

    def export(self, export_id: str) -> Export:
        job = self.client.get(f"jobs/query/{export_id}")
        error = job.get("errorMessage") or job["state"] if job["state"] in FAILED_JOB else ""
        return Export(export_id, job["state"] == "JobComplete", error)

    def export_parts(
        self, remote_object: str, fields: Sequence[RemoteField], export_id: str, part: str, limit: int
    ) -> Generator[tuple[list[RemoteRecord], str], None, None]:
        read = partial(self._export_part, remote_object, fields, export_id, limit)
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(read, part)
            while True:
                try:
                    records, part = ahead.result()
                except TokenExpired:
                    records, part = read(part)  # in this thread, which may renew the token
                if part:
                    ahead = pool.submit(read, part)
                yield records, part
                if not part:
                    return

    def _export_part(
        self, remote_object: str, fields: Sequence[RemoteField], export_id: str, limit: int, part: str
    ) -> tuple[list[RemoteRecord], str]:
        locator = {"locator": part} if part else {}
        table, after = self.client.bulk_part(f"jobs/query/{export_id}/results", {"maxRecords": limit, **locator})
        return records_of(remote_object, fields, table), after

    def end_export(self, export_id: str) -> None:
        self.client.call(f"jobs/query/{export_id}", method="DELETE")

    def retrieve(self, remote_object: str, ids: Sequence[str], fields: Sequence[str]) -> list[RemoteRecord | None]:
        names = self._columns(remote_object, fields)
        found: list[RemoteRecord | None] = []
        for start in range(0, len(ids), RETRIEVE_LIMIT):
            body = {"ids": list(ids[start : start + RETRIEVE_LIMIT]), "fields": names}
            rows = self.client.call(f"composite/sobjects/{remote_object}", method="POST", json=body) or []
            found += [record_of(remote_object, row, fields) if row else None for row in rows]
        return [record if record and not record.is_deleted else None for record in found]

    def related(
        self,
        remote_object: str,
        field: str,
        ids: Sequence[str],
        fields: Sequence[str],
        *,
        within: tuple[str, str] | None = None,
    ) -> list[RemoteRecord]:
        where = f"{soql.name(within[0])} = {soql.quote(within[1])} AND " if within else ""
        questions = [
            f"{self._select(remote_object, fields)} WHERE {where}{soql.name(field)} IN ({','.join(group)})"
            for group in soql.chunks(list(map(soql.quote, ids)), ",")
        ]
        found: list[RemoteRecord] = []
        for answer in self.client.try_queries(questions, with_deleted=True):
            if isinstance(answer, RequestRefused):
                raise answer
            found += [record_of(remote_object, row, fields) for row in answer]
        return found

    def ids(self, remote_object: str) -> Iterator[list[str]]:
        rows = self.client.query(f"SELECT Id FROM {soql.name(remote_object)}")
        while ids := [row["Id"] for row in islice(rows, RETRIEVE_LIMIT)]:
            yield ids

    def fates(self, remote_object: str, ids: Sequence[str]) -> dict[str, RemoteRecord]:
        found: dict[str, RemoteRecord] = {}
        for start in range(0, len(ids), WRITE_LIMIT):
            where = f"WHERE Id IN {soql.among(ids[start : start + WRITE_LIMIT])}"
            rows = self.client.query(f"{self._select(remote_object, ())} {where}", with_deleted=True)
            found |= {row["Id"]: record_of(remote_object, row, ()) for row in rows}
        return found

    def erased(self, remote_object: str, ids: Sequence[str]) -> set[str]:
        gone: set[str] = set()
        for start in range(0, len(ids), WRITE_LIMIT):
            some = ids[start : start + WRITE_LIMIT]
            # A write of no field: what is hidden is refused for that, what is no more is said to be unknown.
            answers = self._update(remote_object, [(id_, {}) for id_ in some])
            gone |= {
                id_
                for id_, answer in zip(some, answers, strict=True)
                if isinstance(answer, Refused) and answer.code in NO_MORE
            }
        return gone

    def find(
        self, remote_objects: Sequence[str], wanted: Sequence[Wanted], fields: Mapping[str, Sequence[str]]
    ) -> list[list[RemoteRecord]]:
        questions = [
            (remote_object, f"{self._select(remote_object, fields[remote_object])} WHERE {condition}")
            for remote_object in remote_objects
            for condition in conditions(remote_object, wanted)
        ]
        answers = self.client.queries([text for _, text in questions])
        found = {
            row["Id"]: (remote_object, row)
            for (remote_object, _), rows in zip(questions, answers, strict=True)
            for row in rows
        }
        records = [(record_of(name, row, fields[name]), row) for name, row in found.values()]
        return by_wanted(records, wanted)

    def created_by_us(self, remote_object: str, since: datetime, fields: Sequence[str]) -> Iterator[RemoteRecord]:
        where = f"WHERE CreatedById = {soql.quote(self.user_id)} AND CreatedDate >= {soql.moment(since)}"
        for row in self.client.query(f"{self._select(remote_object, fields)} {where}"):
            yield record_of(remote_object, row, fields)

    def by_external_id(self, remote_object: str, field: str, values: Sequence[str]) -> dict[str, str]:
        questions = [
            f"SELECT Id, {soql.name(field)} FROM {soql.name(remote_object)} WHERE {field} IN ({','.join(group)})"
            for group in soql.chunks(list(map(soql.quote, values)), ",")
        ]
        return {row[field]: row["Id"] for rows in self.client.queries(questions) for row in rows}

    def upsert(
        self, remote_object: str, field: str, payloads: Sequence[Values], *, insists: bool = False
    ) -> list[Answer]:
        records = [{"attributes": {"type": remote_object}, **payload} for payload in payloads]
        return self._write("PATCH", records, f"composite/sobjects/{remote_object}/{field}", insists=insists)

    def create(self, remote_object: str, payloads: Sequence[Values], *, insists: bool = False) -> list[Answer]:
        records = [{"attributes": {"type": remote_object}, **payload} for payload in payloads]
        return self._write("POST", records, insists=insists)

    def update_many(
        self, remote_object: str, batches: Iterable[Sequence[tuple[str, Values]]], *, insists: bool = False
    ) -> Iterator[list[Answer] | ProviderError]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            under_way: deque[tuple[Sequence[tuple[str, Values]], Future[list[Answer]]]] = deque()
            waiting, has_failed = iter(batches), False
            while True:
                while not has_failed and len(under_way) < AT_ONCE and (batch := next(waiting, None)) is not None:
                    under_way.append((batch, pool.submit(self._update, remote_object, batch, insists)))
                if not under_way:
                    return
                answer = self._settled(remote_object, *under_way.popleft(), insists)
                has_failed = has_failed or isinstance(answer, ProviderError)
                yield answer

    def _settled(
        self, remote_object: str, batch: Sequence[tuple[str, Values]], future: "Future[list[Answer]]", insists: bool
    ) -> list[Answer] | ProviderError:
        try:
            try:
                return future.result()
            except TokenExpired:
                return self._update(remote_object, batch, insists)  # in this thread, which may renew the token
        except ProviderError as error:
            return error

    def _update(self, remote_object: str, changes: Sequence[tuple[str, Values]], insists: bool = False) -> list[Answer]:
        if not changes:
            return []
        records = [{"attributes": {"type": remote_object}, "id": id_, **values} for id_, values in changes]
        return self._write("PATCH", records, insists=insists)

    def delete(self, remote_object: str, ids: Sequence[str]) -> list[Answer]:
        params = {"ids": ",".join(ids), "allOrNone": "false"}
        rows = self.client.call("composite/sobjects", method="DELETE", params=params)
        if not isinstance(rows, list) or len(rows) != len(ids):
            raise CallFailed("Salesforce answered a delete with something else.", is_answered=True)
        return [_deleted(id_, answer_of(row)) for id_, row in zip(ids, rows, strict=True)]

    def _write(
        self,
        method: str,
        records: list[dict[str, Any]],
        path: str = "composite/sobjects",
        *,
        insists: bool = False,
    ) -> list[Answer]:
        # Assignment rules would hand our leads to others; most-recently-used lists are for people.
        headers = {"Sforce-Auto-Assign": "FALSE", "Sforce-Mru": "updateMru=false"}
        if insists:
            headers["Sforce-Duplicate-Rule-Header"] = "allowSave=true"
        body = {"allOrNone": False, "records": records}
        rows = self.client.call(path, method=method, json=body, headers=headers)
        if not isinstance(rows, list) or len(rows) != len(records):
            raise CallFailed("Salesforce answered a write with something else.", is_answered=True)
        return [answer_of(row) for row in rows]

    def _select(self, remote_object: str, fields: Sequence[str]) -> str:
        columns = map(soql.name, self._columns(remote_object, fields))
        return f"SELECT {', '.join(columns)} FROM {soql.name(remote_object)}"

    def _columns(self, remote_object: str, fields: Sequence[str]) -> list[str]:
        return list(dict.fromkeys([*META, *FATE.get(remote_object, ()), *keys_of(remote_object), *fields]))


def _total(remote_object: str, since: datetime | None) -> str:
    conditions = [f"SystemModstamp >= {soql.moment(since)}"] if since else []
    if remote_object == "Lead" and not since:
        conditions.append("IsConverted = false")  # it is the contact that it became
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT COUNT(Id) total FROM {soql.name(remote_object)}{where}"


def _since(remote_object: str, since: datetime | None) -> str:
    return _where(remote_object, f"SystemModstamp >= {soql.moment(since)}" if since else "", is_first=since is None)


def _where(remote_object: str, since: str, *, is_first: bool) -> str:
    """Which records a pull reads. Of tasks: no series, and at first none that are done; later their ends, too."""
    conditions = [since] if since else []
    if remote_object == TASK:
        conditions += ["IsRecurrence = false", "IsClosed = false"] if is_first else ["IsRecurrence = false"]
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _later_than(after: Position) -> str:
    at = soql.moment(after.at)
    if not after.id:
        return f"SystemModstamp >= {at}"
    return f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > {soql.quote(after.id)}))"


def _deleted(id_: str, answer: Answer) -> Answer:
    return Accepted(id_) if isinstance(answer, Refused) and answer.code in NO_MORE else answer
