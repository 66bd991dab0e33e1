"""Real mail servers on loopback: Debian's Dovecot for IMAP, aiosmtpd to take what is sent."""

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import Message as Letter
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from imapclient import IMAPClient

from tests.programs import free_port, needs

PASSWORD = "open-sesame"
CONFIG = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
protocols = imap
imap_capability = +X-GM-EXT-1
listen = 127.0.0.1
ssl = {ssl}
{certificate}
disable_plaintext_auth = no
default_internal_user = {user}
default_login_user = {login_user}
default_internal_group = {group}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{home}/mail/%u:INDEX=MEMORY
mail_fsync = never
imap_max_line_length = 64k
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox All {{
    special_use = \\All
  }}
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""


class Dovecot:
    """Whoever signs in with the password has a mailbox of that name."""

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        program = needs("dovecot", "dovecot-imapd")
        # Started by root it leaves root, as other users that must be able to look into the folder.
        self.home = home = Path(tempfile.mkdtemp(prefix="dovecot-"))
        home.chmod(0o755)
        self.port, self.tls_port = free_port(), free_port() if certificate else 0
        is_root = os.getuid() == 0
        me = pwd.getpwnam("dovecot") if is_root else pwd.getpwuid(os.getuid())
        group = grp.getgrgid(me.pw_gid).gr_name
        (home / "mail").mkdir()
        os.chown(home / "mail", me.pw_uid, me.pw_gid)
        files = f"ssl_cert = <{certificate[0]}\nssl_key = <{certificate[1]}" if certificate else ""
        values = {"home": home, "user": me.pw_name, "group": group, "uid": me.pw_uid, "gid": me.pw_gid}
        values["login_user"] = "dovenull" if is_root else me.pw_name
        ports = {"port": self.port, "tls_port": self.tls_port, "password": PASSWORD}
        ssl = "yes" if certificate else "no"
        (home / "dovecot.conf").write_text(CONFIG.format(**values, **ports, ssl=ssl, certificate=files))
        self.process = subprocess.Popen([program, "-F", "-c", str(home / "dovecot.conf")], stderr=subprocess.PIPE)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                IMAPClient("127.0.0.1", self.port, ssl=False, timeout=5).shutdown()
            except (OSError, IMAPClient.Error):
                time.sleep(0.02)
            else:
                return
        log = self.home / "log"
        said = log.read_text() if log.exists() else ""
        self.stop()
        raise RuntimeError(f"Dovecot does not start: {said}")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.home, ignore_errors=True)


@dataclass
class ImapBox:
    """One mailbox, as its owner's mail program sees it."""

    server: Dovecot
    login: str

    def _client(self) -> IMAPClient:
        client = IMAPClient("127.0.0.1", self.server.port, ssl=False, timeout=10)
        client.login(self.login, PASSWORD)
        return client

    def put(self, *letters: bytes, folder: str = "INBOX", at: Any = None, flags: Sequence[bytes] = ()) -> None:
        with self._client() as client:
            for letter in letters:
                client.append(folder, letter, flags, msg_time=at)

    def make(self, folder: str) -> None:
        with self._client() as client:
            client.create_folder(folder)

    def texts(self, folder: str) -> list[bytes]:
        with self._client() as client:
            client.select_folder(folder, readonly=True)
            found = client.search()
            return [row[b"BODY[]"] for _, row in sorted(client.fetch(found, ["BODY.PEEK[]"]).items())] if found else []

    def break_one(self, text: bytes) -> None:
        """The server's disk fails where an e-mail with this text lies."""
        files = [file for file in self._files() if text in file.read_bytes()]
        for file in files:
            file.write_bytes(b"")

    def _files(self) -> list[Path]:
        return [file for part in ("new", "cur") for file in (self.server.home / "mail" / self.login / part).iterdir()]

    def begin_anew(self) -> None:
        """The server forgets its UIDs: the Inbox gets another UIDVALIDITY, and keeps its mail."""
        uids = self.server.home / "mail" / self.login / "dovecot-uidlist"
        version, validity, *rest = uids.read_text().splitlines()[0].split()
        uids.write_text(f"{version} V{int(validity[1:]) + 7} N1 {rest[-1]}\n")


@dataclass
class Sink:
    """An SMTP server that keeps what it gets. ``answers``: what it says to a recipient instead of taking them."""

    letters: list[Letter] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),
            authenticator=self._sign_in,
            auth_required=True,
            auth_require_tls=False,
        )
        self.controller.start()
        self.port = self.controller.port

    def _sign_in(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def stop(self) -> None:
        self.controller.stop()
