"""An outside application as a Visualforce page frames it: it sets cookies of three kinds and tells which came back."""

import threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

COOKIES = (
    "lax=1; Path=/; SameSite=Lax",
    "open=1; Path=/; SameSite=None; Secure",
    "parted=1; Path=/; SameSite=None; Secure; Partitioned",
)


class Application:
    """``ancestors``: whom it lets frame it. ``seen``: paths with the names of the cookies that came."""

    def __init__(self) -> None:
        self.ancestors = "*"
        self.seen: list[tuple[str, set[str]]] = []
        application = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                application.answer(self)

            def log_message(self, *arguments: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> "Application":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = urlsplit(handler.path)
        names = set(SimpleCookie(handler.headers.get("Cookie", "")))
        if path.path == "/panel":
            self.seen.append((handler.path, names))
        shown = ", ".join(sorted(names)) or "none"
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Security-Policy", f"frame-ancestors {self.ancestors}")
        if "set" in parse_qs(path.query):
            for cookie in COOKIES:
                handler.send_header("Set-Cookie", cookie)
        handler.end_headers()
        handler.wfile.write(f"<!DOCTYPE html><title>App</title><p id='cookies'>{shown}</p>".encode())
