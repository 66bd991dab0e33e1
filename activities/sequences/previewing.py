"""What an e-mail of a sequence would say to somebody."""

from dataclasses import dataclass

from activities.sequences import placeholders
from common import custom
from common.models import RecordKind
from contacts.models import Contact
from users.models import User


@dataclass(frozen=True)
class Preview:
    to: str = ""
    subject: str = ""
    body: str = ""
    problem: str = ""


def preview(subject: str, body: str, user: User) -> Preview:
    """As the contact that the user made or got last would read it."""
    known = placeholders.names()
    problem = placeholders.problem(subject, known) or placeholders.problem(body, known)
    contacts = Contact.objects.visible_to(user).listed().select_related("account").order_by("-id")
    contact = contacts.first()
    if problem or contact is None:
        return Preview(problem=problem or "There is no contact yet to whom it could be shown.")
    values = placeholders.values_for(contact, user, custom.definitions(RecordKind.CONTACT))
    try:
        texts = [placeholders.filled(text, values, known) for text in (subject, body)]
    except placeholders.MissingValue as missing:
        return Preview(to=str(contact), problem=f"{missing} For such a contact the step stops and waits for you.")
    return Preview(str(contact), placeholders.one_line(texts[0]), texts[1])
