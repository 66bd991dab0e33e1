"""``/metrics`` for Prometheus: how long requests take in the web processes of this host, and what the database knows.

The workers export nothing: what they do stands in rows, so that any web process tells of all of them, on all hosts.
"""

import os
from collections.abc import Callable
from time import perf_counter

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from integrations.metrics import SyncCollector

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
DURATION = Histogram(
    "tandem_request_duration_seconds",
    "How long requests took, by view.",
    ["view", "method", "status"],
    buckets=[0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30],
)


class DurationMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = perf_counter()
        response = self.get_response(request)
        # What nobody limits, addresses and made-up methods, is no label: each label is a series that is kept.
        view = request.resolver_match.view_name if request.resolver_match else ""
        method = request.method if request.method in METHODS else "OTHER"
        DURATION.labels(view, method, response.status_code).observe(perf_counter() - begun)
        return response


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404("There are no metrics without METRICS_TOKEN.")
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}"):
        return HttpResponse(
            "Send METRICS_TOKEN as a bearer token.\n", status=401, headers={"WWW-Authenticate": "Bearer"}
        )
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(_registry()), content_type=content_type)


def _registry() -> CollectorRegistry:
    """Of all processes of this host, where there are several that share a folder (gunicorn.conf.py)."""
    registry = CollectorRegistry()
    registry.register(SyncCollector())
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
    else:
        registry.register(REGISTRY)
    return registry
