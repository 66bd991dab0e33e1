"""Which servers Tandem speaks to in people's names, and what went wrong, in plain words.

People type the addresses of servers. So that nobody looks into the network behind Tandem by them, what is private or
on this machine is refused, unless the setting MAIL_PRIVATE_HOSTS allows it: before the name is used, and once more of
the connection that was made, for a name can mean something else a moment later.
"""

import ipaddress
import smtplib
import socket
import ssl
from typing import Any

from django.conf import settings
from imapclient.exceptions import LoginError

REFUSED = "{host} is in a private network: an admin must allow that on the server (MAIL_PRIVATE_HOSTS)."


class HostRefused(OSError):
    """Nobody may have Tandem speak to this server."""


def are_private_allowed() -> bool:
    return settings.MAIL_PRIVATE_HOSTS


def check(host: str, port: int) -> None:
    """Raises HostRefused, and OSError when the name means nothing."""
    if settings.MAIL_PRIVATE_HOSTS:
        return
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        _check_address(host, str(address[0]))


def check_peer(host: str, sock: socket.socket) -> None:
    """What a connection really leads to. Raises HostRefused."""
    if not settings.MAIL_PRIVATE_HOSTS:
        _check_address(host, sock.getpeername()[0])


def _check_address(host: str, address: str) -> None:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or found
    if not mapped.is_global or mapped.is_multicast:
        raise HostRefused(REFUSED.format(host=host))


def reason(error: BaseException, host: str) -> str:
    """What went wrong with a server, for a person."""
    match error:
        case HostRefused():
            return str(error)
        case LoginError():
            return f"{host} refused the user name or the password."
        case smtplib.SMTPAuthenticationError():
            return f"{host} refused the user name or the password."
        case smtplib.SMTPNotSupportedError():
            return f"{host} offers no sign-in or no encryption at this port."
        case ssl.SSLCertVerificationError():
            return f"{host} has a certificate that can’t be trusted: {error.verify_message}."
        case ssl.SSLError():
            return f"{host} speaks no TLS at this port: try another port or STARTTLS."
        case socket.gaierror():
            return f"There is no server of the name {host}."
        case TimeoutError():
            return f"{host} did not answer in time."
        case ConnectionRefusedError():
            return f"{host} does not answer at this port."
        case _:
            return f"{host} broke off: {_said(error)}"


def _said(error: Any) -> str:
    """Servers write what they like: in one line, and not too long."""
    text = getattr(error, "smtp_error", None) or str(error) or type(error).__name__
    words = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return " ".join(words.replace("\x00", "").split())[:300]
