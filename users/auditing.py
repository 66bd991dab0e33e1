"""What the audit log tells of signing in: who got in and who did not, by which way, and how the ways change."""

from typing import Any

from allauth.account import signals
from allauth.mfa import signals as factors
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.http import HttpRequest

from common import audit
from common.audit import Kind
from users.models import User

WAYS = {"mfa": "second factor"}


def connect() -> None:
    signals.user_logged_in.connect(on_sign_in)
    user_logged_out.connect(on_sign_out)
    user_login_failed.connect(on_failure)
    factors.authentication_failed.connect(on_wrong_code)
    for signal, what in (
        (factors.authenticator_added, "Turned on the second factor: {authenticator}"),
        (factors.authenticator_removed, "Turned off the second factor: {authenticator}"),
        (factors.authenticator_reset, "Made new recovery codes"),
        (signals.password_changed, "Changed the password"),
        (signals.password_set, "Chose a password"),
        (signals.password_reset, "Chose a new password by the link in the mail"),
    ):
        signal.connect(_teller(what), weak=False, dispatch_uid=what)


def on_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    ways = [WAYS.get(one["method"], one["method"]) for one in request.session.get("account_authentication_methods", [])]
    audit.record(Kind.SIGN_IN, f"By {' and '.join(dict.fromkeys(ways))}" if ways else "", user=user)


def on_sign_out(user: User | None, **_: Any) -> None:
    if user:
        audit.record(Kind.SIGN_OUT, user=user)


def on_failure(credentials: dict[str, Any], **_: Any) -> None:
    """Of what was typed the address alone is kept."""
    who = str(credentials.get("email") or credentials.get("username") or "")
    audit.record(Kind.FAILED, "Wrong address or password", who=who)


def on_wrong_code(user: User, **_: Any) -> None:
    audit.record(Kind.FAILED, "Wrong code of the second factor", user=user)


def _teller(what: str) -> Any:
    def on_change(user: User, **told: Any) -> None:
        audit.record(Kind.ACCESS, what.format_map(told), user=user)

    return on_change
