"""Who works in the panel inside the org's own pages."""

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from .connection import Connection

if TYPE_CHECKING:
    from users.models import User

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)


class PanelMember(models.Model):
    """A user of the org who works in the panel only, and signs in there with the org's login."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="panel_members")
    remote_user_id = models.CharField(max_length=18)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="panel_member")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "remote_user_id"], name="panel_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.remote_user_id})"


class PanelSessionQuerySet(models.QuerySet["PanelSession"]):
    def live(self) -> Self:
        now = timezone.now()
        return self.filter(ended_at=None, used_at__gt=now - IDLE, created_at__gt=now - LONGEST)

    def end(self) -> int:
        return self.filter(ended_at=None).update(ended_at=timezone.now())

    def of(self, user: "User") -> Self:
        return self.filter(user=user)


class PanelSession(models.Model):
    """A sign-in to the panel: first a code that a window hands over once, then the token that it was changed for.

    Of both only hashes are kept. ``challenge``: what the frame that asked for the code must know the origin of.
    ``auth_hash`` changes with the user's password, and ends the session.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="panel_sessions")
    org_id = models.CharField(max_length=18)
    auth_hash = models.CharField(max_length=128)
    code_hash = models.CharField(max_length=64, unique=True)
    challenge = models.CharField(max_length=43)
    token_hash = models.CharField(max_length=64, null=True, unique=True)  # none until it is changed
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = PanelSessionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["-used_at"], name="panel_session_used")]

    def __str__(self) -> str:
        return f"{self.user} since {self.created_at:%Y-%m-%d %H:%M}"
