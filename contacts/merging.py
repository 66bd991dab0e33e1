"""What merging two people puts together beside the fields that are chosen."""

from common.merging import combines
from contacts.models import Contact


@combines(Contact)
def combine(keep: Contact, other: Contact) -> set[str]:
    """Every address of either is known of the one that stays; who opted out with either has opted out."""
    changed = set()
    known = [*keep.other_emails, other.email.lower(), *other.other_emails]
    emails = [email for email in dict.fromkeys(known) if email and email != keep.email.lower()]
    if emails != keep.other_emails:
        keep.other_emails = emails
        changed.add("other_emails")
    for name in ("no_email", "do_not_call"):
        if getattr(other, name) and not getattr(keep, name):
            setattr(keep, name, True)
            changed.add(name)
    return changed
