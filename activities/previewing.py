"""What an e-mail would say to somebody."""

from dataclasses import dataclass, replace

from activities import placeholders
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


def problem_of(*texts: str) -> str:
    """Why texts with placeholders can't be used for anybody; "" when they can."""
    known = placeholders.names()
    return next(filter(None, (placeholders.problem(text, known) for text in texts)), "")


def preview(subject: str, body: str, contact: Contact, user: User) -> Preview:
    """As the contact would read it."""
    if problem := problem_of(subject, body):
        return Preview(problem=problem)
    known = placeholders.names()
    values = placeholders.values_for(contact, user, custom.definitions(RecordKind.CONTACT))
    try:
        texts = [placeholders.filled(text, values, known) for text in (subject, body)]
    except placeholders.MissingValue as missing:
        return Preview(to=str(contact), problem=str(missing))
    return Preview(str(contact), placeholders.one_line(texts[0]), texts[1])


def preview_of_newest(subject: str, body: str, user: User) -> Preview:
    """As the contact that the user made or got last would read it; what is wanting then stops a sequence."""
    contacts = Contact.objects.visible_to(user).listed().select_related("account").order_by("-id")
    contact = contacts.first()
    if contact is None:
        return Preview(problem=problem_of(subject, body) or "There is no contact yet to whom it could be shown.")
    shown = preview(subject, body, contact, user)
    if not shown.to or not shown.problem:
        return shown
    return replace(shown, problem=f"{shown.problem} For such a contact the step stops and waits for you.")
