"""What is synced and how: settings of an object, fields and stages."""

from typing import Any

from django.db import models

from common.history import track_settings
from common.models import RecordKind, TimestampedModel

from .connection import Connection
from .once import PushedAtOnce


@track_settings(
    "record_kind",
    "sync",
    "push_new",
    "push_by_stage",
    "push_stages",
    "create_as",
    "external_id_field",
    "winner",
    "source_field",
    "source_value",
    "push_unverified_emails",
    "push_automatic_owner",
    "without_account",
    "several_matches",
    "duplicate_rule",
    "company_placeholder",
    "is_visible",
    "match_accounts",
    "enrich_existing",
    "pull_every",
)
class ObjectSettings(PushedAtOnce, TimestampedModel):
    """How one kind of record is pulled and pushed."""

    class Sync(models.TextChoices):
        """Which way records go. Off: both sides keep what they have."""

        BOTH = "both", "Both ways"
        PULL = "pull", "Only pull"
        PUSH = "push", "Only push"
        OFF = "off", "Off"

    class WithoutAccount(models.TextChoices):
        PUSH = "push", "Push it without an account (only its owner and admins see it in Salesforce)"
        HOLD = "hold", "Keep it out of Salesforce"

    class SeveralMatches(models.TextChoices):
        ASK = "ask", "Ask: it waits in the inbox"
        OLDEST = "oldest", "Link it to the oldest of them"
        CREATE = "create", "Create another one"

    class DuplicateRule(models.TextChoices):
        ASK = "ask", "Ask: it waits in the inbox"
        SAVE = "save", "Save it all the same, where the rule allows that"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="object_settings")
    record_kind = models.CharField(max_length=12, choices=RecordKind)

    sync = models.CharField(max_length=4, choices=Sync, default=Sync.BOTH, help_text="Only deals can be turned off.")
    push_new = models.BooleanField("push new records", default=False)
    push_by_stage = models.BooleanField("only records in chosen stages", default=False)
    push_stages = models.JSONField(default=list, blank=True, help_text="Ids of stages; null stands for “No stage”.")
    create_as = models.CharField(max_length=80, blank=True, default="", help_text="The object that new records become.")
    external_id_field = models.CharField(
        max_length=120,
        blank=True,
        default="",
        help_text="A text field of 36 characters, External ID and Unique, that every login may write: "
        "with it, a create whose answer is lost can be sent again without making a second record.",
    )
    winner = models.CharField(
        "when both sides changed a field",
        max_length=8,
        choices=[("latest", "The later change"), ("theirs", "Salesforce"), ("ours", "Tandem")],
        default="latest",
        help_text="Counts for every field that has no rule of its own. Which change is the later one is an estimate: "
        "Salesforce only tells when a record was last edited.",
    )
    source_field = models.CharField(max_length=80, blank=True, default="")
    source_value = models.CharField(max_length=255, blank=True, default="Tandem")
    push_unverified_emails = models.BooleanField(default=False)
    push_automatic_owner = models.BooleanField(
        "give accounts that Tandem makes for a contact to its owner",
        default=False,
        help_text="Off: the login that makes them owns them in Salesforce.",
    )
    without_account = models.CharField(max_length=8, choices=WithoutAccount, default=WithoutAccount.PUSH)
    several_matches = models.CharField(
        "when several records in Salesforce look like a new one",
        max_length=8,
        choices=SeveralMatches,
        default=SeveralMatches.ASK,
    )
    duplicate_rule = models.CharField(
        "when a duplicate rule of Salesforce refuses a record",
        max_length=8,
        choices=DuplicateRule,
        default=DuplicateRule.ASK,
    )
    company_placeholder = models.CharField(max_length=80, blank=True, default="[not provided]")

    is_visible = models.BooleanField("show pulled records", default=True)
    shown_after = models.BigIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="How far pulled records were looked at again, to show or hide them; empty: none is under way.",
    )
    match_accounts = models.BooleanField("match accounts of leads by e-mail domain", default=True)
    enrich_existing = models.BooleanField(
        "enrich existing records",
        default=False,
        db_default=False,
        help_text="Off: the directory's data goes to records that are pulled for the first time only.",
    )
    swept_to = models.BigIntegerField(default=0, editable=False, help_text="How far the field history was swept.")
    pull_every = models.PositiveIntegerField("minutes between pulls", default=30)

    class Meta:
        verbose_name_plural = "object settings"
        constraints = [
            models.UniqueConstraint(fields=["connection", "record_kind"], name="settings_once_per_kind"),
            models.CheckConstraint(condition=models.Q(pull_every__gte=1), name="pull_every_minute_at_most"),
        ]

    def __str__(self) -> str:
        return self.get_record_kind_display()

    @property
    def pulls(self) -> bool:
        return self.sync in (self.Sync.BOTH, self.Sync.PULL)

    @property
    def pushes(self) -> bool:
        return self.sync in (self.Sync.BOTH, self.Sync.PUSH)

    @property
    def creates(self) -> bool:
        """Whether new records go out at all."""
        return self.push_new and self.pushes

    def winner_of(self, mapping: "FieldMapping") -> str:
        """Who prevails in a field: as it says itself, else as the object does."""
        return self.winner if mapping.winner == FieldMapping.Winner.OBJECT else mapping.winner

    def lets_stage_through(self, stage_id: int | None) -> bool:
        return not self.push_by_stage or stage_id in self.push_stages


@track_settings("remote_object", "sync_deletes", "sync_merges", "most", "most_percent")
class DeletionSettings(TimestampedModel):
    """Whether deletes and merges of one remote object are followed; both off where there is no row."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="deletion_settings")
    remote_object = models.CharField(max_length=80)
    sync_deletes = models.BooleanField(
        default=False, help_text="What is deleted on one side is deleted on the other. Off: only the link is dropped."
    )
    sync_merges = models.BooleanField(
        default=False, help_text="A merge over there merges the linked records here. Merges made here are not synced."
    )
    most = models.PositiveIntegerField("records", default=100, help_text="More deletions at once wait for an admin.")
    most_percent = models.PositiveSmallIntegerField(
        "percent of the linked records", default=10, help_text="More deletions at once wait for an admin."
    )

    class Meta:
        verbose_name_plural = "deletion settings"
        constraints = [models.UniqueConstraint(fields=["connection", "remote_object"], name="deletion_settings_once")]

    def __str__(self) -> str:
        return self.remote_object

    @classmethod
    def of(cls, connection: Connection, remote_object: str) -> "DeletionSettings":
        found = cls.objects.filter(connection=connection, remote_object=remote_object).first()
        return found or cls(connection=connection, remote_object=remote_object)


@track_settings("remote_object", "field", "remote_field", "direction", "winner", "enrichment", "value_map", "unlisted")
class FieldMapping(TimestampedModel):
    """One of our fields and the field of a remote object that holds the same. ``custom.KEY`` is a custom field."""

    class Direction(models.TextChoices):
        BOTH = "both", "Both ways"
        OUT = "out", "To Salesforce"
        IN = "in", "From Salesforce"

    class Winner(models.TextChoices):
        OBJECT = "object", "As the object"
        LATEST = "latest", "The later change"
        THEIRS = "theirs", "Salesforce"
        OURS = "ours", "Tandem"
        TRUE = "true", "“Yes”"

    class Enrichment(models.TextChoices):
        """What data of the directory may do to a field when a record is pulled."""

        NONE = "none", "Leave it alone"
        FILL = "fill", "Fill it when it is empty"
        OVERWRITE = "write", "Replace it"

    class Unlisted(models.TextChoices):
        """What becomes of a value that stands in no row of the value map."""

        PASS = "pass", "Goes as it is"
        REFUSE = "refuse", "Is an error"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="field_mappings")
    record_kind = models.CharField(max_length=12, choices=RecordKind)
    field = models.CharField(max_length=80)
    remote_object = models.CharField(max_length=80)
    remote_field = models.CharField(max_length=120)
    direction = models.CharField(max_length=4, choices=Direction, default=Direction.BOTH)
    winner = models.CharField("when both sides changed", max_length=8, choices=Winner, default=Winner.OBJECT)
    enrichment = models.CharField("data from the directory", max_length=8, choices=Enrichment, default=Enrichment.NONE)
    value_map = models.JSONField(
        default=list, blank=True, help_text="Values called otherwise there: ours, theirs, and the way that it holds."
    )
    unlisted = models.CharField(
        "a value that is in no row", max_length=6, choices=Unlisted, default=Unlisted.PASS, db_default=Unlisted.PASS
    )
    is_compared = models.BooleanField(
        default=True,
        help_text="No: it was mapped when records were linked already, and what differed then stays until it is "
        "applied to them.",
    )
    unit = models.CharField(max_length=20, blank=True, default="", help_text="Fields of one unit move together.")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "remote_object", "field"], name="field_mapped_once"),
            models.UniqueConstraint(fields=["connection", "remote_object", "remote_field"], name="remote_field_once"),
        ]

    def __str__(self) -> str:
        return f"{self.field} ↔ {self.remote_object}.{self.remote_field}"


class DeclinedPair(models.Model):
    """A field of ours and one of a remote object that somebody does not want mapped: not proposed again by itself."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="declined_pairs")
    remote_object = models.CharField(max_length=80)
    field = models.CharField(max_length=80)
    remote_field = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "remote_object", "field", "remote_field"], name="pair_declined_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} ↮ {self.remote_object}.{self.remote_field}"


@track_settings("remote_object", "field", "operator", "values")
class PullCondition(models.Model):
    """What a pulled record must meet to be shown in lists, in one field of ours; all of an object's must be met."""

    class Operator(models.TextChoices):
        IS = "is", "is"
        IS_NOT = "is_not", "is not"
        CONTAINS = "contains", "contains"
        STARTS_WITH = "starts_with", "starts with"
        OVER = "over", "is more than"
        UNDER = "under", "is less than"
        IS_EMPTY = "is_empty", "is empty"
        IS_FILLED = "is_filled", "is not empty"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="pull_conditions")
    remote_object = models.CharField(max_length=80)
    field = models.CharField(max_length=80)
    operator = models.CharField(max_length=12, choices=Operator)
    values = models.JSONField(default=list, blank=True, help_text="Texts, of which one must fit.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.remote_object}: {self.field} {self.get_operator_display()} {', '.join(self.values)}".strip()


@track_settings("record_kind", "remote_object", "stage_id", "remote_value")
class StageMapping(models.Model):
    """A stage of ours and the value of a remote object's status that means the same."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="stage_mappings")
    record_kind = models.CharField(max_length=12, choices=RecordKind)
    remote_object = models.CharField(max_length=80)
    stage_id = models.BigIntegerField()
    remote_value = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "record_kind", "remote_object", "stage_id"], name="stage_mapped_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remote_object} {self.remote_value}"


def settings_of(connection: Connection) -> dict[str, Any]:
    """The settings of every kind of record, by kind."""
    return {row.record_kind: row for row in connection.object_settings.all()}
