"""How far a run that undoes another one is."""

from django.db import models

from .journal import Run


class Undo(models.Model):
    """A run that undoes another one. Records up to the id ``after`` are done with."""

    run = models.OneToOneField(Run, models.CASCADE, related_name="undoing")
    undone = models.ForeignKey(Run, models.CASCADE, related_name="undos")
    after = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"Undo of {self.undone}"
