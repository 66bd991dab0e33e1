"""Which activities go to Salesforce, what they are called there, and which e-mails are kept out."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.history import track_settings
from common.models import TimestampedModel

from .connection import Connection
from .kinds import SyncedKind
from .once import PushedAtOnce

EMAILS = (
    "push_emails_sent_here",
    "push_emails_sent_elsewhere",
    "push_replies",
    "push_other_incoming",
    "push_internal_emails",
)
PUSHES = (*EMAILS, "push_notes", "push_tasks", "push_calls", "push_meetings", "push_conversations")
# These make people in Salesforce who are not there yet.
MAKE_PEOPLE = ("push_unknown_people", "push_all_calendar_events")
SWITCHES = (*PUSHES, *MAKE_PEOPLE, "pull_tasks")
TITLES = ("email_title", "task_title", "call_title", "meeting_title")
TITLE_LENGTH = 255  # characters that a subject holds, here and there


def _switch(label: str) -> "models.BooleanField[bool, bool]":
    return models.BooleanField(label, default=False, db_default=False)


def _title(what: str) -> "models.CharField[str, str]":
    first = "{{subject}}"
    return models.CharField(f"title of {what}", max_length=TITLE_LENGTH, default=first, db_default=first)


@track_settings(*SWITCHES, "pull_every", *TITLES)
class ActivitySettings(PushedAtOnce, TimestampedModel):
    """All switches are off at first, and count from when they are turned on."""

    connection = models.OneToOneField(Connection, models.CASCADE, related_name="activity_settings")

    push_emails_sent_here = _switch("e-mails sent in Tandem")
    push_emails_sent_elsewhere = _switch("e-mails sent outside Tandem")
    push_replies = _switch("incoming replies to e-mails sent in Tandem")
    push_other_incoming = _switch("other incoming e-mails")
    push_internal_emails = _switch("internal e-mails")
    push_unknown_people = _switch("e-mails even when sender or recipient is not in Salesforce")
    push_notes = _switch("notes")
    push_tasks = _switch("completed tasks")
    push_calls = _switch("calls")
    push_meetings = _switch("meetings")
    push_all_calendar_events = _switch("all calendar events")
    push_conversations = _switch("conversation summaries")
    pull_tasks = _switch("pull open tasks")
    pull_every = models.PositiveIntegerField("minutes between pulls of tasks", default=15, db_default=15)

    email_title = _title("e-mails")
    task_title = _title("tasks")
    call_title = _title("calls")
    meeting_title = _title("meetings")

    on_since = models.JSONField(
        default=dict, blank=True, editable=False, help_text="When each switch that is on was turned on, by its name."
    )

    class Meta:
        verbose_name_plural = "activity settings"
        constraints = [models.CheckConstraint(condition=Q(pull_every__gte=1), name="pull_tasks_every_minute_at_most")]

    def __str__(self) -> str:
        return "Activities"

    @classmethod
    def of(cls, connection: Connection) -> "ActivitySettings":
        """The settings as they are; all off where nobody has saved any."""
        return cls.objects.filter(connection=connection).first() or cls(connection=connection)

    @property
    def record_kind(self) -> str:
        return SyncedKind.ACTIVITY

    @property
    def pushes(self) -> bool:
        """Whether activities of any kind go out."""
        return any(getattr(self, name) for name in PUSHES)

    creates = pushes

    def since(self, switch: str) -> datetime | None:
        """When a switch was turned on; None where that is not known."""
        said = self.on_since.get(switch)
        return datetime.fromisoformat(said) if said else None

    def follow_switches(self, changed: Iterable[str], now: datetime) -> None:
        """Keep since when the changed switches are on."""
        for name in set(changed) & set(SWITCHES):
            self.on_since.pop(name, None)
            if getattr(self, name):
                self.on_since[name] = now.isoformat()


def _texts(what: str) -> "ArrayField[list[str], list[str]]":
    return ArrayField(models.CharField(max_length=255), default=list, blank=True, verbose_name=what)


CONDITIONS = ("from_domains", "from_addresses", "from_keywords", "to_domains", "to_addresses", "to_keywords")


@track_settings("name", "join", *CONDITIONS)
class ExclusionRule(TimestampedModel):
    """E-mails that stay here, by who sent them, who got them, and words of the subject.

    Each side is a condition: of one kind of values one must fit, and every kind that is filled in must. Cc and Bcc are
    not looked at. ``activity_rules.exclusions`` decides.
    """

    class Join(models.TextChoices):
        AND = "and", "Both From and To fit"
        OR = "or", "From or To fits"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="exclusion_rules")
    name = models.CharField(max_length=80, help_text="What it is for, as people read it where it kept an e-mail out.")
    from_domains = _texts("from: domains")
    from_addresses = _texts("from: addresses")
    from_keywords = _texts("from: words of the subject")
    to_domains = _texts("to: domains")
    to_addresses = _texts("to: addresses")
    to_keywords = _texts("to: words of the subject")
    join = models.CharField("from and to", max_length=3, choices=Join, default=Join.AND, db_default=Join.AND)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "name"],
                name="exclusion_rule_name_unique",
                violation_error_message="There is a rule of this name already.",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="exclusion_rule_has_name"),
            models.CheckConstraint(
                condition=~Q(**{name: [] for name in CONDITIONS}), name="exclusion_rule_says_something"
            ),
        ]

    def __str__(self) -> str:
        return self.name
