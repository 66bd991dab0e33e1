"""Long work that people start."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from .kept import ExactEncoder
from .records import TimestampedModel

if TYPE_CHECKING:
    from users.models import User


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: "User") -> Self:
        """A person's own; admins open everybody's."""
        return self if user.is_admin else self.filter(user=user.pk)

    def runnable(self) -> Self:
        """That nobody works at: just begun, given back, or left by a worker that was killed."""
        is_free = models.Q(claimed_until=None) | models.Q(claimed_until__lt=timezone.now())
        return self.filter(is_free, state__in=Job.UNDER_WAY)


class Job(TimestampedModel):
    """A long piece of work that a person started; common/jobs.py carries it out.

    ``position`` is the bookmark that moves with each chunk of the work, in its transaction. ``counts`` tell what came
    of it, by words for people.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Not begun"
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

    UNDER_WAY = (State.WAITING, State.RUNNING)

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    params = models.JSONField(default=dict, blank=True, encoder=ExactEncoder)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    total = models.PositiveIntegerField(null=True, blank=True, help_text="Unknown while it is empty.")
    done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True)
    position = models.JSONField(default=dict, blank=True, encoder=ExactEncoder)
    message = models.TextField(blank=True, default="")
    result_name = models.CharField(max_length=120, blank=True, default="", help_text="What the result is saved as.")
    claim_token = models.UUIDField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="job_of_user"),
            models.Index(fields=["id"], condition=models.Q(state__in=["waiting", "running"]), name="job_under_way"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY

    @property
    def percent(self) -> int:
        return min(100 * self.done // self.total, 100) if self.total else 0


class JobChunk(models.Model):
    """A piece of a file that a job works off (``is_result`` false) or makes: any host has it, and backups do."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="chunks", db_index=False)
    is_result = models.BooleanField(default=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "is_result", "number"], name="job_chunk_once")]

    def __str__(self) -> str:
        return f"Piece {self.number} of {self.job_id}"
