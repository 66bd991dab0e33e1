"""Files of records as bytes: /sobjects/ContentVersion/068…/VersionData."""

from collections.abc import Generator

from localorg.api import records
from localorg.api.call import Call, Content, Reply
from localorg.dml import blobs
from localorg.dml.rules import notes
from localorg.errors import not_found
from localorg.schema import SObject

TYPE = "application/octetstream"  # as Salesforce spells it
PIECE = 1 << 20  # bytes


def download(call: Call, sobject: SObject, record_id: str) -> Reply:
    """The bytes of a record that the caller may read."""
    if records.one(call, sobject, record_id, ["Id"]) is None:
        raise not_found()
    is_note = sobject.name == "ContentNote"
    content = notes.read(call.work, record_id) if is_note else blobs.read(call.db, record_id)
    if content is None:
        raise not_found()
    return Reply(content=Content(TYPE, _pieces(content), len(content)))


def _pieces(content: bytes) -> Generator[bytes, None, None]:
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]
