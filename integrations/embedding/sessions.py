"""Being signed in to the panel, without a cookie.

Browsers keep a frame's cookies from it, or give it those of another person's visit. So a window of our own signs in by
the ordinary session and gets a code; the frame that opened the window is told it, and changes it once for a token. The
token is good for the panel only, for half an hour after its last use, and for eight hours at most.
"""

import base64
import hashlib
import re
import secrets
from datetime import timedelta

from django.utils import timezone

from integrations.logins import the_connection
from integrations.models import Connection, PanelSession
from users.models import User

CODE_LIFE = timedelta(seconds=60)
NOTED_EVERY = timedelta(minutes=1)  # a use; not each costs a write
KEPT = timedelta(days=90)
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 of the verifier, in base64url


class Refused(Exception):
    """No sign-in, and why, for the person."""


def refusal_for(user: User, connection: Connection) -> str:
    """Why somebody may not work in the panel; "" when they may."""
    if not connection.is_connected:
        return "Tandem is not connected to Salesforce. Ask an admin of your team to connect it."
    if not user.is_active:
        return "Your sign-in was deactivated. Ask an admin of your team."
    if user.is_panel_only and not connection.lets_panel_users_in:
        return "The panel is no longer open to people without a sign-in of Tandem. Ask an admin of your team for one."
    return ""


def issue_code(user: User, challenge: str) -> str:
    """A code for the frame that knows what the challenge was made of. Raises Refused."""
    connection = the_connection()
    if reason := refusal_for(user, connection):
        raise Refused(reason)
    code = secrets.token_urlsafe(32)
    PanelSession.objects.create(
        user=user,
        org_id=connection.org_id,
        auth_hash=user.get_session_auth_hash(),
        code_hash=_hash(code),
        challenge=challenge,
    )
    return code


def exchange(code: str, verifier: str) -> tuple[str, PanelSession]:
    """The token for a code, once. Raises Refused."""
    session = PanelSession.objects.select_related("user").filter(code_hash=_hash(code)).first()
    if session is None:
        raise Refused("This sign-in is not known. Sign in again.")
    if not secrets.compare_digest(session.challenge, challenge_of(verifier)):
        # Somebody has the code who did not ask for it. Whoever did signs in once more.
        PanelSession.objects.filter(pk=session.pk, token_hash=None).end()
        raise Refused("This sign-in was begun in another window. Sign in again.")
    token, now = secrets.token_urlsafe(32), timezone.now()
    fresh = PanelSession.objects.filter(token_hash=None, ended_at=None, created_at__gt=now - CODE_LIFE)
    if not fresh.filter(pk=session.pk).update(token_hash=_hash(token), used_at=now):
        # A code that comes twice was copied: whoever was first is not to be trusted either.
        PanelSession.objects.filter(pk=session.pk).end()
        raise Refused("This sign-in was used already, or took longer than a minute. Sign in again.")
    if reason := _ended(session):
        raise Refused(reason)
    return token, session


def find(token: str) -> PanelSession:
    """Whose token it is. Raises Refused."""
    live = PanelSession.objects.live().select_related("user")
    session = live.filter(token_hash=_hash(token)).first() if token else None
    if session is None:
        raise Refused("Your sign-in has ended. Sign in again." if token else "")
    if reason := _ended(session):
        raise Refused(reason)
    if timezone.now() - session.used_at > NOTED_EVERY:
        PanelSession.objects.filter(pk=session.pk).update(used_at=timezone.now())
    return session


def _ended(session: PanelSession) -> str:
    """Why a session is good no more, whatever the clock says; "" when it is."""
    connection = the_connection()
    if session.org_id != connection.org_id:
        return "Tandem is connected to another org than the one that you signed in for. Sign in again."
    if not secrets.compare_digest(session.auth_hash, session.user.get_session_auth_hash()):
        return "Your password was changed. Sign in again."
    return refusal_for(session.user, connection)


def end(token: str) -> None:
    PanelSession.objects.filter(token_hash=_hash(token)).end()


def end_all(user: User) -> None:
    """Whoever signs out of Tandem, or may not sign in any more, is signed out of the panel as well."""
    PanelSession.objects.of(user).end()


def prune() -> None:
    """Once a day. What became of them is told on the settings page for three months."""
    PanelSession.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _hash(secret: str) -> str:
    """Codes and tokens are long and random: they need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
