"""Who signs in. Sign-up is closed: an admin invites, and the invited choose their password by the link in the mail."""

from functools import cached_property
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from common.models import Origin, TimestampedModel, Workspace


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, role=User.Role.ADMIN, **fields)


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Europe/Berlin.")


class User(TimestampedModel, AbstractBaseUser):
    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        MEMBER = "member", "Member"
        READ_ONLY = "read_only", "Read-only"
        PANEL = "panel", "Panel only"  # not chosen by anybody: it comes with signing in there

    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=150, blank=True)
    role = models.CharField(
        max_length=12,
        choices=Role,
        default=Role.MEMBER,
        help_text="Members work with all records. Read-only people see the same and change nothing. Admins also change "
        "the settings and invite people.",
    )
    is_active = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])

    objects = UserManager()

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        ordering = ["name", "email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_admin(self) -> bool:
        return self.is_active and self.role == self.Role.ADMIN

    @property
    def is_panel_only(self) -> bool:
        """Whether they work in a panel inside another system's pages, and have no sign-in of their own here."""
        return self.role == self.Role.PANEL

    @property
    def may_edit(self) -> bool:
        """Whether they change anything but their own settings."""
        return self.is_active and self.role != self.Role.READ_ONLY

    @cached_property
    def sees_everything(self) -> bool:
        """Whether pulled records of others are shown, too; asked for once a request."""
        return self.is_admin or Workspace.load().pulled_seen_by == Workspace.SeenBy.EVERYONE

    @property
    def is_invited(self) -> bool:
        """Asked to join, and not signed in yet."""
        return self.is_active and self.last_login is None and not self.is_panel_only

    # What Django admin asks: admins may do everything there, members may not enter.
    is_staff = is_superuser = is_admin

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_admin

    def has_perms(self, perms: object, obj: object = None) -> bool:
        return self.is_admin

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_admin


class ExtensionToken(models.Model):
    """What a browser extension signs in with, in its user's name. ``scope`` is the origin of all that it makes."""

    class Scope(models.TextChoices):
        GMAIL = Origin.EXTENSION_GMAIL.value, "Gmail extension"
        LINKEDIN = Origin.EXTENSION_LINKEDIN.value, "LinkedIn extension"

    user = models.ForeignKey(User, models.CASCADE, related_name="extension_tokens")
    name = models.CharField(max_length=60, help_text="Which browser or computer it is for.")
    scope = models.CharField(max_length=24, choices=Scope)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def new_values(self) -> dict[str, str]:
        """What every row has that is made with it, whatever the request says."""
        return {"origin": self.scope}
