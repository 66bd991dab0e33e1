"""What the sync keeps in step."""

from django.db import models


class SyncedKind(models.TextChoices):
    """The kinds of records, and activities: these have no stages, and a mapping in code."""

    ACCOUNT = "account", "Account"
    CONTACT = "contact", "Contact"
    DEAL = "deal", "Deal"
    ACTIVITY = "activity", "Activity"
