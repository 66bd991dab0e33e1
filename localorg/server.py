"""The HTTP server: uvicorn, told apart from the usual by a ready line and by connections that can be cut."""

import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from localorg.auth import endpoints as oauth
from localorg.control import endpoints as control
from localorg.fallback import HANDLERS
from localorg.front import CLOSE, Front
from localorg.heads import Titled
from localorg.org import Org
from localorg.pages import routes
from localorg.soap import endpoint as soap
from localorg.visualforce import endpoints as visualforce


class Protocol(HttpToolsProtocol):
    """Lets the application cut the connection, as a network does that fails before the reply; spells heads."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[CLOSE] = self.transport.close  # type: ignore[literal-required]  # a key of our own

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        # The task that answers has not begun yet.
        self.cycle.transport = Titled(self.transport)  # type: ignore[assignment]  # does what one does


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._on_ready()


def application(org: Org) -> Front:
    everything = [*visualforce.ROUTES, *oauth.ROUTES, *soap.ROUTES, *control.ROUTES, *routes.ROUTES]
    pages = Starlette(routes=everything, exception_handlers=HANDLERS)
    pages.state.org = org
    return Front(org, pages)


def run(org: Org, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests under way get a second to end."""
    settings: dict[str, Any] = {
        "http": Protocol,
        "ws": "none",  # a real org speaks no WebSocket either
        "lifespan": "off",
        "access_log": False,
        "log_level": "warning",
        "server_header": False,
        "date_header": False,  # uvicorn's lags by up to a second; front.py tells the org's own time
        "timeout_graceful_shutdown": 1,
        "timeout_keep_alive": 75,
        "backlog": 2048,
    }
    Server(uvicorn.Config(application(org), **settings), on_ready).run(sockets=[listener])
