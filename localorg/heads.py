"""The heads of answers as a real org writes them: ``Content-Type``, not ``content-type``.

To HTTP that is all one. airbyte's source, which works with real orgs, looks for ``content-type`` letter by letter and
fails on the one line that it finds nowhere else.
"""

import asyncio
import re
from typing import Any

SPELT_OTHERWISE = {b"etag": b"ETag", b"www-authenticate": b"WWW-Authenticate"}
CONTINUE = b"HTTP/1.1 100 "

_NAME = re.compile(rb"(?m)^[a-z][a-z0-9-]*(?=: )")


class Titled:
    """The connection that one answer is written to; whatever goes out first but for 100 Continue is its head."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._is_begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._is_begun and not data.startswith(CONTINUE):
            self._is_begun = True
            data = _NAME.sub(_spelt, data)
        self._transport.write(data)


def _spelt(name: re.Match[bytes]) -> bytes:
    return SPELT_OTHERWISE.get(name[0]) or name[0].title()
