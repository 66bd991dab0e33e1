"""Notes of today: a document whose versions hold the text as HTML. It shares its id with the document."""

import html
import re

from localorg.dml import blobs
from localorg.dml.rules import files
from localorg.dml.rules.base import Rules
from localorg.dml.work import Row, Work

LONGEST_PREVIEW = 255
KIND = {"FileType": "SNOTE", "FileExtension": "snote"}

_TAG = re.compile(r"<[^>]*>")


def derive(work: Work, row: Row, old: Row | None) -> None:
    if old is None:
        row |= KIND | {"Id": files.new_document(work, row), "Content": row.get("Content") or b""}
    if row.get("Content") is not None:
        row |= {"ContentSize": len(row["Content"]), "TextPreview": preview(row["Content"])}
        row["ContentModifiedDate"] = work.now


def write_version(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """New text is a new version; a new title goes into the one there is."""
    if row.get("Content") is None:
        document = work.schema["ContentDocument"]
        told: Row = {name: row[name] for name in ("Title", "OwnerId", "SharingPrivacy") if name in row}
        work.update(document, record_id, told)
        files.rename_version(work, record_id, told, work.fetch(document, record_id))
        return
    sobject, note = work.schema["ContentVersion"], (old or {}) | row
    version = dict(sobject.defaults) | KIND | files.described(work, row["Content"])
    version |= {"ContentDocumentId": record_id, "Title": note["Title"], "OwnerId": note["OwnerId"]}
    version |= {"PathOnClient": f"{note['Title']}.snote", "TextPreview": row["TextPreview"], "Origin": "H"}
    version["VersionNumber"] = str(files.retire_versions(work, record_id) + 1)
    version_id = work.insert(sobject, version)
    files.publish_version(work, version_id, version | {"VersionData": row["Content"]}, None)
    work.store(work.schema["ContentNote"], record_id, {"LatestPublishedVersionId": version_id})


def preview(content: bytes) -> str | None:
    """The beginning of a note without its markup."""
    text = html.unescape(_TAG.sub(" ", content.decode("utf-8", "replace")))
    return " ".join(text.split())[:LONGEST_PREVIEW] or None


def read(work: Work, note_id: str) -> bytes | None:
    note = work.fetch(work.schema["ContentNote"], note_id) or {}
    return blobs.read(work.db, str(note.get("LatestPublishedVersionId")))


CONTENT_NOTE = Rules(derive=derive, after=write_version)
