"""Contacts, leads and users: the name is made of its parts; a converted lead is closed for good, and to all."""

from localorg.dml.rules.base import Rules, merged
from localorg.dml.rules.trees import refuse_circle
from localorg.dml.work import Row, Work
from localorg.errors import refuse_record


def full_name(first: str | None, last: str | None) -> str:
    return f"{first} {last}" if first else str(last)


def derive_name(work: Work, row: Row, old: Row | None) -> None:
    if "FirstName" in row or "LastName" in row:
        now = merged(row, old)
        row["Name"] = full_name(now.get("FirstName"), now["LastName"])


def check_contact(work: Work, row: Row, old: Row | None) -> None:
    refuse_circle(work, work.schema["Contact"], "ReportsToId", row, old)


def refuse_converted_lead(work: Work, row: Row, old: Row | None, name: str) -> None:
    """A converted lead cannot be pointed at anew; whoever did so before may go on."""
    lead_id = row.get(name)
    if lead_id is None or not str(lead_id).startswith("00Q") or (old and old[name] == lead_id):
        return
    if (work.fetch(work.schema["Lead"], lead_id) or {}).get("IsConverted"):
        raise refuse_record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


def refuse_converted(work: Work, row: Row, old: Row | None) -> None:
    if old and old["IsConverted"]:
        raise refuse_record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


CONTACT = Rules(check=check_contact, derive=derive_name)
LEAD = Rules(check=refuse_converted, derive=derive_name)
