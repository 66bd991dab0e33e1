"""Records and fields as Salesforce writes them, in rows and in columns."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.sync.provider import NUMBERS, RemoteField, RemoteRecord, Value

CONVERTED = {"Contact": "ConvertedContactId", "Account": "ConvertedAccountId", "Opportunity": "ConvertedOpportunityId"}


def parse_moment(text: str) -> datetime:
    """``2026-01-02T03:04:05.000+0000``, as Salesforce writes it."""
    return datetime.fromisoformat(text)


def fields_of(raws: Sequence[Mapping[str, Any]]) -> list[RemoteField]:
    by_name = {raw["name"]: raw for raw in raws}
    return [_field(raw, by_name.get(raw["compoundFieldName"], raw)) for raw in raws]


def _field(raw: Mapping[str, Any], whole: Mapping[str, Any]) -> RemoteField:
    """``whole``: what it is a part of, such as an address; rights on parts are those on the whole."""
    return RemoteField(
        name=raw["name"],
        label=raw["label"],
        type=raw["type"],
        length=raw["length"],
        precision=raw["precision"],
        scale=raw["scale"],
        digits=raw["digits"],
        is_createable=raw["createable"],
        is_updateable=raw["updateable"],
        is_required=raw["createable"]
        and not raw["nillable"]
        and not raw["defaultedOnCreate"]
        and raw["type"] != "boolean",
        is_restricted=raw["restrictedPicklist"],
        is_external_id=raw["externalId"],
        is_unique=raw["unique"],
        is_custom=raw["custom"],
        values=tuple(choice["value"] for choice in raw["picklistValues"] if choice["active"]),
        references=tuple(raw["referenceTo"]),
        is_computed=raw["calculated"] or raw["autoNumber"],
        secured_as=whole["name"] if whole["permissionable"] else "",
    )


def record_of(remote_object: str, row: Mapping[str, Any], fields: Sequence[str]) -> RemoteRecord:
    return RemoteRecord(
        remote_object=remote_object,
        id=row["Id"],
        values={name: _value(row[name]) for name in fields},
        changed_at=parse_moment(row["SystemModstamp"]),
        edited_at=parse_moment(row["LastModifiedDate"]),
        is_deleted=row["IsDeleted"],
        merged_into=row.get("MasterRecordId") or "",
        is_converted=bool(row.get("IsConverted")),
        converted_to={name: row[column] for name, column in CONVERTED.items() if row.get(column)},
    )


def records_of(
    remote_object: str, fields: Sequence[RemoteField], table: Mapping[str, Sequence[str]]
) -> list[RemoteRecord]:
    """Records of a bulk query, which comes as columns: everything is text there, and empty is null."""
    names = [field.name for field in fields]
    rows = zip(*(_typed(field.type, table[field.name]) for field in fields), strict=True)
    converted = [(name, table[column]) for name, column in CONVERTED.items() if column in table]
    nothing = [""] * len(table["Id"])
    return [
        RemoteRecord(
            remote_object=remote_object,
            id=id_,
            values=dict(zip(names, row, strict=True)),
            changed_at=parse_moment(changed_at),
            edited_at=parse_moment(edited_at),
            is_deleted=is_deleted == "true",
            merged_into=merged_into,
            is_converted=is_converted == "true",
            converted_to={name: ids[number] for name, ids in converted if ids[number]},
        )
        for number, (id_, row, changed_at, edited_at, is_deleted, merged_into, is_converted) in enumerate(
            zip(
                table["Id"],
                rows,
                table["SystemModstamp"],
                table["LastModifiedDate"],
                table["IsDeleted"],
                table.get("MasterRecordId", nothing),
                table.get("IsConverted", nothing),
                strict=True,
            )
        )
    ]


def _typed(type_: str, texts: Sequence[str]) -> list[Value]:
    if type_ == "boolean":
        return [text == "true" for text in texts]
    if type_ in NUMBERS:
        return [float(text) if text else None for text in texts]
    return [text.strip() or None for text in texts]


def _value(raw: Any) -> Value:
    if isinstance(raw, str):
        # Text areas come back with either line ending; nothing else tells the two apart.
        return raw.replace("\r\n", "\n").strip() or None
    return raw
