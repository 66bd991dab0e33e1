"""Telling people what needs them: in the app as long as it lasts, and by e-mail once a cause.

``look`` derives the notices from how things stand, so that it may run as often as one likes; ``send`` mails what has
not been mailed. Both are for the workers. A mail is claimed before it is sent and noted after: two workers never send
the same, and what a killed one had claimed goes later, under the same Message-ID, by which mail programs drop a second.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection as database
from django.db import transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from integrations import budget
from integrations.explanations import explain
from integrations.models import Connection, ErrorEntry, HeldDeletions, Notice, NoticeChoice, NoticeCopy
from integrations.progress import LABELS
from integrations.revoking import REVOKED
from integrations.sync import brake
from users.models import User

logger = logging.getLogger(__name__)

PILE = 10  # records that are refused for one cause before anybody is told
QUIET = timedelta(hours=6)  # a cause that comes back so soon is the old one
LEASE = timedelta(minutes=10)  # longer than sending a mail may take
KEPT = timedelta(days=90)
FLOOD = 3  # mails at once; more causes than that go in one
MORNING = 8  # o'clock, where the reader lives


@dataclass(frozen=True)
class Cause:
    """What somebody has to know. ``people``: the ids of those who are told."""

    kind: Notice.Kind
    subject: str
    title: str
    text: str
    people: frozenset[int]
    count: int = 1

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.subject


@transaction.atomic
def look(connection: Connection) -> None:
    """Bring the notices up to date with how things stand. Of several workers one does so."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('integrations.notices'))")
        if not cursor.fetchone()[0]:
            return
    present = {(row.kind, row.subject): row for row in connection.notices.open()}
    wanted = {cause.key: cause for cause in _causes(connection, present.keys())}
    now = timezone.now()
    gone = [row.pk for key, row in present.items() if key not in wanted]
    Notice.objects.filter(pk__in=gone).update(closed_at=now)
    for key, cause in wanted.items():
        notice = present.get(key) or _opened(connection, cause, now)
        _update(notice, cause)
        _hand_out(notice, cause.people)
    connection.notices.filter(closed_at__lt=now - KEPT).delete()


def _opened(connection: Connection, cause: Cause, now: datetime) -> Notice:
    """The notice of a cause that came back soon is opened again; who was told of it is not told twice."""
    notice = connection.notices.filter(kind=cause.kind, subject=cause.subject, closed_at__gt=now - QUIET).first()
    if notice is None:
        return Notice.objects.create(
            connection=connection, kind=cause.kind, subject=cause.subject, title=cause.title, count=cause.count
        )
    notice.closed_at = None
    notice.save(update_fields=["closed_at"])
    return notice


def _update(notice: Notice, cause: Cause) -> None:
    values = {"title": cause.title[:255], "text": cause.text, "count": cause.count}
    if any(getattr(notice, name) != value for name, value in values.items()):
        Notice.objects.filter(pk=notice.pk).update(**values)


def _hand_out(notice: Notice, people: frozenset[int]) -> None:
    have = set(notice.copies.values_list("user_id", flat=True))
    if people - have:
        NoticeCopy.objects.bulk_create(
            [NoticeCopy(notice=notice, user_id=pk) for pk in sorted(people - have)], ignore_conflicts=True
        )
    if have - people:
        notice.copies.filter(user_id__in=have - people).delete()


def _causes(connection: Connection, present: Iterable[tuple[str, str]]) -> Iterator[Cause]:
    if not connection.is_connected:
        return
    admins = frozenset(User.objects.filter(role=User.Role.ADMIN, is_active=True).values_list("pk", flat=True))
    yield from _broken_logins(connection, admins)
    yield from _piles(connection, admins, {subject for kind, subject in present if kind == Notice.Kind.ERRORS})
    yield from _short_of_calls(connection, admins)
    for held in HeldDeletions.objects.filter(connection=connection, decided_at=None):
        title = f"{LABELS.get(held.remote_object, held.remote_object)}: deletions wait for a decision"
        yield Cause(Notice.Kind.BRAKE, str(held.pk), title, brake.says(held), admins, held.count)


def _broken_logins(connection: Connection, admins: frozenset[int]) -> Iterator[Cause]:
    for login in connection.credentials.exclude(broken_reason="").select_related("user"):
        own = frozenset({login.user_id} if login.user and login.user.is_active and login.user_id else ())
        # Who took a login away knows it.
        people = own if login.broken_reason == REVOKED else own | admins
        if people:
            title = f"The Salesforce login of {login} must be connected again"
            text = f"{login.broken_reason} What waits for it is kept and goes on as soon as it is connected."
            yield Cause(Notice.Kind.LOGIN, str(login.pk), title, text, people)


def _piles(connection: Connection, admins: frozenset[int], present: set[str]) -> Iterator[Cause]:
    """Causes that many records meet; one that people were told of lasts until the last of them is through."""
    rows = ErrorEntry.objects.open().refusals().filter(connection=connection).order_by()
    for code, remote_object, count in rows.values_list("code", "remote_object").annotate(count=Count("pk")):
        subject = f"{remote_object}:{code}"
        if count >= PILE or subject in present:
            known = explain(code)
            title = f"{LABELS.get(remote_object, remote_object)} are refused: {known.title or code}"
            yield Cause(Notice.Kind.ERRORS, subject, title, f"{known.cause} {known.fix}", admins, count)


def _short_of_calls(connection: Connection, admins: frozenset[int]) -> Iterator[Cause]:
    if holds := budget.holds(connection):
        waiting = ", ".join(hold.purpose.label.lower() for hold in holds)
        text = f"{holds[0].reason} Waiting: {waiting}. What people ask for goes on."
        yield Cause(Notice.Kind.API, "", "The API calls of the org run short: work waits", text, admins)


def url_for(notice: Notice, user: User) -> str:
    """Where this person can do something about it."""
    match notice.kind:
        case Notice.Kind.LOGIN:
            connection = notice.connection
            is_teams = str(connection.team_credential_id) == notice.subject
            own = connection.credentials.filter(user=user).values_list("pk", flat=True).first()
            is_own = str(own) == notice.subject and not (is_teams and user.is_admin)
            return reverse("salesforce:personal" if is_own else "integrations:logins")
        case Notice.Kind.ERRORS:
            remote_object, _, code = notice.subject.partition(":")
            return f"{reverse('integrations:errors')}?object={remote_object}&code={code}"
        case Notice.Kind.BRAKE:
            return reverse("integrations:held_deletions")
    return reverse("integrations:health")


def are_due() -> bool:
    return bool(_due(timezone.now()))


def send() -> int:
    """Mail what is due; returns how many mails went."""
    now, count = timezone.now(), 0
    for user, parts in _due(now):
        for copies in parts:
            mine = _claim(copies, now)
            if mine and _mail(user, mine):
                count += 1
                NoticeChoice.objects.filter(user=user).update(digest_on=_today(user, now))
    return count


def _due(now: datetime) -> list[tuple[User, list[list[NoticeCopy]]]]:
    """Who is to be written to, and the copies of each mail: one each while they are few, or all in one."""
    waiting = Q(claimed_at=None) | Q(claimed_at__lt=now - LEASE)
    copies = NoticeCopy.objects.filter(waiting, mailed_at=None, notice__closed_at=None, user__is_active=True)
    by_user: dict[User, list[NoticeCopy]] = {}
    for copy in copies.select_related("notice__connection", "user__notice_choice").order_by("user_id", "pk"):
        by_user.setdefault(copy.user, []).append(copy)
    due = []
    for user, own in by_user.items():
        match _mail_of(user):
            case NoticeChoice.Mail.AT_ONCE:
                due.append((user, [[copy] for copy in own] if len(own) <= FLOOD else [own]))
            case NoticeChoice.Mail.DAILY if _is_time(user, now):
                due.append((user, [own]))
    return due


def _mail_of(user: User) -> str:
    choice: NoticeChoice | None = getattr(user, "notice_choice", None)
    return choice.mail if choice else NoticeChoice.Mail.AT_ONCE


def _today(user: User, now: datetime) -> date:
    return now.astimezone(ZoneInfo(user.time_zone)).date()


def _is_time(user: User, now: datetime) -> bool:
    """Once a day, from the morning on."""
    is_morning = now.astimezone(ZoneInfo(user.time_zone)).hour >= MORNING
    return is_morning and user.notice_choice.digest_on != _today(user, now)


@transaction.atomic
def _claim(copies: Sequence[NoticeCopy], now: datetime) -> list[NoticeCopy]:
    """Those that no other worker is sending, or has sent meanwhile."""
    free = NoticeCopy.objects.filter(Q(claimed_at=None) | Q(claimed_at__lt=now - LEASE), mailed_at=None)
    rows = free.filter(pk__in=[copy.pk for copy in copies]).select_for_update(skip_locked=True)
    mine = set(rows.values_list("pk", flat=True))
    NoticeCopy.objects.filter(pk__in=mine).update(claimed_at=now)
    return [copy for copy in copies if copy.pk in mine]


def _mail(user: User, copies: Sequence[NoticeCopy]) -> bool:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    name = "-".join(str(copy.pk) for copy in copies[:20])
    message = EmailMessage(
        subject=_subject(copies),
        body="\n\n".join([*(_told(copy, user) for copy in copies), _foot()]),
        to=[user.email],
        headers={"Message-ID": f"<notice-{name}@{host}>"},
    )
    try:
        message.send()
    except OSError:
        logger.exception("A notice could not be mailed; it is tried again.")
        return False
    NoticeCopy.objects.filter(pk__in=[copy.pk for copy in copies]).update(mailed_at=timezone.now())
    return True


def _subject(copies: Sequence[NoticeCopy]) -> str:
    if len(copies) > 1:
        return f"Salesforce: {len(copies)} things need you"
    notice = copies[0].notice
    count = f" ({notice.count:,})" if notice.count > 1 else ""
    return " ".join(f"Salesforce: {notice.title}{count}".split())  # a name from there may hold a line break


def _told(copy: NoticeCopy, user: User) -> str:
    notice = copy.notice
    count = f" ({notice.count:,} records)" if notice.count > 1 else ""
    return f"{notice.title}{count}\n{notice.text}\n{settings.SITE_URL}{url_for(notice, user)}"


def _foot() -> str:
    return f"You choose when Tandem writes to you: {settings.SITE_URL}{reverse('users:you')}#notices"
