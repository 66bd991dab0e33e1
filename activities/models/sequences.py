"""Sequences: steps that people are taken through, one after the other, each when it is due."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Deferrable, Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from activities.counting import BoundedCount
from activities.models.activity import Activity
from common.folding import sort_field
from common.models import TimestampedModel
from common.visibility import seen_by

if TYPE_CHECKING:
    from users.models import User


class SequenceQuerySet(models.QuerySet["Sequence"]):
    def with_counts(self) -> Self:
        """Each with its ``size`` in steps, and how many people are ``active``, ``paused`` and ``finished`` in it."""
        people = Enrolment.objects.filter(sequence=OuterRef("pk"))
        counts = {state: BoundedCount(people.filter(state=state)) for state in Enrolment.State.values}
        return self.annotate(size=BoundedCount(SequenceStep.objects.filter(sequence=OuterRef("pk"))), **counts)

    def visible_to(self, user: "User | None") -> Self:
        """The team shares its sequences; of the people in them each sees those whom they see anyway."""
        return self


class Sequence(TimestampedModel):
    class Hours(models.TextChoices):
        """When steps are carried out, by the clock of whoever enrolled the person."""

        ANY = "any", "At any time"
        OFFICE = "office", "Monday to Friday, 8:00 to 18:00"

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    is_on = models.BooleanField(default=False, help_text="While it is off, nothing of it is carried out.")
    hours = models.CharField("steps are carried out", max_length=8, choices=Hours, default=Hours.ANY)
    sort_name = sort_field("name", 120)

    objects = SequenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="sequence_name_unique",
                violation_error_message="There is a sequence of this name already.",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="sequence_has_name"),
        ]
        indexes = [models.Index(fields=["sort_name", "id"], name="sequence_by_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("sequences:detail", args=[self.pk])

    def may_be_changed_by(self, user: "User | None") -> bool:
        """Its steps and whether it runs; whom it takes along is anybody's to say. None is a job."""
        return user is None or user.is_admin or (user.may_edit and self.owner_id in (user.pk, None))


class SequenceStep(models.Model):
    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        CALL = "call", "Call"
        TASK = "task", "Task"

    class Unit(models.TextChoices):
        MINUTES = "minutes", "minutes"
        HOURS = "hours", "hours"
        DAYS = "days", "days"

    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="steps", db_index=False)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    wait = models.PositiveSmallIntegerField(default=0, help_text="After the step before, or after the enrolment.")
    unit = models.CharField(max_length=8, choices=Unit, default=Unit.DAYS)
    subject = models.CharField(max_length=255)
    body = models.TextField(blank=True, default="")
    waits_for_task = models.BooleanField(
        "go on only when it is done", default=True, help_text="The next step waits until the task is checked off."
    )

    class Meta:
        verbose_name = "step"
        ordering = ["sequence", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["sequence", "position"], name="step_position_unique", deferrable=Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"

    @property
    def makes_task(self) -> bool:
        return self.kind != self.Kind.EMAIL


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def visible_to(self, user: "User | None") -> Self:
        return self if user is None or user.sees_everything else self.filter(seen_by(user, "contact__"))

    def open(self) -> Self:
        return self.exclude(state=Enrolment.State.FINISHED)

    def finish(self, reason: str, detail: str = "") -> int:
        """End those that are open; whoever works at one of them has it no longer. Returns how many."""
        now = timezone.now()
        none = {"due_at": None, "claim_token": None, "claimed_until": None}
        ended = {"state": Enrolment.State.FINISHED, "ended_at": now, "updated_at": now}
        return self.open().update(**none, **ended, reason=reason, detail=detail)

    def due(self) -> Self:
        """What a worker may take: its time has come, and no other worker has it."""
        now = timezone.now()
        free = Q(claimed_until=None) | Q(claimed_until__lt=now)
        return self.filter(free, state=Enrolment.State.ACTIVE, sequence__is_on=True, due_at__lte=now)

    def waited_for(self) -> Self:
        """Whose task is done or gone, so that the next step can be given its time."""
        to_do = Activity.objects.open_tasks().filter(pk=OuterRef("waits_for"))
        return self.filter(~Exists(to_do), state=Enrolment.State.ACTIVE, due_at=None)


class Enrolment(TimestampedModel):
    """A person in a sequence: the step that comes next and when, or why there comes none.

    Who enrolled the person owns the enrolment: e-mails go out and tasks are made in that name.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        FINISHED = "finished", "Finished"

    class Reason(models.TextChoices):
        NONE = "", "—"
        PERSON = "person", "Paused by a person"
        RESTORED = "restored", "The contact was deleted and restored"
        SENDER = "sender", "Its owner may not send"
        NOT_SEEN = "not_seen", "Its owner does not see the contact"
        NO_ADDRESS = "no_address", "The contact has no e-mail address"
        MISSING = "missing", "The text lacks a value"
        REFUSED = "refused", "The mail server refused the e-mail"
        UNKNOWN = "unknown", "The e-mail may have gone"
        THROUGH = "through", "All steps are done"
        REPLIED = "replied", "Replied"
        OPTED_OUT = "opted_out", "Opted out"
        STOPPED = "stopped", "Taken out by a person"

    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="enrolments", db_index=False)
    contact = models.ForeignKey("contacts.Contact", models.CASCADE, related_name="enrolments", db_index=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    reason = models.CharField(max_length=12, choices=Reason, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    next_step = models.ForeignKey(SequenceStep, models.SET_NULL, null=True, blank=True, related_name="+")
    due_at = models.DateTimeField(null=True, blank=True, help_text="Of the next step; empty: a task comes first.")
    waits_for = models.BigIntegerField(null=True, blank=True, help_text="The task before it, while it has no time.")
    attempts = models.PositiveSmallIntegerField(default=0)
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        # Total, not conditional: merging two contacts asks it whether the one that stays is in the sequence already.
        constraints = [models.UniqueConstraint(fields=["contact", "sequence"], name="enrolled_once")]
        indexes = [
            models.Index(fields=["sequence", "state", "-id"], name="enrolment_by_state"),
            models.Index(fields=["sequence", "-id"], name="enrolment_newest"),
            models.Index(fields=["due_at"], condition=Q(state="active"), name="enrolment_due"),
        ]

    def __str__(self) -> str:
        return f"{self.contact} in {self.sequence}"

    @property
    def is_open(self) -> bool:
        return self.state != self.State.FINISHED


class StepRun(models.Model):
    """A step that was carried out for somebody, or may have been: it is never begun a second time.

    ``activity_id`` is no foreign key: neither an activity that is deleted nor one that is restored changes what was
    done.
    """

    class State(models.TextChoices):
        SENDING = "sending", "Being sent"
        DONE = "done", "Done"
        SKIPPED = "skipped", "Skipped"

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="runs", db_index=False)
    step = models.ForeignKey(SequenceStep, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=State)
    activity_id = models.BigIntegerField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "step that was carried out"
        verbose_name_plural = "steps that were carried out"
        constraints = [models.UniqueConstraint(fields=["enrolment", "step"], name="step_once")]

    def __str__(self) -> str:
        return f"{self.step}: {self.get_state_display()}"
