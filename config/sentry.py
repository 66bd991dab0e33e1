"""Telling Sentry, or what speaks like it, of errors: which, where and how often; not of whom, and nothing secret."""

from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured

# Of a request: where it was and its id. Headers, cookies, the query and what was sent hold people's data and tokens.
OF_REQUEST = {"method", "url"}


def begin(dsn: str, environment: str, **options: Any) -> None:
    try:
        sdk = import_module("sentry_sdk")
    except ImportError as error:
        raise ImproperlyConfigured("SENTRY_DSN is set, and the package sentry-sdk is not installed.") from error
    sdk.init(
        dsn=dsn,
        environment=environment,
        before_send=scrubbed,
        include_local_variables=False,  # payloads, tokens
        max_breadcrumbs=0,  # SQL, addresses of calls
        max_request_body_size="never",
        server_name="",
        **options,
    )


def scrubbed(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
    if request := event.get("request"):
        event["request"] = {name: request[name] for name in OF_REQUEST & request.keys()}
    for part in ("extra", "user", "breadcrumbs"):
        event.pop(part, None)
    return event
