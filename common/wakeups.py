"""The queue of jobs in Redis, where there is one."""

import logging

import redis
from django.conf import settings
from django_q.brokers.redis_broker import Redis

CONNECTING, ANSWERING = 2, 5  # seconds; a worker waits for one second at most before it asks again
logger = logging.getLogger(__name__)


class WakeUps(Redis):
    """Jobs are wake-ups only: one that Redis does not take is let go, and the next minute's tick finds what waits.

    Nobody's save fails, and none takes long, because Redis is away.
    """

    def enqueue(self, task: str) -> int | None:
        try:
            return int(super().enqueue(task))
        except redis.RedisError as error:
            logger.warning("Redis does not take a job, which the next minute's tick makes up for: %s", error)
            return None

    @staticmethod
    def get_connection(list_key: str | None = None) -> redis.Redis:
        return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=CONNECTING, socket_timeout=ANSWERING)
