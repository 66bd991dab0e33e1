"""What the workers do for sequences by the clock. Written after every migration, as the schedules of jobs are."""

from typing import Any

from django.apps import apps
from django.db.models.signals import post_migrate

TICK = "The sequences' minute"


def write_schedules(using: str, **kwargs: Any) -> None:
    schedule = apps.get_model("django_q", "Schedule").objects.using(using)
    minutely = {"func": "activities.tasks.tick", "schedule_type": "I", "minutes": 1, "repeats": -1}
    schedule.update_or_create(name=TICK, defaults=minutely)


def connect() -> None:
    post_migrate.connect(write_schedules, sender=apps.get_app_config("django_q"), dispatch_uid="schedule of sequences")
