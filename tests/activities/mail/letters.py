"""E-mails as they come over the wire."""

from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from django.utils import timezone


def letter(**values: Any) -> bytes:
    """An e-mail from Ann to Kim; ``headers`` are added, ``body`` and ``html`` are its text."""
    message = EmailMessage()
    headers = {
        "From": values.get("from_", "Ann Roe <ann@acme.example>"),
        "To": values.get("to", "kim@tandem-team.example"),
        "Subject": values.get("subject", "Hello"),
        "Date": format_datetime(values.get("at") or timezone.now()),
        "Message-ID": f"<{values.get('id', 'one@acme.example')}>",
    }
    for name, value in (headers | values.get("headers", {})).items():
        if value is not None:
            message[name] = value
    message.set_content(values.get("body", "Dear Kim"))
    if "html" in values:
        message.add_alternative(values["html"], subtype="html")
    return message.as_bytes().replace(b"\n", b"\r\n")


def bounce(of: str, address: str, status: str = "5.1.1") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: kim@tandem-team.example\r\nSubject: Undelivered\r\n"
        "Message-ID: <bounce@mx.example>\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{of}>\r\nSubject: Hello\r\n\r\n--b--\r\n"
    ).encode()
