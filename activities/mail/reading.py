"""Reading mailboxes: what is new since the last time, by any number of workers, each of which may be killed anywhere.

A worker has a mailbox under a lease. It asks for the heads of a page of e-mails, then for the rest of those that
concern somebody who is known, and writes them in one transaction with the place that it has come to. No transaction is
open while the server is asked.

No e-mail holds up the others: one that can't be stored is left out where others beside it can. Where a server breaks
off at the same place ``PATIENCE`` times, e-mails are taken one by one, and what breaks then is kept without its text,
or left out if the server does not even give its head.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from imaplib import IMAP4
from time import monotonic

from django.db import OperationalError, transaction
from django.utils import timezone
from imapclient.exceptions import LoginError

from activities.mail import hosts
from activities.mail.imap import TROUBLES, WHOLE, Session, session
from activities.mail.pacing import BROKEN, SLICE, LeaseLost, interval
from activities.mail.parsing import Content, Envelope, parse_content, parse_head
from activities.mail.storing import Letter, Page, store
from activities.models import Mailbox, MailFolder
from common.acting import acting_as

logger = logging.getLogger(__name__)

PAGE = 50  # e-mails
PATIENCE = 3  # failures, one after the other
UNREADABLE = Content("(The mail server does not give the text of this e-mail.)")
COPIES_WAIT = timedelta(minutes=1)  # for servers that keep what they send by themselves
COPIES_TRIED = timedelta(days=1)
ORDER = (MailFolder.Role.SENT, MailFolder.Role.INBOX)  # so that what comes back is known when it does


def read(mailbox_id: int, seconds: float = SLICE) -> bool:
    """Read what is new in a mailbox; answers whether more is left than there was time for."""
    mailbox = Mailbox.objects.select_related("user").filter(pk=mailbox_id).first()
    if mailbox is None or not mailbox.claim():
        return False
    try:
        with session(mailbox) as opened:
            is_through = _read_folders(mailbox, opened, monotonic() + seconds)
    except LeaseLost:
        mailbox.let_go(due_at=timezone.now())  # if it was paused; not what another worker has
        return False
    except LoginError as error:
        mailbox.needs_attention(hosts.reason(error, mailbox.imap_host))
    except TROUBLES as error:
        mailbox.failed(hosts.reason(error, mailbox.imap_host), interval())
    except Exception:
        logger.exception("The mailbox %s could not be read.", mailbox.pk)
        mailbox.failed(BROKEN, interval())
    else:
        if not is_through:
            mailbox.let_go(due_at=timezone.now())
            return True
        mailbox.worked(interval())
    return False


def _read_folders(mailbox: Mailbox, opened: Session, until: float) -> bool:
    names = opened.folder_names()
    for role in ORDER:
        folder, _ = MailFolder.objects.get_or_create(mailbox=mailbox, role=role, defaults={"name": names[role]})
        if folder.name != names[role]:
            folder.name, folder.uid_validity = names[role], 0
        if not _read_folder(mailbox, folder, opened, until):
            return False
    return _put_copies(mailbox, opened, names[MailFolder.Role.SENT], until)


def _read_folder(mailbox: Mailbox, folder: MailFolder, opened: Session, until: float) -> bool:
    """Answers whether it was read to its end."""
    state = opened.open(folder.name)
    if folder.uid_validity != state.uid_validity:  # the server counts anew: all is looked at again, nothing doubled
        folder.uid_validity, folder.last_uid = state.uid_validity, 0
    newest = state.uid_next - 1
    if folder.last_uid == newest:
        return True
    uids = opened.uids_after(folder.last_uid, mailbox.read_since)
    start = 0
    while start < len(uids):
        if monotonic() >= until:
            return False
        page = uids[start : start + (PAGE if mailbox.attempts < PATIENCE else 1)]
        start += len(page)
        letters, reached = _letters(mailbox, folder.role, opened, page, until)
        _settle(mailbox, folder, letters, reached)
        if reached != page[-1]:
            return False
    if folder.last_uid < newest:
        _settle(mailbox, folder, [], newest)
    return True


def _letters(
    mailbox: Mailbox, role: str, opened: Session, uids: Sequence[int], until: float
) -> tuple[list[Letter], int]:
    """Those of a page that concern somebody, and how far it was read in the time; the rest is never asked for."""
    try:
        heads, now = opened.heads(uids), timezone.now()
    except TROUBLES:
        if not _is_to_blame(mailbox, uids):
            raise
        return [], uids[-1]
    envelopes = {head.uid: parse_head(head.data, min(head.arrived_at, now)) for head in heads}
    page = Page(mailbox, role, list(envelopes.values()))
    sizes = {head.uid: head.size for head in heads}
    chosen = [uid for uid, envelope in envelopes.items() if page.is_interesting(envelope)]
    letters: list[Letter] = []
    reached = 0
    for uid in chosen:
        try:
            found = opened.body(uid)
        except TROUBLES:
            if letters:
                return letters, reached  # the next time it stands first
            if not _is_to_blame(mailbox, uids):
                raise
            return [Letter(envelopes[uid], UNREADABLE)], uid
        if found is not None:
            letters.append(_letter(envelopes[uid], found, is_cut=sizes[uid] > WHOLE))
        reached = uid
        if monotonic() >= until and uid != chosen[-1]:
            return letters, uid
    return letters, uids[-1]


def _is_to_blame(mailbox: Mailbox, uids: Sequence[int]) -> bool:
    """Whether it is this e-mail that the server can't give."""
    if len(uids) > 1 or mailbox.attempts < PATIENCE:
        return False
    logger.warning("The mailbox %s: the server can't give the e-mail %s.", mailbox.pk, uids[0], exc_info=True)
    mailbox.attempts = 0
    return True


def _letter(envelope: Envelope, data: bytes, *, is_cut: bool) -> Letter:
    content = parse_content(data, is_cut=is_cut)
    return Letter(envelope.with_id(content), content)


@transaction.atomic
def _settle(mailbox: Mailbox, folder: MailFolder, letters: Sequence[Letter], last_uid: int) -> None:
    if not mailbox.is_ours():
        raise LeaseLost
    if letters:
        with acting_as(mailbox.user):  # in whose name they are logged elsewhere as well
            _store(mailbox, folder.role, letters)
    folder.last_uid = last_uid
    folder.save(update_fields=["name", "uid_validity", "last_uid"])
    if mailbox.attempts < PATIENCE:  # it goes on
        Mailbox.objects.filter(pk=mailbox.pk).update(attempts=0)


def _store(mailbox: Mailbox, role: str, letters: Sequence[Letter]) -> None:
    """All at once; where that fails one by one, without those that fail by themselves."""
    try:
        with transaction.atomic():
            store(mailbox, role, letters)
    except OperationalError:  # the database is away or busy
        raise
    except Exception:
        stored = [letter for letter in letters if _is_stored(mailbox, role, letter)]
        if not stored and mailbox.attempts < PATIENCE:
            raise  # perhaps nothing can be stored now


def _is_stored(mailbox: Mailbox, role: str, letter: Letter) -> bool:
    try:
        with transaction.atomic():
            store(mailbox, role, [letter])
    except OperationalError:
        raise
    except Exception:
        logger.exception("The mailbox %s: the e-mail <%s> is left out.", mailbox.pk, letter.envelope.message_id)
        return False
    return True


def _put_copies(mailbox: Mailbox, opened: Session, sent_folder: str, until: float) -> bool:
    """What went out through the mailbox lies in its Sent folder, once: by the server itself, else put there.

    Answers whether there was time for all. One that the server refuses for a day is given up.
    """
    copies = mailbox.sent_copies.filter(created_at__lt=timezone.now() - COPIES_WAIT).order_by("pk")
    for copy in copies.iterator(chunk_size=10):
        if monotonic() >= until:
            return False
        opened.open(sent_folder)
        if not opened.has(copy.message_id):
            try:
                opened.append(sent_folder, bytes(copy.data))
            except IMAP4.error as error:
                if isinstance(error, IMAP4.abort) or copy.created_at > timezone.now() - COPIES_TRIED:
                    raise
                logger.warning("The mailbox %s: its server takes no copy of <%s>.", mailbox.pk, copy.message_id)
        copy.delete()
    return True
