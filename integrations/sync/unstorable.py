"""Pulled records that our database does not take: found among the others of a page, told in the error log, left out."""

from collections import Counter
from collections.abc import Callable, Iterable

from django.db import DataError, IntegrityError
from django.db.models import F
from django.utils import timezone

from integrations.models import ErrorEntry
from integrations.sync.page import Page
from integrations.sync.provider import RemoteRecord
from integrations.sync.roles import RoleScope
from integrations.sync.scope import Scope

CODE = "NOT_STORED"
# What one bad value raises, in the database or on the way there. A link that somebody else has just made raises, too.
BAD_RECORD = (DataError, IntegrityError, ValueError, ArithmeticError)
Counts = Counter[str]


def in_halves(
    page: Page,
    apply: Callable[[Page, bool], Counts],
    leave_out: Callable[[Page, bool, Exception], Counts],
    is_last: bool = True,
) -> Counts:
    """Apply a page that has a bad record: halved until that stands alone, which is tried once more and left out.

    ``apply`` and ``leave_out`` are also told whether theirs is the last piece.
    """
    if len(page.records) <= 1:
        try:
            return apply(page, is_last)
        except BAD_RECORD as error:
            return leave_out(page, is_last, error)
    counts: Counts = Counter()
    middle = len(page.records) // 2
    for piece, is_end in ((page.part(0, middle), False), (page.part(middle, None), is_last)):
        try:
            counts += apply(piece, is_end)
        except BAD_RECORD:
            counts += in_halves(piece, apply, leave_out, is_end)
    return counts


def note(scope: Scope | RoleScope, record: RemoteRecord, error: Exception) -> None:
    """Have an open entry in the error log for a record that was left out."""
    values = {
        "record_kind": scope.settings.record_kind,
        "record_name": _name_of(scope, record)[:255],
        "by": ErrorEntry.By.STORE,
        "code": CODE,
        "message": reason(error),
        "payload": record.values,
        "last_at": timezone.now(),
    }
    entries = ErrorEntry.objects.open().of_pulls(scope.connection, scope.remote_object)
    entry, is_new = entries.get_or_create(
        connection=scope.connection,
        remote_object=scope.remote_object,
        remote_id=record.id,
        operation=ErrorEntry.PULL,
        defaults=values,
    )
    if not is_new:
        ErrorEntry.objects.filter(pk=entry.pk).update(**values, attempts=F("attempts") + 1)


def reason(error: Exception) -> str:
    """What the database says, without the row that it quotes."""
    return str(error).partition("\n")[0] or type(error).__name__


def close(scope: Scope | RoleScope, records: Iterable[RemoteRecord]) -> None:
    """Close the entries of records that went through this time."""
    entries = ErrorEntry.objects.open().of_pulls(scope.connection, scope.remote_object)
    waiting = set(entries.values_list("remote_id", flat=True))
    stored = waiting.intersection(record.id for record in records) if waiting else set()
    if stored:
        reason = "A later pull went through."
        entries.filter(remote_id__in=stored).update(closed_at=timezone.now(), closed_reason=reason)


def _name_of(scope: Scope | RoleScope, record: RemoteRecord) -> str:
    names = scope.by_field if isinstance(scope, Scope) else {}
    values = [record.values.get(names.get(name, "")) for name in ("name", "first_name", "last_name")]
    return " ".join(str(value) for value in values if value) or record.id
