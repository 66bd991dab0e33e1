from django.core.cache import caches
from rest_framework.throttling import UserRateThrottle


class PerProcessThrottle(UserRateThrottle):
    """Counts in the process: a count that all share would cost every request two writes."""

    cache = caches["process"]
