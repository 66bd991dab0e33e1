"""What merging two people puts together beside the fields that are chosen."""

from collections.abc import Mapping
from typing import Any

from common.merging import combines
from contacts.models import Contact


@combines(
    Contact,
    decides=("other_emails", "email_status", "no_email", "do_not_call"),
    notes={
        "email": "The address that is not chosen stays as a secondary one.",
        "other_emails": "All addresses of both are kept.",
        "no_email": "“Yes” of either counts.",
        "do_not_call": "“Yes” of either counts.",
    },
)
def combine(keep: Contact, other: Contact, before: Mapping[str, Any]) -> set[str]:
    """Every address of either is known of the one that stays; who opted out with either has opted out."""
    present = {name: getattr(keep, name) for name in ("other_emails", "email_status", "no_email", "do_not_call")}
    known = [before["email"].lower(), *keep.other_emails, other.email.lower(), *other.other_emails]
    keep.other_emails = [email for email in dict.fromkeys(known) if email and email != keep.email.lower()]
    if keep.email.lower() != before["email"].lower():
        keep.email_status = other.email_status  # what was found out is about the address
    keep.no_email |= other.no_email
    keep.do_not_call |= other.do_not_call
    return {name for name, value in present.items() if getattr(keep, name) != value}
