"""A mailbox over IMAP: signing in, and reading a folder from a place on. No database."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from imaplib import IMAP4
from typing import Any

from imapclient import SEEN, IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError
from imapclient.imapclient import ALL, SENT

from activities.mail import hosts
from activities.models import Mailbox, MailFolder

CONNECT, ANSWER = 10.0, 30.0  # seconds
HEADERS = 256 * 1024  # bytes of the head of one e-mail
WHOLE = 1024 * 1024  # bytes of one e-mail: text stands before what is attached
TROUBLES = (OSError, IMAP4.error)  # also what IMAPClient raises
HEAD, PART = f"BODY.PEEK[HEADER]<0.{HEADERS}>", f"BODY.PEEK[]<0.{WHOLE}>"
SENT_FOLDER = "Sent"
GMAIL = "X-GM-EXT-1"


@dataclass(frozen=True)
class Head:
    uid: int
    data: bytes
    arrived_at: datetime
    size: int


@dataclass
class Folder:
    """One that is open: what the server calls its generation of UIDs, and the next one of them."""

    uid_validity: int
    uid_next: int


class Session:
    def __init__(self, client: IMAPClient) -> None:
        self.client = client

    def sent_folder(self) -> str:
        """The folder for what was sent, made if there is none."""
        name = self.client.find_special_folder(SENT)
        if name is None:
            name = SENT_FOLDER
            if not self.client.folder_exists(name):
                self.client.create_folder(name)
        return str(name)

    def folder_names(self) -> dict[str, str]:
        return {MailFolder.Role.INBOX: self.incoming_folder(), MailFolder.Role.SENT: self.sent_folder()}

    def incoming_folder(self) -> str:
        """The Inbox; at Gmail, where filters archive mail that nobody has read, the folder of all but junk and trash.

        Such a folder of others (RFC 6154) may hold these as well.
        """
        name = self.client.find_special_folder(ALL) if self.client.has_capability(GMAIL) else None
        return str(name or "INBOX")

    def open(self, name: str) -> Folder:
        answer = self.client.select_folder(name, readonly=True)
        return Folder(int(answer[b"UIDVALIDITY"]), int(answer.get(b"UIDNEXT", 0)))

    def uids_after(self, uid: int, since: date) -> list[int]:
        """Those of e-mails that came on this day or later, ascending, without what is still being written.

        A range to “*” always holds the last one.
        """
        found = self.client.search(["UID", f"{uid + 1}:*", "SINCE", since, "UNDRAFT"])
        return sorted(one for one in found if one > uid)

    def heads(self, uids: Sequence[int]) -> list[Head]:
        """Ascending; what was deleted meanwhile is missing."""
        answer = self.client.fetch(uids, [HEAD, "INTERNALDATE", "RFC822.SIZE"])
        rows = [(uid, row) for uid, row in sorted(answer.items()) if b"INTERNALDATE" in row]
        return [Head(uid, _data(row), row[b"INTERNALDATE"], row.get(b"RFC822.SIZE", 0)) for uid, row in rows]

    def body(self, uid: int) -> bytes | None:
        """A whole e-mail, cut at ``WHOLE``; None of one that was deleted meanwhile."""
        row = self.client.fetch([uid], [PART]).get(uid)
        return None if row is None else _data(row)

    def has(self, message_id: str) -> bool:
        """Whether the open folder has an e-mail of this Message-ID."""
        return bool(self.client.search(["HEADER", "Message-ID", f"<{message_id}>"]))

    def append(self, folder: str, data: bytes) -> None:
        self.client.append(folder, data, flags=[SEEN])


def _data(row: dict[bytes, Any]) -> bytes:
    return next((value for key, value in row.items() if key.startswith(b"BODY[") and value), b"")


@contextmanager
def session(mailbox: Mailbox, answer: float = ANSWER) -> Iterator[Session]:
    """Signed in. Raises one of ``TROUBLES``; of these a LoginError says that the password was refused."""
    hosts.check(mailbox.imap_host, mailbox.imap_port)
    is_tls = mailbox.imap_security == Mailbox.Security.TLS
    client = IMAPClient(
        mailbox.imap_host,
        mailbox.imap_port,
        ssl=is_tls,
        ssl_context=ssl.create_default_context() if is_tls else None,
        timeout=SocketTimeout(CONNECT, answer),
    )
    with client:
        hosts.check_peer(mailbox.imap_host, client.socket())
        client.normalise_times = False
        if mailbox.imap_security == Mailbox.Security.STARTTLS:
            client.starttls(ssl.create_default_context())
        _sign_in(client, mailbox)
        yield Session(client)


def _sign_in(client: IMAPClient, mailbox: Mailbox) -> None:
    try:
        client.login(mailbox.imap_login, mailbox.password)
    except LoginError as error:
        if "[UNAVAILABLE]" in str(error):  # RFC 5530: nothing is wrong with the password
            raise OSError(str(error)) from error
        raise
