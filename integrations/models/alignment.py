"""Mapped fields that are being brought into step on records which were linked before."""

from django.db import models

from .connection import Connection
from .journal import Run


class Alignment(models.Model):
    """What an admin chose for the records that were linked before some fields were mapped, and how far it is done.

    ``after``: the link up to which records were looked at; empty: all were, and what is due waits to be pushed.
    """

    class How(models.TextChoices):
        TAKE = "take", "Take over what Salesforce has"
        FILL = "fill", "Fill what is empty in Salesforce"
        RULE = "rule", "Both ways, by each field's rule"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="alignments")
    run = models.OneToOneField(Run, models.CASCADE, related_name="alignment")
    remote_object = models.CharField(max_length=80)
    fields = models.JSONField(help_text="Names of our fields.")
    how = models.CharField(max_length=4, choices=How)
    after = models.BigIntegerField(null=True, default=0, editable=False)
    shown = models.PositiveIntegerField(
        null=True, help_text="How many records the preview said it would change; a tenth more stops it."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "remote_object"],
                condition=models.Q(after__isnull=False),
                name="one_alignment_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remote_object}: {', '.join(self.fields)}"
