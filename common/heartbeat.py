"""Signs of life of the workers: a job a minute in each cluster notes that it was worked off."""

from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

SILENT_AFTER = 180  # seconds: two beats may be missed while a worker is restarted or busy


def clusters() -> list[str]:
    """The clusters that must have a worker."""
    return [settings.Q_CLUSTER["name"], settings.PEOPLE_CLUSTER]


def beat(cluster: str) -> None:
    cache.set(_key(cluster), timezone.now().isoformat(), None)


def ages() -> dict[str, float | None]:
    """Seconds since each cluster last worked something off; None: it never did."""
    now = timezone.now()
    beats = cache.get_many([_key(cluster) for cluster in clusters()])
    seen = {cluster: beats.get(_key(cluster)) for cluster in clusters()}
    return {cluster: (now - datetime.fromisoformat(at)).total_seconds() if at else None for cluster, at in seen.items()}


def silent() -> list[str]:
    """Clusters without a worker that lives."""
    return [cluster for cluster, age in ages().items() if age is None or age > SILENT_AFTER]


def _key(cluster: str) -> str:
    return f"heartbeat:{cluster}"
