"""A data service that is asked over HTTP: an example that works, and the shape of it is told in docs/developers.md.

    POST {DIRECTORY_HTTP_URL}/people       {"emails": ["ada@acme.example"]}
    200                                    {"people": [{"key": "17", "last_name": "Sample", …}], "companies": [{…}]}

It is asked at the one address of the settings only: answers that point elsewhere are not followed.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from requests.auth import AuthBase

from directory.providers import Unavailable
from directory.remote import Answer, Remote

CONNECTING, READING, WHOLE = 5.0, 10.0, 20.0  # seconds
MOST_BYTES = 5 << 20
PAUSE, LONGEST_PAUSE = 60, 3_600  # seconds in which nobody asks, after “too many requests”
ON_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def from_settings() -> "HttpProvider":
    """For DIRECTORY_PROVIDERS=directory.http_provider.from_settings."""
    url = urlsplit(settings.DIRECTORY_HTTP_URL)
    if not url.hostname or (url.scheme != "https" and url.hostname not in ON_THIS_MACHINE):
        raise ImproperlyConfigured("DIRECTORY_HTTP_URL must be an address that begins with https://.")
    return HttpProvider(settings.DIRECTORY_HTTP_URL, settings.DIRECTORY_HTTP_TOKEN, settings.DIRECTORY_HTTP_NAME)


class Bearer(AuthBase):
    """Set as ``auth``, so that no .netrc of the server's takes its place."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class HttpProvider(Remote):
    def __init__(self, url: str, token: str, name: str) -> None:
        self.url, self.token = url.rstrip("/"), token
        self.label, self.source = name, name[:40]

    def ask(self, what: str, question: Mapping[str, Any]) -> Answer:
        if cache.get(self._paused):
            raise Unavailable("It asked us to wait. Try again later.")
        try:
            with requests.post(
                f"{self.url}/{what}",
                json=question,
                auth=Bearer(self.token),
                timeout=(CONNECTING, READING),
                allow_redirects=False,
                stream=True,
            ) as response:
                self._check(response)
                return _answer(_body(response))
        except requests.Timeout as error:
            raise Unavailable("It took too long to answer.") from error
        except requests.RequestException as error:
            raise Unavailable("It could not be reached.") from error

    def _check(self, response: requests.Response) -> None:
        status = response.status_code
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            seconds = response.headers.get("Retry-After", "")
            pause = min(int(seconds), LONGEST_PAUSE) if seconds.isdecimal() else PAUSE
            cache.set(self._paused, True, pause)
            raise Unavailable("It asked us to wait. Try again later.")
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise Unavailable("It refused our token: an admin must look at DIRECTORY_HTTP_TOKEN.")
        if status != HTTPStatus.OK:
            raise Unavailable(f"It answered {status}.")

    @property
    def _paused(self) -> str:
        return f"directory-paused-{self.url}"


def _body(response: requests.Response) -> bytes:
    """As far as it is short, and comes in time: a socket's time-out begins anew with every byte."""
    body, until = b"", monotonic() + WHOLE
    for piece in response.iter_content(64 << 10):
        body += piece
        if len(body) > MOST_BYTES:
            raise Unavailable("Its answer was too long.")
        if monotonic() > until:
            raise Unavailable("It took too long to answer.")
    return body


def _answer(body: bytes) -> Answer:
    try:
        told = json.loads(body)
        people, companies = told.get("people", []), told.get("companies", [])
        if all(isinstance(one, dict) for one in [*people, *companies]):
            return Answer(people, companies)
    except (ValueError, AttributeError, TypeError):
        pass
    raise Unavailable("Its answer was not understood.")
