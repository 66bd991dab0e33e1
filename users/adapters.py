from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from common import vault


class ClosedSignupAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: admins invite."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Whoever works in a panel only signs in there, by the system that shows it, even if they have a password."""
        if user.is_panel_only:
            messages.error(request, "This sign-in is for the panel in your CRM only. Ask an admin for one of Tandem.")
            return redirect("account_login")
        return super().pre_login(request, user, **kwargs)


class SealedFactorAdapter(DefaultMFAAdapter):
    """Keys of second factors are kept as tokens are."""

    def encrypt(self, text: str) -> str:
        return vault.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Where the key is gone no code fits: codes of an empty secret could be computed by anybody."""
        return vault.unseal(encrypted_text) or generate_totp_secret()
