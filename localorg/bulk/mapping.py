"""What the header of uploaded rows means, and rows as the values that writing takes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from localorg.bulk.jobs import Job
from localorg.errors import Refused, refuse, refuse_record
from localorg.schema import Field, Schema, SObject

NULL = "#N/A"
BOOLEANS = {"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}
MOST_FIELDS, MOST_CHARACTERS = 5_000, 400_000  # of a record

Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A field, or (with ``key``) a parent told by a field of its own: Account.Ext__c, Contact:Who.Email."""

    name: str
    boolean: bool = False
    key: str = ""
    parent: str = ""

    def put(self, given: Given, text: str) -> None:
        """Nothing for an empty cell: the field stays as it is."""
        if not text:
            return
        if text == NULL:
            given[self.name] = None
        elif self.key:
            given[self.name] = {"attributes": {"type": self.parent}, self.key: text}
        else:
            given[self.name] = BOOLEANS.get(text.strip().lower(), text) if self.boolean else text


def columns_of(schema: Schema, sobject: SObject, header: Sequence[str]) -> list[Column]:
    """Raises Refused with InvalidBatch for a name that means nothing."""
    if len(header) > MOST_FIELDS:
        raise _invalid(f"Too many fields: {len(header)}. The maximum is {MOST_FIELDS}")
    return [_column(schema, sobject, name) for name in header]


def given(columns: Sequence[Column], row: Sequence[str]) -> Given:
    """The values of a row. Raises RecordRefused for one that does not fit its header."""
    if len(row) != len(columns):
        message = f"The row has {len(row)} columns, but the header has {len(columns)}"
        raise refuse_record("CLIENT_INPUT_ERROR", message)
    if sum(map(len, row)) > MOST_CHARACTERS:
        raise refuse_record("CLIENT_INPUT_ERROR", f"A record may have no more than {MOST_CHARACTERS} characters")
    found: Given = {}
    for column, text in zip(columns, row, strict=True):
        column.put(found, text)
    return found


def check_names(job: Job, names: Collection[str]) -> None:
    """The fields that tell which record is meant must be there. Raises Refused."""
    needed = {"insert": "", "upsert": job.external_id}.get(job.operation, "Id")
    if needed and needed not in names:
        raise _invalid(f"Field name not found : {needed}")


def _column(schema: Schema, sobject: SObject, name: str) -> Column:
    field = sobject.find(name)
    if field is not None:
        return Column(field.name, field.type == "boolean")
    path, _, key = name.partition(".")
    kind, _, relationship = path.rpartition(":")
    reference = sobject.by_relationship.get(relationship.lower())
    if reference is None or not key:
        raise _invalid(f"Field name not found : {name}")
    parent = _parent(schema, reference, kind, name)
    known = parent.find(key)
    if known is None:
        raise _invalid(f"Field name not found : {name}")
    return Column(str(reference.relationship), key=known.name, parent=parent.name)


def _parent(schema: Schema, reference: Field, kind: str, name: str) -> SObject:
    """Only a lookup that may lead to several objects tells which one is meant."""
    if kind and not reference.polymorphic:
        raise _invalid(f"type is not needed for non polymorphic foreign key : {name}")
    parent = schema.find(kind or reference.targets[0])
    if parent is None or parent.name not in reference.targets or (reference.polymorphic and not kind):
        raise _invalid(f"Field name not found : {name}")
    return parent


def _invalid(message: str) -> Refused:
    return refuse("InvalidBatch", message)
