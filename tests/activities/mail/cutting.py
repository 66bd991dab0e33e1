"""A line to a mail server that is cut."""

import socket
from contextlib import suppress
from threading import Thread

UNCUT = 2**40


class Line:
    """Carries what both sides say, until the server has said ``left`` bytes more, or anything with ``never`` in it."""

    def __init__(self, server_port: int) -> None:
        self.server_port, self.left, self.never = server_port, UNCUT, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server_port))
            Thread(target=self._carry, args=(client, server, False), daemon=True).start()
            Thread(target=self._carry, args=(server, client, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                if is_counted:
                    data, self.left = data[: self.left], self.left - len(data)
                if self.never and self.never in data:
                    break
                target.sendall(data)
                if self.left <= 0:
                    self.left = UNCUT
                    break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self.listener.close()
