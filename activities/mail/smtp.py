"""Sending through a mailbox: Django's own backend, to a server that somebody named."""

import smtplib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

from activities.mail import hosts
from activities.models import Mailbox

SECONDS = 20.0


class _Checked:
    """Looks at what the connection leads to before anything is said."""

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        hosts.check(host, port)
        answer = super().connect(host, port, source_address)  # type: ignore[misc]
        hosts.check_peer(host, self.sock)  # type: ignore[attr-defined]
        return answer


class _Plain(_Checked, smtplib.SMTP):
    pass


class _Tls(_Checked, smtplib.SMTP_SSL):
    pass


class MailboxBackend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Tls if self.use_ssl else _Plain


def backend_of(mailbox: Mailbox, timeout: float = SECONDS) -> MailboxBackend:
    return MailboxBackend(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        username=mailbox.smtp_login,
        password=mailbox.password,
        use_ssl=mailbox.smtp_security == Mailbox.Security.TLS,
        use_tls=mailbox.smtp_security == Mailbox.Security.STARTTLS,
        timeout=timeout,
    )
