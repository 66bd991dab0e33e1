"""How the sync did over time, for the charts."""

from django.db import models

from .connection import Connection


class Sample(models.Model):
    """What was measured in a span of time: a minute, or an hour once that is a day ago.

    ``values`` are numbers by measure and by what is measured (an object, a lane, a code): ``integrations.health`` says
    which. ``seen`` holds the counters that the next sample is told apart from.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="samples")
    minutes = models.PositiveSmallIntegerField(default=1, help_text="How long the span is.")
    at = models.DateTimeField(help_text="When the span began.")
    values = models.JSONField(default=dict)
    seen = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "minutes", "at"], name="sample_once")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}, {self.minutes} min"
