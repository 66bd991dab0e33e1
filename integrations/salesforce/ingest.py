"""Bulk API 2.0 ingest: many changes as one CSV, which Salesforce works off by itself."""

import csv
import io
from collections.abc import Iterator, Sequence

from integrations.salesforce.answers import answer_of
from integrations.salesforce.client import Client
from integrations.sync.provider import Accepted, Answer, CallFailed, Ingest, Value, Values

NULL = "#N/A"  # an empty cell leaves the field as it is
OVER = {"JobComplete", "Failed", "Aborted"}
PATH = "jobs/ingest"


class Ingests:
    """The part of the Provider that is about them."""

    client: Client

    def start_ingest(self, remote_object: str, key: str) -> str:
        body = {"object": remote_object, "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
        if key != "Id":
            body |= {"operation": "upsert", "externalIdFieldName": key}
        return str(self.client.call(PATH, method="POST", json=body)["id"])

    def fill_ingest(self, ingest_id: str, payloads: Sequence[Values]) -> None:
        self.client.upload(f"{PATH}/{ingest_id}/batches", _csv(payloads))
        self.client.call(f"{PATH}/{ingest_id}", method="PATCH", json={"state": "UploadComplete"})

    def ingest(self, ingest_id: str) -> Ingest:
        job = self.client.get(f"{PATH}/{ingest_id}")
        refused = job["numberRecordsFailed"]
        taken = job["numberRecordsProcessed"] - refused
        return Ingest(ingest_id, job["state"] == "Open", job["state"] in OVER, taken, refused)

    def ingest_answers(self, ingest: Ingest, key: str) -> Iterator[tuple[str, Answer]]:
        yield from self._answers(ingest.id, "successfulResults", key, ingest.taken)
        yield from self._answers(ingest.id, "failedResults", key, ingest.refused)

    def end_ingest(self, ingest_id: str) -> None:
        self.client.call(f"{PATH}/{ingest_id}", method="PATCH", json={"state": "Aborted"})

    def _answers(self, ingest_id: str, name: str, key: str, due: int) -> Iterator[tuple[str, Answer]]:
        """Raises CallFailed when there are fewer than are due: what is not told of was not written, else."""
        columns, _ = self.client.bulk_part(f"{PATH}/{ingest_id}/{name}", {}) if due else ({key: ()}, "")
        told = columns.get("sf__Error") or columns.get("sf__Id") or ()
        for value, text in zip(columns[key], told, strict=True):
            due -= 1
            yield value, _refusal(text) if "sf__Error" in columns else Accepted(text)
        if due > 0:
            raise CallFailed("Salesforce told of fewer records than it wrote.")


def _refusal(text: str) -> Answer:
    """``CODE:message:fields --``"""
    code, _, rest = text.partition(":")
    message, _, fields = rest.rpartition(":")
    names = [name for name in fields.removesuffix("--").strip().split(",") if name]
    return answer_of({"errors": [{"statusCode": code, "message": message or rest, "fields": names}]})


def _csv(payloads: Sequence[Values]) -> bytes:
    names = list(dict.fromkeys(name for payload in payloads for name in payload))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(payload[name]) if name in payload else "" for name in names] for payload in payloads)
    return file.getvalue().encode()


def _cell(value: Value) -> str:
    if value is None:
        return NULL
    return str(value).lower() if isinstance(value, bool) else str(value)
