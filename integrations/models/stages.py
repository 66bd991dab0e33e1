"""Stages of accounts that follow from their deals: by which rule, what it last set, and whose turn it is."""

from django.db import models

from common.history import track_settings
from common.models import TimestampedModel

from .connection import Connection


def _stage(label: str) -> "models.ForeignKey[models.Model | None, models.Model | None]":
    """Empty: what happens then leaves the account's stage as it is."""
    return models.ForeignKey(
        "accounts.Stage", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=label
    )


@track_settings("is_on", "when_open", "when_won", "when_lost")
class StageInference(TimestampedModel):
    """The account's stage for each thing that its deals may say. It counts while no field is mapped to the stage."""

    connection = models.OneToOneField(Connection, models.CASCADE, related_name="stage_inference")
    is_on = models.BooleanField(default=False)
    when_open = _stage("an opportunity is open")
    when_won = _stage("none is open, the latest was won")
    when_lost = _stage("none is open, the latest was lost")

    def __str__(self) -> str:
        return "Account stages follow their opportunities" if self.is_on else "Account stages are set by people"


class InferredStage(models.Model):
    """What an account's stage was last inferred to be, and from which deal: another stage is a person's own choice."""

    record_id = models.BigIntegerField(unique=True)
    deal_id = models.BigIntegerField(db_index=True, help_text="The deal that decided.")
    stage_id = models.BigIntegerField(null=True, help_text="Empty: none was set yet.")

    def __str__(self) -> str:
        return f"account {self.record_id}: {self.stage_id}"


class InferenceMark(models.Model):
    """An account whose stage is to be inferred anew. Rows are only added, so that nobody waits to add one."""

    record_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"account {self.record_id}"
