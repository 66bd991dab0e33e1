"""E-mails as the team keeps them: each once, in whose mailboxes ever it lies, and which conversation it belongs to."""

import hashlib
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection as database
from django.utils.crypto import get_random_string

from activities.models import DeletedEmail, Message
from common.bulk import any_of

LOCK = 7_305_001  # of PostgreSQL's advisory locks: one writer of new e-mails at a time
LONGEST = 255
OURS = "tandem."  # so begin the ids of e-mails that were sent here


def lock() -> None:
    """Until the end of the transaction nobody else adds e-mails. Taken before any row is locked."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def new_id(draft: str = "") -> str:
    """``draft``: what is sent; the same draft has the same id however often it is tried."""
    return f"{OURS}{draft or get_random_string(24).lower()}@{_host()}"


def is_ours(message_id: str) -> bool:
    """Whether an id looks like those of ``new_id``; who wrote it is another question."""
    return message_id.startswith(OURS) and message_id.endswith(f"@{_host()}")


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def fitted(text: str) -> str:
    """An id that the column holds: a longer one is replaced by its hash, always by the same."""
    return text if len(text) <= LONGEST else f"{hashlib.sha256(text.encode()).hexdigest()}@too-long"


def known(ids: Iterable[str]) -> dict[str, Message]:
    found = Message.objects.filter(message_id__in=any_of(set(ids))).select_related("activity")
    return {message.message_id: message for message in found}


def deleted(ids: Iterable[str]) -> set[str]:
    """Those of these that somebody deleted here."""
    return set(DeletedEmail.objects.filter(message_id__in=any_of(set(ids))).values_list("message_id", flat=True))


def thread_of(message_id: str, references: Collection[str], earlier: dict[str, Message]) -> str:
    """The conversation of what is answered, where that is known; else what the e-mail itself says began it."""
    for reference in reversed(list(references)):  # the nearest comes last
        if reference in earlier:
            return earlier[reference].thread
    return next(iter(references), message_id)
