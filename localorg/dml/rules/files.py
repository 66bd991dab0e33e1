"""Attachments, and files as documents: versions of one document, linked to any number of records."""

import hashlib
from pathlib import PurePosixPath

from localorg.dml import blobs
from localorg.dml.rules.base import Rules
from localorg.dml.work import Row, Work
from localorg.errors import Problem, RecordRefused, refuse_record

LARGEST_ATTACHMENT = 25 * 1024 * 1024  # bytes
LONGEST_TITLE = 255
FILE_TYPES = {
    "csv": "CSV",
    "doc": "WORD",
    "docx": "WORD_X",
    "gif": "GIF",
    "htm": "HTML",
    "html": "HTML",
    "jpeg": "JPG",
    "jpg": "JPG",
    "mp4": "MP4",
    "pdf": "PDF",
    "png": "PNG",
    "ppt": "POWER_POINT",
    "pptx": "POWER_POINT_X",
    "rtf": "RTF",
    "snote": "SNOTE",
    "svg": "SVG",
    "txt": "TEXT",
    "xls": "EXCEL",
    "xlsx": "EXCEL_X",
    "xml": "XML",
    "zip": "ZIP",
}
INFERRED = "I"  # the share type of a file's owner


def measure_attachment(work: Work, row: Row, old: Row | None) -> None:
    if row.get("Body") is not None:
        row["BodyLength"] = len(row["Body"])
        if row["BodyLength"] > LARGEST_ATTACHMENT:
            message = f"Body: data value too large: (max length={LARGEST_ATTACHMENT})"
            raise refuse_record("STRING_TOO_LONG", message, "Body")


def keep_attachment(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    if row.get("Body") is not None:
        blobs.keep(work.db, record_id, row["Body"])


def check_version(work: Work, row: Row, old: Row | None) -> None:
    """A version is a file with a name, or a link; it goes on with a document or begins one somewhere."""
    if old is not None:
        return
    wanted = ("ContentUrl",) if row.get("ContentUrl") else ("PathOnClient", "VersionData")
    if missing := [name for name in wanted if row.get(name) is None]:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise refuse_record("REQUIRED_FIELD_MISSING", message, *missing)
    if row.get("ContentDocumentId") and row.get("FirstPublishLocationId"):
        message = "A first publish location cannot be given for a document that exists"
        raise refuse_record("FIELD_INTEGRITY_EXCEPTION", message, "FirstPublishLocationId")


def derive_version(work: Work, row: Row, old: Row | None) -> None:
    if old is not None:
        return
    name = PurePosixPath(str(row.get("PathOnClient") or row.get("ContentUrl")).replace("\\", "/")).name
    extension = PurePosixPath(name).suffix.lstrip(".") or None
    row["Title"] = row.get("Title") or (name.removesuffix(f".{extension}") or name)[:LONGEST_TITLE]
    kind = "LINK" if row.get("ContentUrl") else FILE_TYPES.get(str(extension).lower(), "UNKNOWN")
    row |= {"FileExtension": extension and extension[:40], "FileType": kind}
    row |= described(work, row.get("VersionData") or b"")
    row["ContentLocation"] = "L" if row.get("ContentUrl") else row["ContentLocation"]
    row["ContentDocumentId"] = row.get("ContentDocumentId") or new_document(work, row)
    row["VersionNumber"] = str(retire_versions(work, row["ContentDocumentId"]) + 1)


def described(work: Work, content: bytes) -> Row:
    """What a version says of its bytes."""
    return {
        "IsLatest": 1,
        "ContentSize": len(content),
        "Checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "ContentModifiedDate": work.now,
        "ContentModifiedById": work.user_id,
    }


def new_document(work: Work, version: Row) -> str:
    """A document for its first version; whoever owns it can see it."""
    document = work.schema["ContentDocument"]
    row = {"Title": version["Title"], "OwnerId": version["OwnerId"]}
    document_id = work.insert(document, dict(document.defaults) | row)
    link(work, document_id, version["OwnerId"], INFERRED)
    return document_id


def link(work: Work, document_id: str, entity_id: str, share: str = "V") -> None:
    row = {"ContentDocumentId": document_id, "LinkedEntityId": entity_id, "ShareType": share, "Visibility": "AllUsers"}
    if not _is_linked(work, row):
        work.insert(work.schema["ContentDocumentLink"], row)


def retire_versions(work: Work, document_id: str) -> int:
    """Older versions are no longer the latest; how many there are."""
    version = work.schema["ContentVersion"]
    sql = 'SELECT "Id" FROM "ContentVersion" WHERE "ContentDocumentId" = ?'
    older = work.db.execute(sql, (document_id,)).fetchall()
    for (version_id,) in older:
        work.touch(version, version_id, {"IsLatest": 0})
    return len(older)


def publish_version(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """The document shows what its latest version says."""
    if old is None and row.get("VersionData") is not None:
        blobs.keep(work.db, record_id, row["VersionData"])
    if old is None or old["IsLatest"]:
        shown = ("Title", "Description", "FileType", "FileExtension", "ContentSize", "ContentModifiedDate")
        told = {name: row[name] for name in shown if name in row}
        told |= {"LatestPublishedVersionId": record_id} if old is None else {}
        work.update(work.schema["ContentDocument"], (old or row)["ContentDocumentId"], told)
    if old is None and row.get("FirstPublishLocationId"):
        link(work, row["ContentDocumentId"], row["FirstPublishLocationId"])


def rename_version(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """A document's new name is that of its latest version, too."""
    told: Row = {name: row[name] for name in ("Title", "Description") if name in row}
    if old and told and old["LatestPublishedVersionId"]:
        work.update(work.schema["ContentVersion"], old["LatestPublishedVersionId"], told)
    if old and old["FileType"] == "SNOTE":
        note: Row = {name: row[name] for name in ("Title", "OwnerId", "SharingPrivacy") if name in row}
        work.update(work.schema["ContentNote"], record_id, note)


def follow_document(work: Work, record_id: str, row: Row) -> None:
    """A note is in the bin while its document is."""
    gone = bool(work.is_deleted(record_id))
    if row["FileType"] == "SNOTE":
        work.update(work.schema["ContentNote"], record_id, {"IsDeleted": int(gone)})


def check_link(work: Work, row: Row, old: Row | None) -> None:
    if old is None and row.get("ContentDocumentId") and row.get("LinkedEntityId") and _is_linked(work, row):
        document, entity = row["ContentDocumentId"], row["LinkedEntityId"]
        message = f"Document with ID: {document} is already linked with the entity with ID: {entity}"
        raise RecordRefused([Problem("DUPLICATE_VALUE", message, ("LinkedEntityId",))])


def refuse_owners_link(work: Work, record_id: str, row: Row) -> None:
    """The link of the owner stays as long as the file."""
    if row["ShareType"] == INFERRED and str(row["LinkedEntityId"]).startswith("005"):
        raise refuse_record("FIELD_INTEGRITY_EXCEPTION", "field integrity exception")


def _is_linked(work: Work, row: Row) -> bool:
    sql = 'SELECT 1 FROM "ContentDocumentLink" WHERE "ContentDocumentId" = ? AND "LinkedEntityId" = ? '
    params = (row["ContentDocumentId"], row["LinkedEntityId"])
    return work.db.execute(f'{sql} AND NOT "IsDeleted"', params).fetchone() is not None


ATTACHMENT = Rules(derive=measure_attachment, after=keep_attachment)
VERSION = Rules(check=check_version, derive=derive_version, after=publish_version)
DOCUMENT = Rules(after=rename_version, removed=follow_document, restored=follow_document)
LINK = Rules(check=check_link, before_delete=refuse_owners_link)
