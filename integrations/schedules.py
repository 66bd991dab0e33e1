"""What the workers do by the clock. Written after every migration, so that a deployment needs no step of its own."""

from typing import Any

from django.apps import apps
from django.db.models.signals import post_migrate

TICK = "The sync's minute"
PRUNE = "Deleted records are kept no longer"


def write_schedules(using: str, **kwargs: Any) -> None:
    schedule = apps.get_model("django_q", "Schedule")
    values = {"func": "integrations.tasks.tick", "schedule_type": "I", "minutes": 1, "repeats": -1}
    schedule.objects.using(using).update_or_create(name=TICK, defaults=values)
    daily = {"func": "integrations.tasks.prune_deleted", "schedule_type": "D", "repeats": -1}
    schedule.objects.using(using).update_or_create(name=PRUNE, defaults=daily)


def connect() -> None:
    post_migrate.connect(write_schedules, sender=apps.get_app_config("django_q"), dispatch_uid="schedules")
