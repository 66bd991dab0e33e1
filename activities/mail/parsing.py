"""What stands in an e-mail: bytes in, values out. Anybody may send anything: what can't be read is left out.

The standard library's parser decodes what is right. Headers are read raw, for its newer ones raise on some that are
wrong and take half a minute over others.
"""

import codecs
import hashlib
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, Self

from activities.mail.html import sanitised, text_of
from activities.mail.messages import fitted

logger = logging.getLogger(__name__)

OLDEST = 1990
ADDRESSES = 200  # of one e-mail
LONGEST_HEADER = 64 * 1024
LONGEST_ADDRESS, LONGEST_NAME, LONGEST_SUBJECT = 254, 255, 255
LONGEST_TEXT, LONGEST_HTML = 100_000, 400_000
FACTS = ("Date", "From", "To", "Cc", "Subject")
ROLES = ("from", "to", "cc", "bcc")
AROUND = "'\".<>"  # an address, where a mail program has quoted it once too often
BULK = ("bulk", "list", "junk", "auto_reply")
MACHINES = ("mailer-daemon@", "postmaster@")
METHODS = ("REQUEST", "CANCEL", "REPLY")  # of invitations (RFC 5546); other calendars are something attached
NO_TEXT = ("punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape")
# What mail programs name, and the larger one that they mean, as browsers read it (encoding.spec.whatwg.org).
LARGER = {"iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949"}
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
CUT = "(The e-mail is longer: only its beginning is kept.)"


@dataclass(frozen=True)
class Address:
    role: str
    address: str  # lower case
    name: str


@dataclass(frozen=True)
class Envelope:
    """The head of an e-mail. ``is_automatic``: no person wrote it. ``is_report``: perhaps of one that came back."""

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]  # the oldest first, what is answered last
    subject: str
    sent_at: datetime
    people: tuple[Address, ...]
    is_automatic: bool
    is_report: bool
    has_id: bool = True

    def with_id(self, content: "Content") -> Self:
        """An e-mail without an id gets one of what stands in it: the same in every mailbox that it lies in."""
        return self if self.has_id else replace(self, message_id=_hashed(self.message_id, content.text))

    def of(self, *roles: str) -> list[Address]:
        return [person for role in roles for person in self.people if person.role == role]

    @property
    def addresses(self) -> set[str]:
        return {person.address for person in self.people}


@dataclass(frozen=True)
class Bounce:
    """An address that does not exist. ``message_id``: of the e-mail that came back."""

    address: str
    said: str
    message_id: str


@dataclass(frozen=True)
class Content:
    text: str = ""
    html: str = ""
    calendars: tuple[bytes, ...] = ()
    bounces: tuple[Bounce, ...] = ()


def parse_head(data: bytes, arrived_at: datetime) -> Envelope:
    head = message_from_bytes(data, policy=policy.compat32)
    ids = _ids(_raw(head, "Message-ID"))
    answered = _ids(_raw(head, "In-Reply-To"))[:1]
    references = dict.fromkeys(_ids(_raw(head, "References"))[-50:])
    people = tuple(_people(head))
    return Envelope(
        message_id=ids[0] if ids else _hashed(*(_raw(head, name) for name in FACTS)),
        has_id=bool(ids),
        in_reply_to=answered[0] if answered else "",
        references=tuple([one for one in references if one not in answered] + answered),
        subject=plain(_decoded(_raw(head, "Subject")))[:LONGEST_SUBJECT],
        sent_at=_date(_raw(head, "Date"), arrived_at),
        people=people,
        is_automatic=_is_automatic(head, people),
        is_report="multipart/report" in _raw(head, "Content-Type").lower(),
    )


def parse_content(data: bytes, *, is_cut: bool = False) -> Content:
    try:
        return _content(message_from_bytes(data, policy=policy.compat32), is_cut)
    except Exception:  # the parser meets whatever anybody has sent
        logger.warning("The text of an e-mail can't be read.", exc_info=True)
        return Content()


def plain(text: str) -> str:
    """In one line, and as PostgreSQL takes it."""
    return " ".join(_storable(text).split())


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


# --- the head -----------------------------------------------------------------------------------------------------


def _raw(message: Any, name: str) -> str:
    """A header as it was sent, unfolded; bytes that should not be there are read as UTF-8, else as Windows-1252."""
    found = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    text = re.sub(r"[\r\n]+[ \t]*", " ", found[:LONGEST_HEADER])
    return text if text.isascii() else _guess(text.encode("utf-8", "surrogateescape"))


def _guess(data: bytes, *charsets: str) -> str:
    said = ("utf-16",) if data.startswith(UTF_16) else charsets
    for charset in (*said, "utf-8"):
        try:
            name = codecs.lookup(charset).name
            if name not in NO_TEXT:
                return data.decode(LARGER.get(name, name)).removeprefix("\ufeff")
        except (LookupError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def _decoded(text: str) -> str:
    try:
        return str(policy.default.header_factory("Subject", text))
    except Exception:  # what an encoded word may hold is not always what the library expects
        return text


def _ids(text: str) -> list[str]:
    found = re.findall(r"<([^<>]+)>", text) or text.split()[:1]
    return [fitted(one) for one in (re.sub(r"[\s<>]+", "", plain(each)) for each in found) if one]


def _hashed(*facts: str) -> str:
    return f"{hashlib.sha256(chr(0).join(facts).encode('utf-8', 'replace')).hexdigest()}@no-id"


def _people(head: Any) -> Iterator[Address]:
    seen = set()
    for role in ROLES:
        for name, address in _addresses(_raw(head, role)):
            key = plain(address).lower().strip(AROUND)
            if "@" not in key[1:] or len(key) > LONGEST_ADDRESS or " " in key or (role, key) in seen:
                continue
            seen.add((role, key))
            yield Address(role, key, plain(_decoded(name))[:LONGEST_NAME])


def _addresses(text: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([text])[:ADDRESSES]
    except Exception:  # brackets within brackets are read by a function that calls itself
        return []


def _date(text: str, arrived_at: datetime) -> datetime:
    """When it was sent, unless that can't be: then when it arrived."""
    try:
        found = parsedate_to_datetime(text)
        sent_at = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return arrived_at
    return sent_at if sent_at.year >= OLDEST and sent_at - timedelta(days=1) < arrived_at else arrived_at


def _is_automatic(head: Any, people: Iterable[Address]) -> bool:
    """RFC 3834, and what came before it."""
    return (
        _raw(head, "Auto-Submitted").lower() not in ("", "no")
        or _raw(head, "Precedence").lower() in BULK
        or _raw(head, "Return-Path").strip() == "<>"
        or any(_raw(head, name) for name in ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond"))
        or any(person.address.startswith(MACHINES) for person in people if person.role == "from")
    )


# --- the text -----------------------------------------------------------------------------------------------------


def _content(message: Any, is_cut: bool) -> Content:
    texts, pages, calendars, attached = [], [], [], []
    for part in _leaves(message):
        kind = part.get_content_type().partition(" ")[0]  # comments may follow
        if kind == "text/calendar" and str(part.get_param("method", "")).upper() in METHODS:
            calendars.append(_payload(part))
        elif part.get_content_disposition() == "attachment" or _file_name(part):
            attached.append(_file_name(part) or "without a name")
        elif kind == "text/plain":
            texts.append(_text(part))
        elif kind == "text/html":
            pages.append(_text(part))
    html = sanitised("\n".join(pages)[:LONGEST_HTML])
    text = _storable("\n\n".join(texts)).strip() or text_of(html)
    notes = [CUT] if is_cut or len(text) > LONGEST_TEXT else []
    if attached:
        notes.append(f"Attached: {', '.join(attached)[:1_000]}")
    body = "\n\n".join([text[:LONGEST_TEXT], *notes]).strip()
    return Content(body, html, tuple(calendars), tuple(_bounces(message)))


def _leaves(message: Any) -> Iterator[Message]:
    """All parts that hold something; e-mails within the e-mail are such, and not looked into."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in message.get_payload():
            yield from _leaves(part)
    else:
        yield message


def _payload(part: Any) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _file_name(part: Any) -> str:
    try:
        return plain(_decoded(part.get_filename() or ""))
    except ValueError:  # in a charset that is none
        return "?"


def _text(part: Any) -> str:
    return _guess(_payload(part), part.get_content_charset() or "utf-8").replace("\r\n", "\n")


# --- e-mails that came back -----------------------------------------------------------------------------------------


def _bounces(message: Any) -> Iterator[Bounce]:
    """RFC 3464: what failed for good, of an e-mail that is named."""
    if message.get_content_type() != "multipart/report":
        return
    returned = _returned_id(message)
    for part in _leaves(message):
        if not returned or part.get_content_type() != "message/delivery-status":
            continue
        for block in part.get_payload():
            address = _raw(block, "Final-Recipient").partition(";")[2].strip().strip("<>").lower()
            if address and _raw(block, "Action").strip().lower() == "failed" and _raw(block, "Status")[:1] == "5":
                yield Bounce(plain(address), plain(_raw(block, "Diagnostic-Code"))[:300], returned)


def _returned_id(message: Any) -> str:
    for part in _leaves(message):
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            inner = part.get_payload(0)
        elif kind == "text/rfc822-headers":
            inner = message_from_bytes(_payload(part), policy=policy.compat32)
        else:
            continue
        if ids := _ids(_raw(inner, "Message-ID")):
            return ids[0]
    return ""
