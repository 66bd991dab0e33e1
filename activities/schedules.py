"""What the workers do by the clock for sequences, mail and reminders. Written after every migration."""

from typing import Any

from django.apps import apps
from django.db.models.signals import post_migrate

TICK = "The sequences' minute"
REMINDERS = "Reminders"


def write_schedules(using: str, **kwargs: Any) -> None:
    schedule = apps.get_model("django_q", "Schedule").objects.using(using)
    for name, func in ((TICK, "tick"), (REMINDERS, "remind")):
        minutely = {"func": f"activities.tasks.{func}", "schedule_type": "I", "minutes": 1, "repeats": -1}
        schedule.update_or_create(name=name, defaults=minutely)


def connect() -> None:
    post_migrate.connect(write_schedules, sender=apps.get_app_config("django_q"), dispatch_uid="schedule of sequences")
