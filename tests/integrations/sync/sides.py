"""What both sides hold of people, and what may go wrong between them."""

from typing import Any

from contacts.models import Contact
from integrations.models import Connection
from integrations.sync.mapping import normal
from integrations.sync.scope import Scope
from tests.salesforce_org import Org

FAULTS = (
    {"do": "drop_after"},
    {"do": "drop_before"},
    {"do": "status", "status": 503},
    {"do": "status", "status": 500},
    {"do": "html"},
    {"do": "lock"},
    {"do": "limit"},
    {"do": "expire"},
    {"do": "duplicate_page"},
    {"do": "reorder_page"},
    {"do": "truncate"},
    {"do": "refuse", "code": "UNABLE_TO_LOCK_ROW"},
)
LOCAL_FIELDS = ("title", "phone", "city", "street", "department", "first_name")
REMOTE_FIELDS = {
    "Contact": ("Title", "Phone", "MailingCity", "MailingStreet", "Department", "FirstName"),
    "Lead": ("Title", "Phone", "City", "Street", "FirstName"),
}
CALLS = (r"v62\.0/composite", r"v62\.0/query", r"v62\.0")


def values_here(connection: Connection, name: str = "Contact") -> dict[str, dict[str, Any]]:
    scope = Scope.load(connection, name)
    contacts = list(Contact.objects.filter(crm_object=name))
    expressed = scope.express(contacts, scope.vocabulary(contacts))
    return {contact.crm_id: {name: expressed[contact.pk].get(name) for name in _names(scope)} for contact in contacts}


def values_there(connection: Connection, org: Org, name: str = "Contact") -> dict[str, dict[str, Any]]:
    scope = Scope.load(connection, name)
    where = "WHERE IsConverted = false" if name == "Lead" else ""
    rows = org.query(f"SELECT Id, {', '.join(sorted(_names(scope)))} FROM {name} {where}")
    return {row["Id"]: {name: normal(scope.by_name[name].remote, row[name]) for name in _names(scope)} for row in rows}


def _names(scope: Scope) -> set[str]:
    return {pair.name for pair in scope.pairs if pair.field.name in {*LOCAL_FIELDS, "last_name", "email"}}
