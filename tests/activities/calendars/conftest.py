"""A web server with a calendar, and what stands in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.utils import timezone

from activities.models import Calendar
from users.models import User


def event(uid: str = "one@calendar.example", **values: Any) -> str:
    """A meeting of Kim with Ann in two days, an hour long; ``lines`` are added."""
    start: datetime = values.get("start") or (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    lines = [
        f"UID:{uid}",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{start + timedelta(hours=1):%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{values.get('summary', 'Demo')}",
        f"SEQUENCE:{values.get('sequence', 0)}",
        f"ORGANIZER;CN=Kim:mailto:{values.get('organizer', 'kim@example.com')}",
        *(f"ATTENDEE;CN=Guest:mailto:{guest}" for guest in values.get("guests", ["ann@acme.example"])),
        *values.get("lines", []),
    ]
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


def ics(*events: str, method: str = "") -> bytes:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", *([f"METHOD:{method}"] if method else [])]
    return ("\r\n".join([*head, *events, "END:VCALENDAR"]) + "\r\n").encode()


@dataclass
class Web:
    """``data``: what it answers; ``status``: instead of 200; ``asked``: the headers of all requests."""

    data: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)
    url: str = ""


@pytest.fixture(scope="session")
def web_server() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append(self.headers)
            is_same = self.headers["If-None-Match"] and self.headers["If-None-Match"] == web.headers.get("ETag")
            self.send_response(304 if is_same else web.status)
            for name, value in web.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if not is_same:
                self.wfile.write(web.data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    web.url = f"http://127.0.0.1:{server.server_port}/secret.ics"
    yield web
    server.shutdown()


@pytest.fixture
def web(web_server: Web, settings: Any) -> Web:
    settings.MAIL_PRIVATE_HOSTS = True
    web_server.data, web_server.status, web_server.headers = ics(), 200, {}
    web_server.asked.clear()
    return web_server


@pytest.fixture
def subscribed(web: Web) -> Callable[[User], Calendar]:
    return lambda user: Calendar.objects.create(user=user, name="Work", url=web.url)
