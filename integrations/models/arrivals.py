"""What is kept so that a run can be told record by record."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .journal import Run
from .kinds import SyncedKind


class Arrivals(models.Model):
    """The records that a page of a run made here: one row a page, for they have no event of their own."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="arrivals")
    record_kind = models.CharField(max_length=12, choices=SyncedKind)
    record_ids = ArrayField(models.BigIntegerField())

    class Meta:
        verbose_name_plural = "arrivals"

    def __str__(self) -> str:
        return f"{len(self.record_ids)} of {self.run}"
