"""How the Visualforce host knows who looks: the org's host sends people there with a signed ticket.

A real org opens a second session on that host by a cookie. A ticket in the address does the same in every browser,
whatever it thinks of cookies in frames; it opens nothing but Visualforce pages.
"""

import hmac
import secrets
import time
from hashlib import sha256

LIFETIME = 3600  # seconds
PARAMETER = "vfticket"

_KEY = secrets.token_bytes(32)  # of this process: after a restart people are sent for a new ticket


def issue(user_id: str) -> str:
    expires = int(time.time()) + LIFETIME
    return f"{user_id}.{expires}.{_signature(user_id, expires)}"


def holder(ticket: str) -> str | None:
    """The user whom a valid ticket names."""
    user_id, _, rest = ticket.partition(".")
    expires, _, signature = rest.partition(".")
    if not expires.isdecimal() or int(expires) < time.time():
        return None
    genuine = hmac.compare_digest(signature.encode(), _signature(user_id, int(expires)).encode())
    return user_id if genuine else None


def _signature(user_id: str, expires: int) -> str:
    return hmac.new(_KEY, f"{user_id}.{expires}".encode(), sha256).hexdigest()
