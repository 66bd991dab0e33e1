"""Reading the calendars that people subscribed to: over HTTP, only when something changed, and never too much of it."""

import logging
from datetime import timedelta, tzinfo
from time import monotonic
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import requests
from django.db import transaction
from django.utils import timezone

from activities.calendars.reading import AFTER, Meeting, NoCalendar, parse
from activities.calendars.storing import drop_missing, put
from activities.mail import hosts
from activities.mail.pacing import BROKEN, LeaseLost, interval
from activities.mail.team import Team
from activities.models import Calendar
from common.acting import acting_as

logger = logging.getLogger(__name__)

SECONDS, ALL_SECONDS = 15.0, 40.0  # for an answer, and for all of a calendar
LARGEST = 5 * 1024 * 1024
REDIRECTS = 5
WHOLE = timedelta(days=1)  # after so long it is read although nothing changed: time went on, and there are new contacts
GONE = (401, 403, 404, 410)
NOT_MODIFIED = 304
CHUNK = 64 * 1024


class FeedFailed(Exception):
    """Why a calendar can't be read now, in plain words. ``is_final``: trying again does not help."""

    def __init__(self, said: str, *, is_final: bool = False) -> None:
        super().__init__(said)
        self.is_final = is_final


class Feed:
    """What an address answered; ``data`` is None when nothing changed."""

    def __init__(self, data: bytes | None, etag: str = "", last_modified: str = "") -> None:
        self.data, self.etag, self.last_modified = data, etag, last_modified


def read(calendar_id: int) -> None:
    calendar = Calendar.objects.select_related("user").filter(pk=calendar_id).first()
    if calendar is None or not calendar.claim():
        return
    try:
        _take(calendar, fetch(calendar.url, calendar))
    except LeaseLost:
        calendar.let_go(due_at=timezone.now())
        return
    except FeedFailed as failure:
        if failure.is_final:
            calendar.needs_attention(str(failure))
        else:
            calendar.failed(str(failure), interval())
    except Exception:
        logger.exception("The calendar %s could not be read.", calendar.pk)
        calendar.failed(BROKEN, interval())
    else:
        calendar.worked(interval())


def _take(calendar: Calendar, feed: Feed) -> None:
    """Meetings, and by what the server will tell that nothing changed, in one transaction."""
    if feed.data is None:
        return
    meetings = meetings_of(feed.data, ZoneInfo(calendar.user.time_zone))
    now, team = timezone.now(), Team.load()
    own = {address for address, pk in team.users.items() if pk == calendar.user_id}
    coming = [one for one in meetings if not own & one.declined]
    with transaction.atomic(), acting_as(calendar.user):
        if not calendar.is_ours():
            raise LeaseLost
        if not meetings and calendar.meetings.filter(activity__happened_at__gt=now).exists():
            raise FeedFailed("The calendar came without a single meeting this time: what is known of it was kept.")
        put(coming, calendar.user, team, calendar)
        window = {"activity__happened_at__gt": now, "activity__happened_at__lt": now + AFTER - timedelta(days=1)}
        drop_missing(calendar, {one.key for one in coming if not one.is_cancelled}, **window)
        calendar.etag, calendar.last_modified, calendar.whole_at = feed.etag, feed.last_modified, now
        calendar.save(update_fields=["etag", "last_modified", "whole_at"])


def meetings_of(data: bytes, zone: tzinfo) -> tuple[Meeting, ...]:
    """Raises FeedFailed."""
    try:
        return parse(data, timezone.now(), zone).meetings
    except NoCalendar as error:
        raise FeedFailed("What this address answers is no calendar.") from error


def fetch(url: str, known: Calendar | None = None) -> Feed:
    """Raises FeedFailed. Each host on the way is looked at, for an address may lead on to another."""
    headers = {"Accept": "text/calendar", "User-Agent": "Tandem"}
    if known and known.whole_at and known.whole_at > timezone.now() - WHOLE:
        headers |= {"If-None-Match": known.etag} if known.etag else {}
        headers |= {"If-Modified-Since": known.last_modified} if known.last_modified else {}
    host = urlsplit(url).hostname or url
    try:
        with requests.Session() as web:
            web.trust_env = False  # a proxy would look up names by itself
            for _ in range(REDIRECTS):
                answer = _ask(web, url, headers)
                host = urlsplit(url).hostname or url
                if not answer.is_redirect:
                    return _read(answer, host)
                url = urljoin(url, answer.headers["Location"])
                answer.close()
    except (OSError, ValueError) as error:  # those of requests are, too
        raise FeedFailed(_reason(error, host)) from error
    raise FeedFailed(f"{host} leads in circles.", is_final=True)


def _ask(web: requests.Session, url: str, headers: dict[str, str]) -> requests.Response:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and hosts.are_private_allowed()):
        raise FeedFailed("The address of a calendar begins with https://.", is_final=True)
    hosts.check(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    return web.get(url, headers=headers, timeout=SECONDS, stream=True, allow_redirects=False)


def _read(answer: requests.Response, host: str) -> Feed:
    with answer:
        if answer.status_code == NOT_MODIFIED:
            return Feed(None)
        if answer.status_code in GONE:
            said = f"{host} gives no calendar at this address any more ({answer.status_code})."
            raise FeedFailed(said, is_final=True)
        if not answer.ok:
            raise FeedFailed(f"{host} answered {answer.status_code}.")
        data, until = bytearray(), monotonic() + ALL_SECONDS
        for chunk in answer.iter_content(CHUNK):
            data += chunk
            if len(data) > LARGEST:
                raise FeedFailed(f"The calendar is larger than {LARGEST // 2**20} MB.", is_final=True)
            if monotonic() > until:
                raise FeedFailed(f"{host} is too slow.")
        headers = answer.headers
        return Feed(bytes(data), headers.get("ETag", "")[:255], headers.get("Last-Modified", "")[:255])


def _reason(error: BaseException, host: str) -> str:
    """Requests wraps what went wrong; the innermost says it best."""
    inner: BaseException = error
    while inner.__context__ is not None and not isinstance(inner, hosts.HostRefused):
        inner = inner.__context__
    return hosts.reason(inner, host)
