"""Tokens of browser extensions: made on the You page, shown once, kept as a digest, good for little."""

import secrets
from datetime import timedelta
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common import audit
from users.models import ExtensionToken, User

PREFIX = "tdmx_"  # so that a leaked one is recognised for what it is
MOST = 20  # that one person may have at a time
NOTED_EVERY = timedelta(minutes=1)  # a last use is not written with every request


@transaction.atomic
def make(user: User, *, name: str, scope: str) -> tuple[ExtensionToken, str]:
    """A new token, and its text, which nobody can tell again. Raises ValidationError."""
    User.objects.select_for_update().get(pk=user.pk)
    if user.extension_tokens.count() >= MOST:
        raise ValidationError(f"You have {MOST} tokens. Revoke one that is not used any more first.")
    text = PREFIX + secrets.token_urlsafe(32)
    token = ExtensionToken(user=user, name=name, scope=scope, digest=digest_of(text))
    token.full_clean()
    token.save()
    audit.record(audit.Kind.ACCESS, f"Made the token “{name}” ({token.get_scope_display()})", user=user)
    return token, text


@transaction.atomic
def revoke(token: ExtensionToken) -> None:
    token.delete()
    audit.record(audit.Kind.ACCESS, f"Revoked the token “{token}” ({token.get_scope_display()})", user=token.user)


def digest_of(text: str) -> str:
    """256 random bits need no salt and no slow hash."""
    return sha256(text.encode()).hexdigest()


def find(text: str) -> ExtensionToken | None:
    """The token of an active user, whose use is noted."""
    token = ExtensionToken.objects.select_related("user").filter(digest=digest_of(text), user__is_active=True).first()
    if token:
        now = timezone.now()
        is_old = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED_EVERY)
        ExtensionToken.objects.filter(is_old, pk=token.pk).update(last_used_at=now)
    return token
