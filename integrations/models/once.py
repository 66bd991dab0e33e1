"""How far the one-time push of a kind has come, kept with the settings of that kind."""

from django.conf import settings
from django.db import models


class PushedAtOnce(models.Model):
    push_all_after = models.BigIntegerField(
        null=True, blank=True, editable=False, help_text="How far the one-time push has marked records; empty: none."
    )
    push_all_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    push_all_held = models.BooleanField(
        default=False, editable=False, help_text="A person holds the one-time push back."
    )
    push_all_run = models.ForeignKey(
        "integrations.Run", models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        abstract = True
