"""The connected org, the logins to it, and what is known of its users and objects."""

from datetime import datetime, timedelta
from typing import Self

import pghistory
from django.conf import settings
from django.db import models
from django.utils import timezone

from common.folding import sort_field
from common.history import track_settings
from common.models import TimestampedModel
from common.vault import SecretField


@track_settings(
    "login_url",
    "client_id",
    "client_secret_set_at",
    "org_id",
    "org_name",
    "is_held",
    "connected_at",
    "started_at",
    "disconnected_at",
    "team_credential",
    "is_team_login_chosen",
    "api_ceiling_percent",
    "lets_panel_users_in",
)
class Connection(TimestampedModel):
    """One org. It stays when disconnected, so that connecting it again goes on where it stopped."""

    class Phase(models.TextChoices):
        DISCONNECTED = "disconnected", "Not connected"
        SETUP = "setup", "Setting up"
        INITIAL_PULL = "initial_pull", "First pull"
        SYNCING = "syncing", "Syncing"

    provider = models.CharField(max_length=20, default="salesforce", unique=True, editable=False)
    login_url = models.URLField("login host", default="https://login.salesforce.com")
    client_id = models.CharField(max_length=255, blank=True, default="")
    client_secret = SecretField(blank=True, default="")
    client_secret_set_at = models.DateTimeField(null=True, blank=True, editable=False)

    org_id = models.CharField(max_length=18, blank=True, default="")
    org_name = models.CharField(max_length=255, blank=True, default="")
    edition = models.CharField(max_length=80, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="", help_text="Of amounts that the org says none of.")
    is_sandbox = models.BooleanField(default=False)
    instance_url = models.URLField(blank=True, default="")
    waiting_counts = models.JSONField(default=dict, blank=True, help_text="Records found in the org when connecting.")

    home = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="The database that it is in: another one than that is a copy, or a backup that was restored.",
    )
    connected_at = models.DateTimeField(null=True, blank=True)
    setup_ends_at = models.DateTimeField(null=True, blank=True)
    is_held = models.BooleanField(default=False, help_text="Syncing does not start by itself.")
    passed_steps = models.JSONField(
        default=list, blank=True, editable=False, help_text="Steps of the setup that an admin has looked at."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    first_pull_finished_at = models.DateTimeField(null=True, blank=True)
    disconnected_at = models.DateTimeField(null=True, blank=True)

    team_credential = models.ForeignKey("Credential", models.SET_NULL, null=True, blank=True, related_name="+")
    is_team_login_chosen = models.BooleanField(
        default=False, help_text="An admin chose the team's login; else it is the one with the highest permission."
    )

    paused_until = models.DateTimeField(null=True, blank=True)
    pause_reason = models.TextField(blank=True, default="")
    wrote_at = models.DateTimeField(null=True, blank=True, help_text="When the org last took a write.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="Calls that failed in a row.")

    api_used = models.PositiveIntegerField(default=0, help_text="Calls of the whole org in the last 24 hours.")
    api_limit = models.PositiveIntegerField(default=0)
    api_read_at = models.DateTimeField(null=True, blank=True, help_text="When the org last said how many.")
    api_ceiling_percent = models.PositiveSmallIntegerField(
        "share of the API limit for Tandem's background work", default=90, help_text="People's work goes on above it."
    )
    clock_offset = models.DurationField(default=timedelta, help_text="The org's clock, less ours.")
    lets_panel_users_in = models.BooleanField(
        "Salesforce users without a sign-in of Tandem may use the panel",
        default=False,
        db_default=False,
        help_text="They sign in with Salesforce, see the accounts that they may read there, and nothing else.",
    )

    def __str__(self) -> str:
        return self.org_name or "Salesforce"

    @property
    def phase(self) -> Phase:
        if not self.is_connected:
            return self.Phase.DISCONNECTED
        if not self.started_at:
            return self.Phase.SETUP
        return self.Phase.SYNCING if self.first_pull_finished_at else self.Phase.INITIAL_PULL

    @property
    def team_login_reason(self) -> str:
        """Why the team's login is the one it is."""
        if self.team_credential is None:
            return "No login works."
        if self.is_team_login_chosen:
            return "An admin chose it."
        return f"{self.team_credential.get_power_display()}: the highest permission of the connected logins."

    @property
    def is_connected(self) -> bool:
        return bool(self.org_id) and not self.disconnected_at

    @property
    def is_paused(self) -> bool:
        return self.paused_until is not None and self.paused_until > timezone.now()

    @property
    def api_ceiling(self) -> int:
        """Calls of the org in 24 hours above which no work goes on that can wait; 0 while the limit is not known."""
        return self.api_limit * self.api_ceiling_percent // 100

    @property
    def is_setup_over(self) -> bool:
        return not self.is_held and self.setup_ends_at is not None and self.setup_ends_at <= timezone.now()


class CredentialQuerySet(models.QuerySet["Credential"]):
    def usable(self) -> Self:
        return self.filter(broken_reason="", connection__disconnected_at=None)


@track_settings("user", "remote_user_id", "username", "name", "power", "broken_reason")
class Credential(TimestampedModel):
    """A user's login to the org, or the team's."""

    class Grant(models.TextChoices):
        AUTHORIZATION_CODE = "authorization_code", "Signed in"
        CLIENT_CREDENTIALS = "client_credentials", "Client credentials"

    class Power(models.IntegerChoices):
        """How much of the org the login may touch; the highest is proposed as the team's."""

        STANDARD = 0, "Standard user"
        VIEW_OBJECTS = 1, "View All on each synced object"
        VIEW_ALL = 2, "View All Data"
        MODIFY_OBJECTS = 3, "Modify All on each synced object"
        MODIFY_ALL = 4, "Modify All Data"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="credentials")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="credential"
    )
    remote_user_id = models.CharField(max_length=18)
    username = models.CharField(max_length=255, blank=True, default="")
    name = models.CharField(max_length=255, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    grant = models.CharField(max_length=24, choices=Grant, default=Grant.AUTHORIZATION_CODE)
    access_token = SecretField(blank=True, default="")
    refresh_token = SecretField(blank=True, default="")
    power = models.PositiveSmallIntegerField(choices=Power, default=Power.STANDARD)
    object_rights = models.JSONField(
        default=dict, blank=True, help_text="Objects of which it sees (“view”) or changes (“modify”) every record."
    )
    broken_reason = models.TextField(
        blank=True, default="", help_text="Why it must be connected again; empty: it works."
    )
    refusals = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often in a row the org refused a fresh token of it."
    )
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "remote_user_id"], name="one_login_per_remote_user"),
        ]

    def __str__(self) -> str:
        return self.name or self.username or self.remote_user_id

    @property
    def is_apps_own(self) -> bool:
        """Whether it is the user that the app itself runs as, and nobody's personal login."""
        return self.grant == self.Grant.CLIENT_CREDENTIALS

    @property
    def ends(self) -> str:
        """How long it lasts. Salesforce names no date: a session ends after hours, and is renewed while it may be."""
        if self.is_apps_own:
            return "Renews itself with the app's client secret."
        if self.refresh_token:
            return "Renews itself until it is revoked or a policy of the app in Salesforce ends it."
        return "Ends with its session, after some hours: the app may not refresh it (scope refresh_token)."

    def sees_all(self, remote_object: str) -> bool:
        """Whether sharing hides no record of this object from it."""
        return self.power in (self.Power.VIEW_ALL, self.Power.MODIFY_ALL) or remote_object in self.object_rights

    def changes_all(self, remote_object: str) -> bool:
        return self.power == self.Power.MODIFY_ALL or self.object_rights.get(remote_object) == "modify"


@track_settings("remote_id", "name", "user", "is_by_hand", added=pghistory.Q(new__user__isnull=False))
class UserMapping(models.Model):
    """A user of the org and, where there is one, the user here who is the same person."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="user_mappings")
    remote_id = models.CharField(max_length=18)
    name = models.CharField(max_length=255, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    is_by_hand = models.BooleanField(default=False, help_text="Set by a person; matching by e-mail leaves it alone.")
    sort_name = sort_field("name", 255)

    class Meta:
        ordering = ["sort_name"]
        constraints = [models.UniqueConstraint(fields=["connection", "remote_id"], name="remote_user_once")]

    def __str__(self) -> str:
        return self.name


class Described(models.Model):
    """What the org says of one of its objects, as ``sync.provider.Description.as_json``."""

    remote_object = models.CharField(max_length=80)
    content = models.JSONField()
    fetched_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.remote_object

    def is_older_than(self, moment: datetime) -> bool:
        return self.fetched_at < moment


class LoginDescription(Described):
    """An object as a user's own login sees it, where that is not the team's: fewer fields, perhaps, or read only."""

    credential = models.ForeignKey(Credential, models.CASCADE, related_name="descriptions")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["credential", "remote_object"], name="login_described_once")]


class ObjectDescription(Described):
    """An object as the team's login sees it: what can be mapped."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="descriptions")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "remote_object"], name="object_described_once")]
