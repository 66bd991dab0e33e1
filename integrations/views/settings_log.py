"""Settings > Salesforce > Configuration > Who changed what."""

from datetime import datetime, time

from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date

from common.http import Request, number, typed
from integrations import settings_log as log
from integrations.access import admin_required
from integrations.settings_events import SECTIONS
from integrations.views.frame import framed

LAST_PAGE = 10_000
SHOWN = 20  # differences of a part, beside other moments


@admin_required
def settings_log(request: Request) -> HttpResponse:
    """All changes, some moments at a time; ``moment`` names one of which everything is told."""
    section, since = typed(request.GET, "section"), typed(request.GET, "since")
    asked = log.Asked(
        section=section if section in SECTIONS else "",
        user=number(typed(request.GET, "user")),
        since=_beginning(since),
    )
    page = min(max(number(request.GET.get("page", "")), 1), LAST_PAGE)
    chosen = log.moment(typed(request.GET, "moment")) if "moment" in request.GET else None
    moments, has_more = ([chosen], False) if chosen else log.moments(asked, page, most=SHOWN)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "moments": moments,
        "is_whole": chosen is not None,
        "sections": SECTIONS.items(),
        "people": log.people(),
        "asked": asked,
        "since": since if asked.since else "",
        "is_narrowed": asked != log.Asked(),
        "page": page,
        "newer": page - 1,
        "older": page + 1 if has_more else 0,
        "query": query.urlencode(),
        "configuration_section": "log",
    }
    return framed(request, "integrations/settings_log.html", context)


def _beginning(text: str) -> datetime | None:
    """The first moment of a day, where the person is; None for what is no day."""
    try:
        day = parse_date(text)
        return timezone.make_aware(datetime.combine(day, time.min)) if day else None
    except (ValueError, OverflowError):
        return None
