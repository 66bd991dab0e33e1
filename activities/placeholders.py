"""Texts with placeholders: ``{{first_name}}``, or ``{{first_name|there}}`` with what stands in where there is none."""

import re
from collections.abc import Callable, Mapping

from common import custom
from common.lines import as_text
from common.models import CustomField, RecordKind
from contacts.models import Contact
from users.models import User

PLACEHOLDER = re.compile(r"\{\{\s*([\w.]+)\s*(?:\|([^{}]*))?\}\}")
CUSTOM = "custom."

OF_CONTACT: dict[str, tuple[str, Callable[[Contact], str]]] = {
    "first_name": ("First name", lambda contact: contact.first_name),
    "last_name": ("Last name", lambda contact: contact.last_name),
    "name": ("Full name", lambda contact: contact.name),
    "title": ("Title", lambda contact: contact.title),
    "company": ("Company", lambda contact: contact.account.name if contact.account else contact.company_name),
    "city": ("City", lambda contact: contact.city),
    "country": ("Country", lambda contact: contact.country),
}
OF_SENDER: dict[str, tuple[str, Callable[[User], str]]] = {
    "sender_name": ("Your name", str),
    "sender_first_name": ("Your first name", lambda user: str(user).split(" ")[0]),
    "sender_email": ("Your e-mail address", lambda user: user.email),
}


class MissingValue(Exception):
    """What a text asks for and the contact does not have."""

    def __init__(self, labels: list[str]) -> None:
        super().__init__(f"The contact has no {' and no '.join(label.lower() for label in labels)}.")


def names() -> dict[str, str]:
    """Every placeholder with its label."""
    own = {name: label for name, (label, _) in {**OF_CONTACT, **OF_SENDER}.items()}
    return own | {f"{CUSTOM}{field.key}": field.label for field in custom.definitions(RecordKind.CONTACT)}


def problem(text: str, known: Mapping[str, str]) -> str:
    """Why a text can't be used; "" when it can."""
    if unknown := sorted({match[1] for match in PLACEHOLDER.finditer(text)} - known.keys()):
        return f"There is no placeholder {{{{{unknown[0]}}}}}. Choose one of those below."
    if re.search(r"\{\{|\}\}", PLACEHOLDER.sub("", text)):
        return "A placeholder is written {{name}} or {{name|what stands in}}: look at the braces."
    return ""


def values_for(contact: Contact, sender: User, fields: list[CustomField]) -> dict[str, str]:
    values = {name: read(contact) for name, (_, read) in OF_CONTACT.items()}
    values |= {name: read(sender) for name, (_, read) in OF_SENDER.items()}
    for field in fields:
        values[f"{CUSTOM}{field.key}"] = as_text(custom.from_json(field, contact.custom.get(field.key)))
    return {name: value.strip() for name, value in values.items()}


def filled(text: str, values: Mapping[str, str], known: Mapping[str, str]) -> str:
    """The text with its values. Raises MissingValue."""
    missing: dict[str, None] = {}

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1], "") or (match[2] or "").strip()
        if not found:
            missing[known.get(match[1], match[1])] = None
        return found

    text = PLACEHOLDER.sub(value, text)
    if missing:
        raise MissingValue(list(missing))
    return text


def one_line(text: str) -> str:
    """For a subject: a value from elsewhere may hold a line break, which no header may."""
    return " ".join(text.split())
