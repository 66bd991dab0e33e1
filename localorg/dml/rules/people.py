"""Contacts, leads and users: the name is made of its parts; a converted lead is closed for good."""

from localorg.dml.rules.base import Rules, merged
from localorg.dml.work import Row, Work
from localorg.errors import refuse_record


def full_name(first: str | None, last: str | None) -> str:
    return f"{first} {last}" if first else str(last)


def derive_name(work: Work, row: Row, old: Row | None) -> None:
    if "FirstName" in row or "LastName" in row:
        now = merged(row, old)
        row["Name"] = full_name(now.get("FirstName"), now["LastName"])


def refuse_converted(work: Work, row: Row, old: Row | None) -> None:
    if old and old["IsConverted"]:
        raise refuse_record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


PERSON = Rules(derive=derive_name)
LEAD = Rules(check=refuse_converted, derive=derive_name)
