"""What the workers do for jobs by the clock. Written after every migration: a deployment needs no step of its own."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models.signals import post_migrate

from common import heartbeat

TICK = "The jobs' minute"
PRUNE = "Files of jobs are kept no longer"
REPLIES = "Replies to requests are kept no longer"
RETAIN = "What happened is kept no longer"
BEAT = "A sign of life: {}"


def write_schedules(using: str, **kwargs: Any) -> None:
    schedule = apps.get_model("django_q", "Schedule").objects.using(using)
    minutely = {"func": "common.jobs.tick", "schedule_type": "I", "minutes": 1, "repeats": -1}
    schedule.update_or_create(name=TICK, defaults=minutely)
    schedule.update_or_create(
        name=RETAIN, defaults={"func": "common.retention.prune", "schedule_type": "D", "repeats": -1}
    )
    schedule.update_or_create(
        name=REPLIES, defaults={"func": "common.api.idempotency.prune", "schedule_type": "D", "repeats": -1}
    )
    schedule.update_or_create(name=PRUNE, defaults={"func": "common.jobs.prune", "schedule_type": "D", "repeats": -1})
    for cluster in heartbeat.clusters():
        beats = {**minutely, "func": "common.heartbeat.beat", "args": repr((cluster,))}
        own = None if cluster == settings.Q_CLUSTER["name"] else cluster  # the first one takes what names none
        schedule.update_or_create(name=BEAT.format(cluster), defaults={**beats, "cluster": own})


def connect() -> None:
    post_migrate.connect(write_schedules, sender=apps.get_app_config("django_q"), dispatch_uid="schedules of jobs")
